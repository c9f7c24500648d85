//! `POST /api/codes`

use actix_web::web::Data;
use referral_app::{App, CodeReport, Replayable};
use referral_domain::auth::ApiKey;
use referral_domain::reference::HostId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{CodeView, Links};
use crate::auth::{CodesWrite, Scoped};
use crate::form::{Fields, JsonBody, Query, scalar};
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;
use crate::resource::{Once, reply};

/// Whose code to make or get.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MakeCode {
    /// The host's id of the user.
    #[schema(min_length = 1, max_length = 100)]
    pub user_id: String,
}

fn read(fields: &mut Fields<'_>) -> Option<HostId> {
    fields.required("user_id", scalar::user_id)
}

async fn run(app: &App, links: &Links, service: &ApiKey, once: Once, user: &HostId) -> Reply {
    let render = |report: &CodeReport| (200, reply::text(&CodeView::of(report, links)));
    let report = match once.under(&render) {
        Some(request) => app.code_once(&service.program, user, &request).await,
        None => app.code_of(&service.program, user).await.map(Replayable::Fresh),
    };
    reply::once(app, report, render)
}

/// A user's code, made when there is none. Repeating it answers the same code.
#[utoipa::path(
    post, path = "/api/codes", tag = "codes", request_body = MakeCode,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    responses((status = 200, body = CodeView)),
    security(("api_key" = ["codes:write"])),
)]
pub async fn make(
    app: Data<App>,
    links: Data<Links>,
    service: Scoped<CodesWrite>,
    query: Query,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    query.refuse_any()?;
    let once = Once::new(key, format!("key:{}", service.key.id), body.bytes()?);
    run(&app, &links, &service.key, once, &body.read(read)?).await
}
