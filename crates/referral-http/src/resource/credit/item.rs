//! One line of a user's history.

use referral_domain::ledger::{Balances, Line, Transaction};
use referral_domain::money::{Currency, Money};
use referral_domain::port::HistoryItem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::view::{MoneyView, TimeView};

/// One business transaction that touched any of a user's balances.
///
/// `balance_after = balance_before + amount`, line by line and across pages when no `type` filter is set.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreditItem {
    /// The transaction.
    pub id: String,
    /// What it is.
    pub r#type: &'static str,
    /// The change of what is available, signed.
    pub amount: MoneyView,
    /// What was available before.
    pub balance_before: MoneyView,
    /// What was available after.
    pub balance_after: MoneyView,
    /// The changes of all four balances, signed.
    pub changes: ChangesView,
    /// Why, in words.
    pub description: String,
    /// For which referral.
    pub referral_id: Option<String>,
    /// What it refers to, in the host's words.
    pub reference: Option<String>,
    /// `redemption`, `payout`, `event` or `adjustment`.
    pub reference_type: Option<&'static str>,
    /// Which transaction it reverses.
    pub reverses: Option<String>,
    /// `system`, `user`, `service` or `operator`.
    pub created_by: &'static str,
    /// When it was recorded.
    pub created_at: TimeView,
    /// When it took effect.
    pub effective_at: TimeView,
}

/// Signed changes of the four balances.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditChanges)]
pub struct ChangesView {
    /// Of what can be used.
    pub available: MoneyView,
    /// Of what is held.
    pub held: MoneyView,
    /// Of what a payout reserved.
    pub in_payout: MoneyView,
    /// Of what is owed.
    pub owed: MoneyView,
}

impl CreditItem {
    /// A line in the program's currency.
    #[must_use]
    pub fn of(item: &HistoryItem, currency: Currency) -> Self {
        let HistoryItem { line, transaction } = item;
        let Transaction { kind, referral, reference_type, reverses, created_by, .. } = transaction;
        let money = |minor| MoneyView::from(Money::of(minor, currency));
        Self {
            id: transaction.id.to_string(),
            r#type: kind.as_str(),
            amount: money(line.after.available - line.before.available),
            balance_before: money(line.before.available),
            balance_after: money(line.after.available),
            changes: ChangesView::of(line, money),
            description: transaction.description.clone(),
            referral_id: referral.map(|id| id.to_string()),
            reference: transaction.reference.clone(),
            reference_type: reference_type.map(|kind| kind.as_str()),
            reverses: reverses.map(|id| id.to_string()),
            created_by: created_by.as_str(),
            created_at: transaction.recorded_at.into(),
            effective_at: transaction.effective_at.into(),
        }
    }
}

impl ChangesView {
    fn of(line: &Line, money: impl Fn(i64) -> MoneyView) -> Self {
        let Balances { available, held, in_payout, owed } = line.after;
        let before = line.before;
        Self {
            available: money(available - before.available),
            held: money(held - before.held),
            in_payout: money(in_payout - before.in_payout),
            owed: money(owed - before.owed),
        }
    }
}
