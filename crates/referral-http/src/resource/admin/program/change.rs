//! `PATCH /api/admin/programs/{id}`

use actix_web::web::{Data, Path};
use referral_app::{App, ChangeProgram};
use referral_domain::audit::Actor;
use referral_domain::program::{Program, ProgramStatus};
use referral_domain::reference::Slug;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ProgramView, form};
use crate::auth::{Anywhere, Governs};
use crate::form::{Fields, JsonBody, scalar};
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;
use crate::resource::{Once, reply};

/// What to change; what is left out stays.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeProgramBody {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// Where a referral link leads: an absolute http or https URL.
    #[schema(max_length = 2048)]
    pub landing_url: Option<String>,
    /// `active` or `paused`.
    pub status: Option<String>,
}

const STATUSES: &[(&str, ProgramStatus)] =
    &[("active", ProgramStatus::Active), ("paused", ProgramStatus::Paused)];

fn read(fields: &mut Fields<'_>, slug: Slug, by: Actor) -> Option<ChangeProgram> {
    let name = fields.optional("name", form::name);
    let landing_url = fields.optional("landing_url", form::landing_url);
    let status = fields.optional("status", scalar::one_of(STATUSES));
    Some(ChangeProgram { slug, name: name?, landing_url: landing_url?, status: status?, by })
}

fn render(program: &Program) -> (u16, String) {
    (200, reply::text(&ProgramView::from(program)))
}

/// Changes a program's name, landing URL or status. A paused program takes no new referrals and grants nothing: what
/// falls due is withheld as `program-paused`, and granted within minutes of its becoming active again.
#[utoipa::path(
    patch, path = "/api/admin/programs/{id}", tag = "administration", request_body = ChangeProgramBody,
    params(
        ("id" = String, Path, description = "The program's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 200, body = ProgramView)),
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn change_program(
    app: Data<App>,
    staff: Anywhere<Governs>,
    id: Path<String>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    staff.query.refuse_any()?;
    let once = Once::new(key, &staff.actor, body.bytes()?);
    let slug = staff.at(&id)?;
    let command = body.read(|fields| read(fields, slug, staff.actor))?;
    reply::once(&app, app.change_program(&command, once.under(&render).as_ref()).await, render)
}
