//! `PATCH /api/admin/codes/{id}`

use actix_web::web::{Data, Path};
use referral_app::{App, ChangeCode};
use referral_domain::audit::Actor;
use referral_domain::id::CodeId;
use referral_domain::port::CodeItem;
use referral_domain::reference::Slug;
use referral_domain::rules::LIMIT_MAX;
use serde::Serialize;
use utoipa::ToSchema;

use super::ManagedCodeView;
use crate::auth::{Governs, Staff};
use crate::form::{Fields, JsonBody, Node, scalar};
use crate::idempotency::IdempotencyHeader;
use crate::problem::{Problem, Reply};
use crate::resource::code::Links;
use crate::resource::{Once, reply};
use crate::view::TimeView;

/// What to change; what is left out stays, and null takes a bound away.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeCodeBody {
    /// Whether it may be used.
    pub active: Option<bool>,
    /// From when it may not be used.
    pub expires_at: Option<TimeView>,
    /// How many referrals it may make in all.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub max_uses: Option<u32>,
    /// How many referrals it may make in 24 hours, instead of the program's limit.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub daily_limit: Option<u32>,
}

/// A bound that is left out stays; null takes it away.
fn bound<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    reader: impl FnOnce(Node<'_>) -> Option<T>,
) -> Option<Option<Option<T>>> {
    if fields.has(name) { fields.optional(name, reader).map(Some) } else { Some(None) }
}

fn read(fields: &mut Fields<'_>, program: Slug, id: CodeId, by: Actor) -> Option<ChangeCode> {
    let active = fields.optional("active", |node| node.boolean());
    let expires_at = bound(fields, "expires_at", scalar::timestamp);
    let max_uses = bound(fields, "max_uses", scalar::integer(1..=LIMIT_MAX));
    let daily_limit = bound(fields, "daily_limit", scalar::integer(1..=LIMIT_MAX));
    let (active, expires_at) = (active?, expires_at?);
    Some(ChangeCode { program, id, active, expires_at, max_uses: max_uses?, daily_limit: daily_limit?, by })
}

/// Bounds a code's use, or switches it off or on. Applying it knows at once; whoever asks whether it may be used, within
/// two seconds.
#[utoipa::path(
    patch, path = "/api/admin/codes/{id}", tag = "administration", request_body = ChangeCodeBody,
    params(
        ("id" = String, Path, description = "The code's id"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 200, body = ManagedCodeView)),
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn change_code(
    app: Data<App>,
    links: Data<Links>,
    staff: Staff<Governs>,
    id: Path<String>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    staff.query.refuse_any()?;
    let once = Once::new(key, &staff.actor, body.bytes()?);
    let id = CodeId::parse(&id).ok_or_else(Problem::not_found)?;
    let command = body.read(|fields| read(fields, staff.program, id, staff.actor))?;
    let render = |item: &CodeItem| (200, reply::text(&ManagedCodeView::of(item, &links)));
    reply::once(&app, app.change_code(&command, once.under(&render).as_ref()).await, render)
}
