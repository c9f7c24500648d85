//! `POST /api/codes`

use actix_web::web::Data;
use referral_app::App;
use referral_domain::reference::HostId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{CodeView, Links};
use crate::auth::{CodesWrite, Scoped};
use crate::form::{Fields, JsonBody, Query, scalar};
use crate::problem::Reply;
use crate::resource::{failed, reply};

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

/// A user's code, made when there is none. Repeating it answers the same code.
#[utoipa::path(
    post, path = "/api/codes", tag = "codes", request_body = MakeCode,
    responses((status = 200, body = CodeView)),
    security(("api_key" = ["codes:write"])),
)]
pub async fn make(
    app: Data<App>,
    links: Data<Links>,
    service: Scoped<CodesWrite>,
    query: Query,
    body: JsonBody,
) -> Reply {
    query.refuse_any()?;
    let user = body.read(read)?;
    let report = app.code_of(&service.key.program, &user).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&CodeView::of(&report, &links)))
}
