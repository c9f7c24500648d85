//! `GET /api/admin/ledger/transactions/{id}`

use actix_web::web::{Data, Path};
use referral_app::App;
use referral_domain::id::TransactionId;
use referral_domain::ledger::Entry;
use referral_domain::money::{Currency, Money};
use referral_domain::port::TransactionDetail;
use serde::Serialize;
use utoipa::ToSchema;

use super::{LedgerTransaction, TransferView};
use crate::auth::{Reads, Staff};
use crate::problem::{Problem, Reply};
use crate::resource::credit::CreditItem;
use crate::resource::{failed, reply};
use crate::view::MoneyView;

/// Everything that one transaction wrote.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerTransactionDetail {
    /// Whose it is; null once the person was erased.
    pub user_id: Option<String>,
    /// The transaction, as its user reads it.
    pub transaction: CreditItem,
    /// Its legs.
    pub transfers: Vec<TransferView>,
    /// What its legs did to the user's accounts.
    pub entries: Vec<EntryView>,
}

/// One step of an account's running balance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
pub struct EntryView {
    /// The account.
    pub account_id: String,
    /// What the account is for.
    pub name: &'static str,
    /// Its place in the account's chain, from 1.
    pub seq: i64,
    /// The transfer.
    pub transfer_id: String,
    /// `debit` leaves the account, `credit` enters it.
    pub side: &'static str,
    /// How much.
    pub amount: MoneyView,
    /// The balance before, in the ledger's sign: what is owed is negative.
    pub balance_before: MoneyView,
    /// The balance after.
    pub balance_after: MoneyView,
}

impl EntryView {
    fn of(entry: &Entry, currency: Currency) -> Self {
        let money = |minor| MoneyView::from(Money::of(minor, currency));
        let debit = entry.side == referral_domain::ledger::EntrySide::Debit;
        Self {
            account_id: entry.account.to_string(),
            name: entry.purpose.as_str(),
            seq: entry.seq,
            transfer_id: entry.transfer.to_string(),
            side: if debit { "debit" } else { "credit" },
            amount: money(entry.amount),
            balance_before: money(entry.balance_before),
            balance_after: money(entry.balance_after),
        }
    }
}

impl LedgerTransactionDetail {
    fn of(detail: &TransactionDetail, currency: Currency) -> Self {
        let LedgerTransaction { user_id, transaction } = LedgerTransaction::of(&detail.report, currency);
        let transfers = detail.legs.iter().map(|leg| TransferView::of(leg, currency)).collect();
        let entries = detail.entries.iter().map(|entry| EntryView::of(entry, currency)).collect();
        Self { user_id, transaction, transfers, entries }
    }
}

/// A transaction with its legs and entries.
#[utoipa::path(
    get, path = "/api/admin/ledger/transactions/{id}", tag = "administration",
    params(
        ("id" = String, Path, description = "The transaction, `txn_...`"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
    ),
    responses((status = 200, body = LedgerTransactionDetail)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn transaction(app: Data<App>, staff: Staff<Reads>, id: Path<String>) -> Reply {
    staff.query.refuse_any()?;
    let id = TransactionId::parse(&id).ok_or_else(Problem::not_found)?;
    let (found, program) = app.transaction(&staff.program, id).await.map_err(failed(app.now()))?;
    let detail = found.ok_or_else(Problem::not_found)?;
    Ok(reply::ok(&LedgerTransactionDetail::of(&detail, program.currency)))
}
