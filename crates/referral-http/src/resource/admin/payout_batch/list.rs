//! `GET /api/admin/payout-batches`

use actix_web::web::Data;
use referral_app::{App, BatchPage, BatchQuery};
use referral_domain::id::BatchId;
use referral_domain::payout::BatchStatus;

use super::view::BatchView;
use crate::auth::{Reads, Staff};
use crate::form::{Node, Params};
use crate::page::{Cursor, List, Page};
use crate::problem::{Problem, Reply};
use crate::resource::{failed, reply};

const ENDPOINT: &str = "GET /api/admin/payout-batches";

struct Asked {
    status: Option<BatchStatus>,
    limit: u32,
    cursor: Option<Cursor>,
}

fn read(params: &mut Params<'_>) -> Option<Asked> {
    let status = params.optional("status", status);
    let (limit, cursor) = (params.limit(), params.cursor());
    Some(Asked { status: status?, limit: limit?, cursor: cursor? })
}

fn status(node: Node<'_>) -> Option<BatchStatus> {
    match BatchStatus::parse(node.text()?) {
        Some(status) => Some(status),
        None => {
            let words: Vec<_> = BatchStatus::ALL.iter().map(|status| status.as_str()).collect();
            node.fault("not-one-of", format!("one of {}", words.join(", ")))
        }
    }
}

fn list(staff: &Staff<Reads>, asked: &Asked) -> List {
    let list = List::new(ENDPOINT, &staff.actor.to_string()).filter("program", &staff.program);
    asked.status.iter().fold(list, |list, status| list.filter("status", status))
}

fn query(staff: &Staff<Reads>, asked: &Asked, list: &List) -> Result<BatchQuery, Problem> {
    let before = list.continued(asked.cursor.as_ref(), BatchId::parse)?;
    Ok(BatchQuery { program: staff.program.clone(), status: asked.status, before, limit: asked.limit })
}

fn page(page: &BatchPage, list: &List) -> Page<BatchView> {
    let items = page.items.iter().map(|head| BatchView::of(head, &page.program)).collect();
    Page { items, next_cursor: page.next.map(|before| list.cursor(before)) }
}

/// Batches, newest first.
#[utoipa::path(
    get, path = "/api/admin/payout-batches", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("status" = Option<String>, Query, description = "Only those that stand here"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<BatchView>)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn list_batches(app: Data<App>, staff: Staff<Reads>) -> Reply {
    let asked = staff.query.read(read)?;
    let list = list(&staff, &asked);
    let found = app.batches(&query(&staff, &asked, &list)?).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&page(&found, &list)))
}
