//! The books, for finance.

pub mod accounts;
pub mod journal;
mod journal_table;
pub mod statement;
pub mod transaction;
pub mod transactions;
pub mod transfers;
pub mod trial_balance;

use referral_domain::ledger::{Party, Side, Transfer};
use referral_domain::money::{Currency, Money};
use referral_domain::port::{LegReport, TransactionReport};
use referral_domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::form::Params;
use crate::resource::credit::CreditItem;
use crate::view::{MoneyView, TimeView};

pub use journal_table::JournalTable;

/// An account of the books.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerAccount {
    /// Of a user: its id; null for a system account, which is a name alone.
    pub id: Option<String>,
    /// `available`, `held`, `in_payout` or `owed` of a user, or the system's `reward_expense`, `welcome_expense`,
    /// `commission_expense`, `redemption`, `payout_clearing`, `adjustment` or `write_off`.
    pub name: &'static str,
}

/// One movement of a positive amount from one account to another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transfer)]
pub struct TransferView {
    /// Its id.
    pub id: String,
    /// The business transaction it is a leg of.
    pub transaction_id: String,
    /// Which leg, from 0.
    pub leg: u8,
    /// What it is.
    pub r#type: &'static str,
    /// The natural key, unique for ever: which command posted it ...
    pub origin: &'static str,
    /// ... of what.
    pub origin_id: String,
    /// Where the amount comes from.
    pub debit: LedgerAccount,
    /// Where it goes.
    pub credit: LedgerAccount,
    /// How much; greater than zero.
    pub amount: MoneyView,
    /// For which referral.
    pub referral_id: Option<String>,
    /// When it was recorded.
    pub created_at: TimeView,
    /// When it took effect.
    pub effective_at: TimeView,
}

impl TransferView {
    fn of(leg: &LegReport, currency: Currency) -> Self {
        let Transfer { id, transaction, kind, origin, leg: number, debit, credit, .. } = leg.transfer;
        Self {
            id: id.to_string(),
            transaction_id: transaction.to_string(),
            leg: number,
            r#type: kind.as_str(),
            origin: origin.as_str(),
            origin_id: leg.transfer.origin_id.clone(),
            debit: account(debit, leg.debit),
            credit: account(credit, leg.credit),
            amount: Money::of(leg.transfer.amount, currency).into(),
            referral_id: leg.transfer.referral.map(|id| id.to_string()),
            created_at: leg.transfer.recorded_at.into(),
            effective_at: leg.transfer.effective_at.into(),
        }
    }
}

fn account(party: Party, side: Side) -> LedgerAccount {
    let id = match party {
        Party::Account(id) => Some(id.to_string()),
        Party::System(_) => None,
    };
    LedgerAccount { id, name: side.as_str() }
}

/// A transaction as finance finds it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerTransaction {
    /// Whose it is; null once the person was erased.
    pub user_id: Option<String>,
    /// The transaction, as its user reads it.
    pub transaction: CreditItem,
}

impl LedgerTransaction {
    pub(super) fn of(report: &TransactionReport, currency: Currency) -> Self {
        let user_id = report.user.as_ref().map(ToString::to_string);
        Self { user_id, transaction: CreditItem::of(&report.item, currency) }
    }
}

/// `as_of`: an RFC 3339 instant, or a UTC day for its end; now, when not given.
fn as_of(params: &mut Params<'_>) -> Option<Option<Timestamp>> {
    params.optional("as_of", |node| {
        let text = node.text()?;
        let day = referral_domain::time::Day::parse(text).map(|day| day.next().start().plus_micros(-1));
        match day.or_else(|| Timestamp::parse(text)) {
            Some(at) => Some(at),
            None => node.fault("time-format", "RFC 3339 with an offset, or a day like 2026-01-31"),
        }
    })
}
