//! `POST /api/admin/programs/{id}/rules`

use actix_web::web::{Data, Path};
use referral_app::{App, RulesReceipt};

use super::body::read;
use super::{RuleVersionView, RulesBody};
use crate::auth::{Anywhere, Governs};
use crate::form::JsonBody;
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;
use crate::resource::{Once, reply};

fn render(receipt: &RulesReceipt) -> (u16, String) {
    (201, reply::text(&RuleVersionView::of(&receipt.published, receipt.program.currency)))
}

/// Publishes the next version of a program's rules. Codes applied from then on promise its terms; what was promised
/// before stays as it was.
#[utoipa::path(
    post, path = "/api/admin/programs/{id}/rules", tag = "administration", request_body = RulesBody,
    params(
        ("id" = String, Path, description = "The program's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 201, body = RuleVersionView)),
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn publish_rules(
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
    reply::once(&app, app.publish_rules(&command, once.under(&render).as_ref()).await, render)
}
