//! `POST /api/admin/programs/{id}/rules`

use actix_web::web::{Data, Path};
use referral_app::{App, Idempotent, PublishRules, Replayable, RulesReceipt};

use super::body::read;
use super::{RuleVersionView, RulesBody};
use crate::auth::{Anywhere, Governs};
use crate::form::JsonBody;
use crate::idempotency::{IdempotencyHeader, body_hash};
use crate::problem::{Problem, Reply};
use crate::resource::{failed, reply};

fn render(receipt: &RulesReceipt) -> (u16, String) {
    (201, reply::text(&RuleVersionView::of(&receipt.published, receipt.program.currency)))
}

async fn run(
    app: &App,
    command: &PublishRules,
    key: Option<String>,
    request: [u8; 32],
) -> Result<Replayable<RulesReceipt>, Problem> {
    let caller = command.by.to_string();
    let endpoint = format!("POST /api/admin/programs/{}/rules", command.program);
    let idempotent = key.as_deref().map(|key| Idempotent {
        caller: &caller,
        endpoint: &endpoint,
        key,
        request,
        render: &render,
    });
    app.publish_rules(command, idempotent.as_ref()).await.map_err(failed(app.now()))
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
    let (slug, request) = (staff.at(&id)?, body_hash(body.bytes()?));
    let command = body.read(|fields| read(fields, slug, staff.actor))?;
    Ok(reply::replayable(run(&app, &command, key.0, request).await?, render))
}
