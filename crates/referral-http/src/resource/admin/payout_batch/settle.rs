//! `POST /api/admin/payout-batches/{id}/settle`

use actix_web::web::{Data, Path};
use referral_app::{App, SettleBatch, SettleReceipt};
use referral_domain::payout::{Exception, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::seal::target;
use crate::auth::{Pays, Staff};
use crate::form::CsvBody;
use crate::idempotency::IdempotencyHeader;
use crate::problem::{FieldFault, Place, Problem, ProblemCode, Reply};
use crate::resource::{Once, reply};

/// What every settlement file begins with.
const HEADER: [&str; 5] = ["payout_id", "amount", "currency", "status", "failure"];

/// A line that settled nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SettlementException)]
pub struct ExceptionView {
    /// Which line of the file, from 1; the header is the first.
    pub line: u64,
    /// `malformed-row`, `unknown-payout`, `currency-mismatch`, `amount-mismatch`, `unknown-status`, `duplicate-line` or
    /// `already-settled`.
    pub code: &'static str,
    /// For people.
    pub detail: String,
}

impl From<&Exception> for ExceptionView {
    fn from(exception: &Exception) -> Self {
        let Exception { line, code, detail } = exception;
        Self { line: *line, code: code.as_str(), detail: detail.clone() }
    }
}

/// What an import came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settlement)]
pub struct SettlementView {
    /// How many payouts were paid by it.
    pub settled: usize,
    /// How many failed by it: their money is back.
    pub failed: usize,
    /// How many lines say what was settled before.
    pub unchanged: u32,
    /// The lines that settled nothing.
    pub exceptions: Vec<ExceptionView>,
    /// The batch's status after it.
    pub status: &'static str,
}

impl From<&SettleReceipt> for SettlementView {
    fn from(receipt: &SettleReceipt) -> Self {
        Self {
            settled: receipt.settled,
            failed: receipt.failed,
            unchanged: receipt.unchanged,
            exceptions: receipt.exceptions.iter().map(Into::into).collect(),
            status: receipt.batch.status().as_str(),
        }
    }
}

/// The lines of a file that begins as a settlement file does. A line of another width is told, not refused.
fn rows(text: &str) -> Result<Vec<Row>, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let header = records.next().and_then(Result::ok).ok_or_else(no_header)?;
    if !header.iter().map(str::trim).eq(HEADER) {
        return Err(no_header());
    }
    records.map(|record| record.map(|record| row(&record)).map_err(|_| no_header())).collect()
}

fn row(record: &csv::StringRecord) -> Row {
    let cells: Vec<_> = record.iter().map(|cell| cell.trim().to_owned()).collect();
    let line = record.position().map_or(0, csv::Position::line);
    Row { line, columns: cells.try_into().ok() }
}

fn no_header() -> Problem {
    let detail = "a CSV file whose first line is payout_id,amount,currency,status,failure";
    let fault =
        FieldFault { place: Place::Pointer(String::new()), code: "bad-format", detail: detail.into() };
    Problem::new(ProblemCode::InvalidBody).detail("1 field is wrong").errors(vec![fault])
}

fn render(receipt: &SettleReceipt) -> (u16, String) {
    (200, reply::text(&SettlementView::from(receipt)))
}

/// Imports what a bank says of a batch. A line whose id, amount or currency does not match settles nothing and is told;
/// the same file again changes nothing.
#[utoipa::path(
    post, path = "/api/admin/payout-batches/{id}/settle", tag = "administration",
    request_body(content = String, content_type = "text/csv",
        description = "`payout_id,amount,currency,status,failure`; status is `paid` or `failed`"),
    params(
        ("id" = String, Path, description = "The batch, `bat_...`"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 200, body = SettlementView)),
    security(("bearer" = ["finance", "admin"]), ("api_key" = ["payouts:write"])),
)]
pub async fn settle(
    app: Data<App>,
    staff: Staff<Pays>,
    id: Path<String>,
    key: IdempotencyHeader,
    body: CsvBody,
) -> Reply {
    let once = Once::new(key, &staff.actor, body.text()?.as_bytes());
    let command = SettleBatch { target: target(staff, &id)?, rows: rows(body.text()?)? };
    reply::once(&app, app.settle_batch(&command, once.under(&render).as_ref()).await, render)
}
