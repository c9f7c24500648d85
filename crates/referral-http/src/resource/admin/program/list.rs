//! `GET /api/admin/programs`

use actix_web::web::Data;
use referral_app::App;
use referral_domain::program::Program;

use super::ProgramView;
use crate::auth::{Anywhere, Reads};
use crate::form::Params;
use crate::page::{Cursor, List, Page};
use crate::problem::{Problem, Reply};
use crate::resource::reply;

const ENDPOINT: &str = "GET /api/admin/programs";

fn read(params: &mut Params<'_>) -> Option<(u32, Option<Cursor>)> {
    let (limit, cursor) = (params.limit(), params.cursor());
    Some((limit?, cursor?))
}

/// Programs are few: a page is cut from all of them.
fn page(programs: &[Program], staff: &Anywhere<Reads>) -> Result<Page<ProgramView>, Problem> {
    let (limit, cursor) = staff.query.read(read)?;
    let list = List::new(ENDPOINT, &staff.actor.to_string());
    let after = cursor.map(|cursor| list.position(&cursor)).transpose()?;
    let reached = |program: &&Program| staff.reach.as_ref().is_none_or(|own| *own == program.slug);
    let left = |program: &&Program| after.as_deref().is_none_or(|after| program.slug.as_str() > after);
    let mut items: Vec<_> = programs.iter().filter(reached).filter(left).collect();
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|last| list.cursor(&last.slug));
    Ok(Page { items: items.into_iter().map(ProgramView::from).collect(), next_cursor })
}

/// The programs one administers, by id: one's own, or all.
#[utoipa::path(
    get, path = "/api/admin/programs", tag = "administration",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<ProgramView>)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn list_programs(app: Data<App>, staff: Anywhere<Reads>) -> Reply {
    let programs = app.reports().programs(app.now()).await.map_err(Problem::from)?;
    Ok(reply::ok(&page(&programs, &staff)?))
}
