//! `GET /api/admin/ledger/statement`

use actix_web::web::Data;
use referral_app::App;
use referral_domain::reference::HostId;
use referral_domain::time::Day;

use crate::auth::{Reads, Staff};
use crate::form::{Params, scalar};
use crate::problem::Reply;
use crate::resource::credit::statement::{StatementView, span, statement_of};

fn read(params: &mut Params<'_>, today: Day) -> Option<(HostId, (Day, Day))> {
    let (user, span) = (params.required("user_id", scalar::user_id), span(params, today));
    Some((user?, span?))
}

/// A user's statement of account: opening balances, every line, closing balances. Of the 30 days up to today unless told
/// otherwise, of at most 366 days and 10,000 lines.
#[utoipa::path(
    get, path = "/api/admin/ledger/statement", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("user_id" = String, Query, description = "Whose"),
        ("from" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("to" = Option<String>, Query, description = "A UTC day, inclusive"),
    ),
    responses((status = 200, body = StatementView)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn ledger_statement(app: Data<App>, staff: Staff<Reads>) -> Reply {
    let today = app.now().day();
    let (user, span) = staff.query.read(|params| read(params, today))?;
    statement_of(&app, &staff.program, &user, span).await
}
