//! `GET /api/admin/programs/{id}/rules`

use actix_web::web::{Data, Path};
use referral_app::App;
use referral_domain::reference::Slug;

use super::RuleVersionView;
use crate::auth::{Anywhere, Reads};
use crate::form::Params;
use crate::page::{Cursor, List, Page};
use crate::problem::{Problem, Reply};
use crate::resource::{failed, reply};

const ENDPOINT: &str = "GET /api/admin/programs/{id}/rules";

fn read(params: &mut Params<'_>) -> Option<(u32, Option<Cursor>)> {
    let (limit, cursor) = (params.limit(), params.cursor());
    Some((limit?, cursor?))
}

async fn page(app: &App, staff: &Anywhere<Reads>, slug: &Slug) -> Result<Page<RuleVersionView>, Problem> {
    let (limit, cursor) = staff.query.read(read)?;
    let list = List::new(ENDPOINT, &staff.actor.to_string()).filter("program", slug);
    let before = list.continued(cursor.as_ref(), |text| text.parse().ok())?;
    let found = app.rule_versions(slug, before, limit).await.map_err(failed(app.now()))?;
    let (program, items, next) = found;
    let items = items.iter().map(|item| RuleVersionView::of(item, program.currency)).collect();
    Ok(Page { items, next_cursor: next.map(|before| list.cursor(before)) })
}

/// Every version of a program's rules, the newest first; those that are not in force yet, too.
#[utoipa::path(
    get, path = "/api/admin/programs/{id}/rules", tag = "administration",
    params(
        ("id" = String, Path, description = "The program's id"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<RuleVersionView>)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn list_rules(app: Data<App>, staff: Anywhere<Reads>, id: Path<String>) -> Reply {
    let slug = staff.at(&id)?;
    Ok(reply::ok(&page(&app, &staff, &slug).await?))
}
