//! `GET /api/admin/ledger/journal`: the journal as CSV, written while it is read.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::{Bytes, Data};
use futures_util::stream::{self, Stream};
use referral_app::App;
use referral_domain::chart::Chart;
use referral_domain::time::Day;

use super::JournalTable;
use crate::auth::{Reads, Staff};
use crate::form::{Params, scalar};
use crate::problem::{Problem, Reply};
use crate::resource::{day_range, failed, reply};

/// How many days the first and the last day of one file may lie apart.
const APART_MAX: i32 = 366;

const FORMATS: &[(&str, ())] = &[("csv", ())];

fn read(params: &mut Params<'_>, today: Day) -> Option<(Day, Day)> {
    let (days, format) = (day_range(params), params.optional("format", scalar::one_of(FORMATS)));
    let ((from, to), _) = (days?, format?);
    let to = to.unwrap_or_else(|| from.map_or(today, |from| today.max(from)));
    let from = from.unwrap_or(Day::from_number(to.number() - 30));
    if to.number() - from.number() > APART_MAX {
        return params.fault("to", "out-of-range", "at most 366 days after from, which is today unless told");
    }
    Some((from, to))
}

/// The rest of a table, page by page. A store that fails ends the transfer short of its last chunk, so that the reader
/// knows.
fn rest(app: Data<App>, table: JournalTable, first: Vec<u8>) -> impl Stream<Item = Result<Bytes, Problem>> {
    stream::unfold((app, Some(table), first), |(app, table, ready)| async move {
        if !ready.is_empty() {
            return Some((Ok(Bytes::from(ready)), (app, table, Vec::new())));
        }
        let mut table = table?;
        match table.next(&app).await {
            Ok(Some(page)) => Some((Ok(Bytes::from(page)), (app, Some(table), Vec::new()))),
            Ok(None) => None,
            Err(failure) => {
                let problem: Problem = failed(app.now())(failure);
                Some((Err(problem), (app, None, Vec::new())))
            }
        }
    })
}

/// The journal in the company's terms, as CSV: two rows a transfer, what is debited and what is credited, mapped to a chart
/// of accounts; oldest first. Each transaction's debits equal its credits, and so do all. Of the 30 days up to today unless
/// told otherwise.
#[utoipa::path(
    get, path = "/api/admin/ledger/journal", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("from" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("to" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("format" = Option<String>, Query, description = "`csv`, which is all there is"),
    ),
    responses((status = 200, content_type = "text/csv", body = String)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn journal(app: Data<App>, staff: Staff<Reads>) -> Reply {
    let today = app.now().day();
    let (from, to) = staff.query.read(|params| read(params, today))?;
    let mut table = JournalTable::new(staff.program, from.start(), to.next().start(), Chart::default());
    let first = table.next(&app).await.map_err(failed(app.now()))?.unwrap_or_default();
    let name = format!("attachment; filename=\"journal-{from}-{to}.csv\"");
    let mut file = HttpResponse::Ok();
    file.content_type("text/csv; charset=utf-8; header=present")
        .insert_header((CACHE_CONTROL, reply::PRIVATE));
    Ok(file.insert_header((CONTENT_DISPOSITION, name)).streaming(Box::pin(rest(app, table, first))))
}
