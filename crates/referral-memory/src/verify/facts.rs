//! What referrals and budgets say they come to, against the events and steps it comes from.

use referral_domain::commission::CommissionProgress;
use referral_domain::id::{BookId, ReferralId};
use referral_domain::ledger::{Check, Party, Transaction, TransactionKind, Transfer};
use referral_domain::referral::{Referral, SpendTotals};
use referral_domain::spend::{Outcome, SpendEvent, effective_refund};

use super::{Finding, equal};
use crate::state::State;

/// [`Check::Commissions`]: what is posted of a commission is the sum of its transactions, as many as it has steps.
pub(super) fn commissions_are_posted(state: &State) -> Finding {
    state.referrals.iter().try_for_each(|((book, _), referral)| {
        let (mut posted, mut steps) = (0_i64, 0_u32);
        for transaction in commissions_of(state, *book, referral.facts.id) {
            posted = posted.saturating_add(worth_of(state, *book, transaction));
            steps += 1;
        }
        let place = format!("commission of {}", referral.facts.id);
        let CommissionProgress { posted: told, steps: counted, .. } = referral.progress.commission;
        equal(Check::Commissions, place, &(posted, steps), &(told, counted))
    })
}

fn commissions_of(state: &State, book: BookId, id: ReferralId) -> impl Iterator<Item = &Transaction> {
    let all = state.transactions.iter().filter(move |((of, _), _)| *of == book);
    all.map(|(_, transaction)| transaction).filter(move |transaction| {
        transaction.referral == Some(id) && transaction.kind == TransactionKind::AffiliateCommission
    })
}

/// What a transaction brought its user from the system, less what it took.
fn worth_of(state: &State, book: BookId, transaction: &Transaction) -> i64 {
    let signed = |leg: &Transfer| match (leg.debit, leg.credit) {
        (Party::System(_), Party::Account(_)) => leg.amount,
        (Party::Account(_), Party::System(_)) => -leg.amount,
        _ => 0,
    };
    let legs =
        state.transfers.iter().filter(|((of, _), leg)| *of == book && leg.transaction == transaction.id);
    legs.fold(0, |sum, (_, leg)| sum.saturating_add(signed(leg)))
}

/// [`Check::NetSpend`]: what a referral counts is the sum of its user's events.
pub(super) fn net_is_the_sum_of_events(state: &State) -> Finding {
    state.referrals.iter().try_for_each(|((book, _), referral)| {
        let (spend, commission) = recounted(state, *book, referral);
        let told = &referral.progress;
        let place = format!("spend of {}", referral.facts.id);
        equal(Check::NetSpend, place, &spend, &told.spend)?;
        let place = format!("spend in the commission's months of {}", referral.facts.id);
        let CommissionProgress { gross, refunded, .. } = told.commission;
        equal(Check::NetSpend, place, &commission, &SpendTotals { gross, refunded })
    })
}

fn recounted(state: &State, book: BookId, referral: &Referral) -> (SpendTotals, SpendTotals) {
    let facts = &referral.facts;
    let (mut spend, mut commission) = (SpendTotals::default(), SpendTotals::default());
    for ((of, _), event) in state.spend_events.iter() {
        if *of != book || event.user != facts.referred || !is_counted(state, book, event) {
            continue;
        }
        let refunds = state.refunds_of(book, &event.source).unwrap_or_default();
        let refunded = effective_refund(event, &refunds, facts.terms.clawback_window_days);
        if facts.window_holds(event.occurred_at) {
            spend = with(spend, event.amount.minor(), refunded);
        }
        if facts.commission_holds(event.occurred_at) {
            commission = with(commission, event.amount.minor(), refunded);
        }
    }
    (spend, commission)
}

fn is_counted(state: &State, book: BookId, event: &SpendEvent) -> bool {
    let told = matches!(event.outcome, Outcome::Counted | Outcome::ThresholdCrossed);
    let folded = state.spend_folds.find(&(book, event.source.clone())).is_some();
    event.refund.is_none() && (told || folded)
}

const fn with(totals: SpendTotals, gross: i64, refunded: i64) -> SpendTotals {
    SpendTotals { gross: totals.gross + gross, refunded: totals.refunded + refunded }
}

/// [`Check::Budgets`]: no month's budget says that more was granted in it than reward steps were.
pub(super) fn budgets_gave_what_was_granted(state: &State) -> Finding {
    state.budget_months.iter().try_for_each(|((book, month), budget)| {
        let sum = state.granted_in(*book, *month);
        let place = format!("budget of {month} in book {}: at most {sum} were granted", book.0);
        equal(Check::Budgets, place, &true, &(budget.granted <= sum))
    })
}
