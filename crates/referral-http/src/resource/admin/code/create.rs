//! `POST /api/admin/codes`

use actix_web::web::Data;
use referral_app::{App, CODE_CHARS_MAX, CodeBounds, CreateCode, CreatedCode};
use referral_domain::audit::Actor;
use referral_domain::code::CodeText;
use referral_domain::reference::Slug;
use referral_domain::rules::LIMIT_MAX;
use serde::Serialize;
use utoipa::ToSchema;

use super::ManagedCodeView;
use crate::auth::{Governs, Staff};
use crate::form::{Fields, JsonBody, Node, scalar};
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;
use crate::resource::code::Links;
use crate::resource::{Once, reply};
use crate::view::TimeView;

/// A vanity code to make.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreateCodeBody {
    /// Whose it is: the host's id, of somebody who need not be known yet.
    #[schema(min_length = 1, max_length = 100)]
    pub user_id: String,
    /// 4 to 24 of A-Z, 0-9 and hyphens; hyphens and case do not count, but all of it is at most 64 characters.
    #[schema(max_length = 64)]
    pub code: String,
    /// From when it may not be used.
    pub expires_at: Option<TimeView>,
    /// How many referrals it may make in all.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub max_uses: Option<u32>,
    /// How many referrals it may make in 24 hours, instead of the program's limit.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub daily_limit: Option<u32>,
}

fn text(node: Node<'_>) -> Option<CodeText> {
    let text = node.text()?;
    let short = text.chars().count() <= CODE_CHARS_MAX;
    match CodeText::parse(text).filter(|_| short) {
        Some(text) => Some(text),
        None => node.fault(
            "bad-format",
            "4 to 24 of A-Z, 0-9 and hyphens, hyphens not counted; 64 characters with them",
        ),
    }
}

fn read(fields: &mut Fields<'_>, program: Slug, by: Actor) -> Option<CreateCode> {
    let user = fields.required("user_id", scalar::user_id);
    let text = fields.required("code", text);
    let expires_at = fields.optional("expires_at", scalar::timestamp);
    let max_uses = fields.optional("max_uses", scalar::integer(1..=LIMIT_MAX));
    let daily_limit = fields.optional("daily_limit", scalar::integer(1..=LIMIT_MAX));
    let bounds = CodeBounds { expires_at: expires_at?, max_uses: max_uses?, daily_limit: daily_limit? };
    Some(CreateCode { program, user: user?, text: text?, bounds, by })
}

/// Makes a vanity code beside the one a user gets on first ask. The same again is 200.
#[utoipa::path(
    post, path = "/api/admin/codes", tag = "administration", request_body = CreateCodeBody,
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 201, body = ManagedCodeView), (status = 200, body = ManagedCodeView)),
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn create_code(
    app: Data<App>,
    links: Data<Links>,
    staff: Staff<Governs>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    staff.query.refuse_any()?;
    let once = Once::new(key, &staff.actor, body.bytes()?);
    let command = body.read(|fields| read(fields, staff.program, staff.actor))?;
    let render = |made: &CreatedCode| {
        (reply::made(made.again).as_u16(), reply::text(&ManagedCodeView::of(&made.item, &links)))
    };
    reply::once(&app, app.create_code(&command, once.under(&render).as_ref()).await, render)
}
