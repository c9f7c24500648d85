//! Whether the server lives, and whether it is ready to answer.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::rt::time::timeout;
use actix_web::web::Data;
use referral_app::App;
use serde::Serialize;
use utoipa::ToSchema;

use super::reply;
use crate::problem::{Problem, Reply};

/// How long the store may think about whether it is there: whoever asks sends people elsewhere meanwhile.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// A server's own word.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "server", responses((status = 200, body = Health)), security(()))]
pub async fn healthz() -> HttpResponse {
    reply::ok(&Health { status: "ok" })
}

/// The store answers within 5 seconds and its schema is the one this build needs.
#[utoipa::path(get, path = "/readyz", tag = "server", responses((status = 200, body = Health)), security(()))]
pub async fn readyz(app: Data<App>) -> Reply {
    timeout(READY_WITHIN, app.reports().ready()).await.map_err(Problem::store_unavailable)??;
    Ok(reply::ok(&Health { status: "ok" }))
}
