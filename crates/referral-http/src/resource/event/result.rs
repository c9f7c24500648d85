//! What is answered for spends and refunds.

use referral_app::{App, RecordSpend, SpendReceipt};
use referral_domain::program::Program;
use referral_domain::reference::Slug;
use referral_domain::spend::{Answer, SpendEvent};
use serde::Serialize;
use utoipa::ToSchema;

use super::events_form::Events;
use crate::problem::{Problem, ProblemCode, Reply};
use crate::resource::refusal::RefusedSpend;
use crate::resource::{failed, reply};
use crate::view::MoneyView;

/// One result an event, in input order.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventsReply {
    /// The results.
    pub results: Vec<EventResult>,
}

/// What an event counted for. A repeated event gets the first result, but for `replayed`.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventResult {
    /// The host's id.
    pub source_id: String,
    /// Ours.
    pub event_id: Option<String>,
    /// What it counted for.
    pub outcome: &'static str,
    /// Whether it was recorded before.
    pub replayed: bool,
    /// The referral it met.
    pub referral_id: Option<String>,
    /// The net spend after it.
    pub net_spend: Option<MoneyView>,
    /// Where the reward becomes due.
    pub threshold: Option<MoneyView>,
    /// Whether a refund went beyond its spend.
    pub over_refund: bool,
    /// What this event had posted of the reward; negative when it was taken back.
    pub reward: Option<MoneyView>,
    /// What this event had posted of the commission; negative when it was taken back.
    pub commission: Option<MoneyView>,
    /// What became due with this event and was withheld.
    pub withheld: Option<WithheldView>,
    /// By which transaction the reward was posted or taken back; without one, the commission.
    pub transaction_id: Option<String>,
}

/// An amount that is due and not granted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Withheld)]
pub struct WithheldView {
    /// How much.
    pub amount: MoneyView,
    /// Why.
    pub reason: &'static str,
}

impl EventResult {
    pub(super) fn of(answer: &Answer, program: &Program) -> Self {
        match answer {
            Answer::Recorded(event) => Self::recorded(event, program, false),
            Answer::Replayed(event) => Self::recorded(event, program, true),
            Answer::Conflict(source) => Self::bare(source.to_string(), "conflict"),
        }
    }

    const fn bare(source_id: String, outcome: &'static str) -> Self {
        Self {
            source_id,
            event_id: None,
            outcome,
            replayed: false,
            referral_id: None,
            net_spend: None,
            threshold: None,
            over_refund: false,
            reward: None,
            commission: None,
            withheld: None,
            transaction_id: None,
        }
    }

    pub(in crate::resource) fn recorded(event: &SpendEvent, program: &Program, replayed: bool) -> Self {
        let money = |minor| MoneyView::from(program.money(minor));
        let withheld = event.withheld;
        Self {
            event_id: Some(event.id.to_string()),
            replayed,
            referral_id: event.referral.map(|id| id.to_string()),
            net_spend: event.level.map(|level| money(level.net)),
            threshold: event.level.map(|level| money(level.threshold)),
            over_refund: event.over_refund,
            reward: event.reward.map(|effect| money(effect.amount)),
            commission: event.commission.map(|effect| money(effect.amount)),
            withheld: withheld
                .map(|it| WithheldView { amount: money(it.amount), reason: it.reason.as_str() }),
            transaction_id: event.reward.or(event.commission).map(|effect| effect.transaction.to_string()),
            ..Self::bare(event.source.to_string(), event.outcome.as_str())
        }
    }
}

/// A conflict of a single event is a problem; in a batch it is that item's outcome and the others stand.
fn view(receipt: &SpendReceipt, batch: bool) -> Result<EventsReply, Problem> {
    match receipt.answers.as_slice() {
        [Answer::Conflict(_)] if !batch => Err(Problem::new(ProblemCode::EventConflict)),
        answers => Ok(EventsReply {
            results: answers.iter().map(|it| EventResult::of(it, &receipt.program)).collect(),
        }),
    }
}

/// Has events recorded, and renders what is answered.
pub(super) async fn told(app: &App, program: Slug, events: Events) -> Reply {
    let Events { commands, batch } = events;
    let receipt = app.record_spend(&RecordSpend { program, events: commands }).await;
    let told = receipt.map_err(|failure| failure.map(|refusal| RefusedSpend { refusal, batch }));
    let receipt = told.map_err(failed(app.now()))?;
    Ok(reply::ok(&view(&receipt, batch)?))
}
