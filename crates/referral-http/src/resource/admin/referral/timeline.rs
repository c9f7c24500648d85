//! What happened to a referral, from what is stored of it.

use std::collections::BTreeMap;

use referral_domain::money::{Currency, Money};
use referral_domain::port::{HistoryItem, ReferralFile};
use referral_domain::referral::{Referral, State};
use referral_domain::spend::SpendEvent;
use referral_domain::time::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::view::{MoneyView, TimeView};

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
pub struct Happening {
    /// When: what the host told by its own instant (a sign-up, a verification), all else when it was recorded.
    pub at: TimeView,
    /// `signed_up`, `applied`, `email_verified`, `completed`, `expired` or `fraud`; `spend` or `refund`; the type of a
    /// transaction.
    pub r#type: &'static str,
    /// `system`, `user`, `service` or `operator`.
    pub actor: &'static str,
    /// What of it.
    #[schema(value_type = Object)]
    pub data: BTreeMap<&'static str, Value>,
}

/// A happening that can be put in order.
struct Dated(Timestamp, Happening);

fn dated<const N: usize>(
    at: Timestamp,
    r#type: &'static str,
    actor: &'static str,
    data: [(&'static str, Value); N],
) -> Dated {
    Dated(at, Happening { at: at.into(), r#type, actor, data: data.into() })
}

impl Happening {
    /// Everything that is told of a referral, oldest first; of one instant, what the rest follows from first.
    pub(super) fn all(file: &ReferralFile, currency: Currency) -> Vec<Self> {
        let mut all = stages(&file.report.referral);
        all.extend(file.events.iter().rev().map(|event| told(event, currency)));
        all.extend(file.transactions.iter().rev().map(|item| posted(item, currency)));
        all.sort_by_key(|Dated(at, _)| *at);
        all.into_iter().map(|Dated(_, happening)| happening).collect()
    }
}

/// The stages a referral came to and stands in.
fn stages(referral: &Referral) -> Vec<Dated> {
    let Referral { facts, progress } = referral;
    let signed_up = facts.signed_up_at.map(|at| dated(at, "signed_up", "user", []));
    let (code, source) = (facts.code_text.to_string(), facts.attribution.source.as_str());
    let applied =
        [("code", json!(code)), ("source", json!(source)), ("rule_version", json!(facts.rule_version))];
    let applied = dated(facts.applied_at, "applied", "user", applied);
    let verified = progress.verified_at.map(|at| dated(at, "email_verified", "user", []));
    let completed = progress.state.completed_at().map(|at| dated(at, "completed", "system", []));
    signed_up
        .into_iter()
        .chain([applied])
        .chain(verified)
        .chain(completed)
        .chain(closed(progress.state))
        .collect()
}

fn closed(state: State) -> Option<Dated> {
    match state {
        State::Expired { closed_at, .. } => Some(dated(closed_at, "expired", "system", [])),
        State::Fraud { closed_at, .. } => Some(dated(closed_at, "fraud", "operator", [])),
        State::Pending | State::Active { .. } | State::Completed { .. } => None,
    }
}

fn told(event: &SpendEvent, currency: Currency) -> Dated {
    let kind = if event.refund.is_some() { "refund" } else { "spend" };
    let counted = MoneyView::from(Money::of(event.counted, currency));
    let data = [
        ("source_id", json!(event.source.to_string())),
        ("amount", json!(MoneyView::from(event.amount))),
        ("occurred_at", json!(TimeView::from(event.occurred_at))),
        ("outcome", json!(event.outcome.as_str())),
        ("counted", json!(counted)),
    ];
    dated(event.recorded_at, kind, "service", data)
}

fn posted(item: &HistoryItem, currency: Currency) -> Dated {
    let HistoryItem { line, transaction } = item;
    let money = |minor| json!(MoneyView::from(Money::of(minor, currency)));
    let data = [
        ("transaction_id", json!(transaction.id.to_string())),
        ("description", json!(transaction.description)),
        ("available", money(line.after.available - line.before.available)),
        ("held", money(line.after.held - line.before.held)),
        ("owed", money(line.after.owed - line.before.owed)),
    ];
    dated(transaction.recorded_at, transaction.kind.as_str(), transaction.created_by.as_str(), data)
}
