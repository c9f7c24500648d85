//! `POST /api/admin/programs`

use actix_web::web::Data;
use referral_app::{App, CreateProgram, CreatedProgram};
use referral_domain::audit::Actor;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ProgramView, form};
use crate::auth::{Anywhere, Governs};
use crate::form::{Fields, JsonBody, scalar};
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;
use crate::resource::admin::rules::{RulesView, read_rules};
use crate::resource::{Once, reply};

/// A program to make.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreateProgramBody {
    /// Its id, for ever.
    #[schema(pattern = "^[a-z0-9-]{1,40}$")]
    pub id: String,
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Its currency, for ever.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// Where a referral link leads: an absolute http or https URL.
    #[schema(max_length = 2048)]
    pub landing_url: String,
    /// Its first rules; the default ones when they are left out.
    pub rules: Option<RulesView>,
}

fn read(fields: &mut Fields<'_>, by: Actor) -> Option<CreateProgram> {
    let slug = fields.required("id", scalar::slug);
    let name = fields.required("name", form::name);
    let currency = fields.required("currency", form::currency);
    let landing_url = fields.required("landing_url", form::landing_url);
    let rules = fields.optional("rules", |node| node.object(read_rules));
    Some(CreateProgram {
        slug: slug?,
        name: name?,
        currency: currency?,
        landing_url: landing_url?,
        rules: rules?,
        by,
    })
}

fn render(made: &CreatedProgram) -> (u16, String) {
    (reply::made(made.again).as_u16(), reply::text(&ProgramView::from(&made.program)))
}

/// Makes a program. The same again is 200, as long as nothing of it was changed. For those who administer the program
/// `default`, or all programs.
#[utoipa::path(
    post, path = "/api/admin/programs", tag = "administration", request_body = CreateProgramBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    responses((status = 201, body = ProgramView), (status = 200, body = ProgramView)),
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn create_program(
    app: Data<App>,
    staff: Anywhere<Governs>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    staff.founds()?;
    staff.query.refuse_any()?;
    let once = Once::new(key, &staff.actor, body.bytes()?);
    let command = body.read(|fields| read(fields, staff.actor))?;
    reply::once(&app, app.create_program(&command, once.under(&render).as_ref()).await, render)
}
