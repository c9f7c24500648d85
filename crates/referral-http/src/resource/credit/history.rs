//! `GET /api/credits/history`

use actix_web::web::Data;
use referral_app::{App, HistoryPage, HistoryQuery};
use referral_domain::ledger::TransactionKind;
use referral_domain::port::HistoryFilter;
use referral_domain::time::Day;

use super::CreditItem;
use crate::form::{Node, Params};
use crate::page::{Cursor, List, Page};
use crate::problem::{Problem, Reply};
use crate::resource::{Asking, day_range, failed, reply};

const ENDPOINT: &str = "GET /api/credits/history";

/// Which lines are asked for.
struct Asked {
    kinds: Vec<TransactionKind>,
    from: Option<Day>,
    to: Option<Day>,
    limit: u32,
    cursor: Option<Cursor>,
}

fn read(params: &mut Params<'_>) -> Option<Asked> {
    let kinds = kinds(params);
    let range = day_range(params);
    let (limit, cursor) = (params.limit(), params.cursor());
    let (from, to) = range?;
    Some(Asked { kinds: kinds?, from, to, limit: limit?, cursor: cursor? })
}

/// The types asked for, each once and in one order, so that the same filter in other words is the same list.
pub(in crate::resource) fn kinds(params: &mut Params<'_>) -> Option<Vec<TransactionKind>> {
    let mut kinds = params.repeated("type", kind)?;
    kinds.sort_unstable();
    kinds.dedup();
    Some(kinds)
}

pub(in crate::resource) fn kind(node: Node<'_>) -> Option<TransactionKind> {
    match TransactionKind::parse(node.text()?) {
        Some(kind) => Some(kind),
        None => node.fault("not-one-of", format!("one of {}", words())),
    }
}

fn words() -> String {
    TransactionKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

/// The list a cursor of these filters belongs to.
fn list(asking: &Asking, asked: &Asked) -> List {
    let list = List::new(ENDPOINT, &asking.0.caller.label());
    let list = list.filter("program", asking.program()).filter("user", asking.user());
    let list = asked.kinds.iter().fold(list, |list, kind| list.filter("type", kind));
    let list = asked.from.iter().fold(list, |list, from| list.filter("from", from));
    asked.to.iter().fold(list, |list, to| list.filter("to", to))
}

fn query(asking: &Asking, asked: Asked, list: &List) -> Result<HistoryQuery, Problem> {
    let before = list.continued(asked.cursor.as_ref(), |text| text.parse().ok())?;
    let (from, until) = (asked.from.map(Day::start), asked.to.map(|day| day.next().start()));
    let filter = HistoryFilter { kinds: asked.kinds, from, until, before, limit: asked.limit };
    Ok(HistoryQuery { program: asking.program().clone(), user: asking.user().clone(), filter })
}

fn page(page: &HistoryPage, list: &List) -> Page<CreditItem> {
    let items = page.items.iter().map(|item| CreditItem::of(item, page.program.currency)).collect();
    Page { items, next_cursor: page.next.map(|before| list.cursor(before)) }
}

/// The user's history, newest first; pages are stable while new lines arrive.
#[utoipa::path(
    get, path = "/api/credits/history", tag = "credits",
    params(
        ("user_id" = Option<String>, Query, description = "For services with `users:read`: whose"),
        ("type" = Option<Vec<String>>, Query, description = "Only these types; may be repeated"),
        ("from" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("to" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<CreditItem>)),
    security(("bearer" = []), ("api_key" = ["users:read"])),
)]
pub async fn history(app: Data<App>, asking: Asking) -> Reply {
    let asked = asking.query().read(read)?;
    let list = list(&asking, &asked);
    let query = query(&asking, asked, &list)?;
    let found = app.history(&query).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&page(&found, &list)))
}
