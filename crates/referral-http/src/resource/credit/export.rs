//! `GET /api/credits/export`: the history as CSV (RFC 4180), inert in a spreadsheet.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::Data;
use referral_app::{App, HistoryPage, HistoryQuery};
use referral_domain::money::{Currency, Money};
use referral_domain::port::{HistoryFilter, HistoryItem};
use referral_domain::time::Day;

use super::history::kinds;
use crate::form::Params;
use crate::problem::{Problem, Reply};
use crate::resource::csv::{inert, writer};
use crate::resource::{Asking, day_range, failed, reply};

/// How many lines are read at once.
const CHUNK: u32 = 1_000;
/// How many days the first and the last day of one file may lie apart.
const APART_MAX: i32 = 366;

const COLUMNS: [&str; 9] = [
    "id",
    "created_at",
    "type",
    "amount",
    "currency",
    "balance_after",
    "description",
    "referral_id",
    "reference",
];

/// The first and last day of a file, and which types.
struct Span {
    from: Day,
    to: Day,
    kinds: Vec<referral_domain::ledger::TransactionKind>,
}

fn read(params: &mut Params<'_>, today: Day) -> Option<Span> {
    let kinds = kinds(params);
    let (from, to) = day_range(params)?;
    let to = to.unwrap_or_else(|| from.map_or(today, |from| today.max(from)));
    let from = from.unwrap_or(Day::from_number(to.number() - APART_MAX));
    if to.number() - from.number() > APART_MAX {
        return params.fault("to", "out-of-range", "at most 366 days after from, which is today unless told");
    }
    Some(Span { from, to, kinds: kinds? })
}

/// Oldest lines last, as in the history; read in chunks that follow one another without overlap, of which one at a
/// time is held beside the file.
async fn table(app: &App, asking: &Asking, span: &Span) -> Result<Vec<u8>, Problem> {
    let mut writer = writer();
    writer.write_record(COLUMNS).map_err(Problem::internal)?;
    let mut before = None;
    loop {
        let filter = HistoryFilter {
            kinds: span.kinds.clone(),
            from: Some(span.from.start()),
            until: Some(span.to.next().start()),
            before,
            limit: CHUNK,
        };
        let query = HistoryQuery { program: asking.program().clone(), user: asking.user().clone(), filter };
        let HistoryPage { items, next, program } = app.history(&query).await.map_err(failed(app.now()))?;
        for item in &items {
            writer.write_record(record(item, program.currency)).map_err(Problem::internal)?;
        }
        before = next;
        if before.is_none() {
            return writer.into_inner().map_err(|error| Problem::internal(error.into_error()));
        }
    }
}

fn record(item: &HistoryItem, currency: Currency) -> [String; 9] {
    let HistoryItem { line, transaction } = item;
    let money = |minor| Money::of(minor, currency).to_string();
    let or_empty = |text: Option<String>| text.unwrap_or_default();
    [
        transaction.id.to_string(),
        transaction.recorded_at.to_string(),
        transaction.kind.to_string(),
        money(line.after.available - line.before.available),
        currency.code().to_owned(),
        money(line.after.available),
        inert(&transaction.description),
        or_empty(transaction.referral.map(|id| id.to_string())),
        inert(&or_empty(transaction.reference.clone())),
    ]
}

fn file(span: &Span, body: Vec<u8>) -> HttpResponse {
    let name = format!("attachment; filename=\"credits-{}-{}.csv\"", span.from, span.to);
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((CACHE_CONTROL, reply::PRIVATE))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(body)
}

/// The user's history as a CSV file, newest first: of the 366 days up to today unless told otherwise, never more.
#[utoipa::path(
    get, path = "/api/credits/export", tag = "credits",
    params(
        ("user_id" = Option<String>, Query, description = "For services with `users:read`: whose"),
        ("type" = Option<Vec<String>>, Query, description = "Only these types; may be repeated"),
        ("from" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("to" = Option<String>, Query, description = "A UTC day, inclusive"),
    ),
    responses((status = 200, content_type = "text/csv", body = String)),
    security(("bearer" = []), ("api_key" = ["users:read"])),
)]
pub async fn export(app: Data<App>, asking: Asking) -> Reply {
    let today = app.now().day();
    let span = asking.query().read(|params| read(params, today))?;
    let table = table(&app, &asking, &span).await?;
    Ok(file(&span, table))
}
