//! `GET /api/admin/programs/{id}`

use actix_web::web::{Data, Path};
use referral_app::{App, Never};

use super::ProgramView;
use crate::auth::{Anywhere, Reads};
use crate::problem::Reply;
use crate::resource::{failed, reply};

/// A program with the rules in force.
#[utoipa::path(
    get, path = "/api/admin/programs/{id}", tag = "administration",
    params(("id" = String, Path, description = "The program's id")),
    responses((status = 200, body = ProgramView)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn show_program(app: Data<App>, staff: Anywhere<Reads>, id: Path<String>) -> Reply {
    staff.query.refuse_any()?;
    let program = app.program::<Never>(&staff.at(&id)?).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&ProgramView::from(&program)))
}
