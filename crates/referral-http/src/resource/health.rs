//! Whether the server lives, and whether it is ready to answer.

use actix_web::HttpResponse;
use actix_web::web::Data;
use referral_app::App;
use serde::Serialize;
use utoipa::ToSchema;

use super::reply;
use crate::problem::{Problem, Reply};

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

/// The store is reachable and its schema is the one this build needs.
#[utoipa::path(get, path = "/readyz", tag = "server", responses((status = 200, body = Health)), security(()))]
pub async fn readyz(app: Data<App>) -> Reply {
    app.reports().ready().await.map_err(Problem::from)?;
    Ok(reply::ok(&Health { status: "ok" }))
}
