//! Spend and refund events: what each counts for, decided in input order over a locked scene.

mod body;
mod decide;
mod event;
mod weigh;

use std::collections::BTreeMap;

pub use body::{BodyHash, body_hash};
pub use decide::decide;
pub use event::{
    Effect, EventCommand, Level, Outcome, RefundCommand, RefundOf, RefundReason, SpendCommand, SpendEvent,
    Withheld,
};
pub(crate) use weigh::add;
pub use weigh::{RefundFact, counts, effective_refund, folds, weighing};

use crate::id::{BookId, UserId};
use crate::money::Currency;
use crate::reference::{HostId, SourceId};
use crate::referral::Referral;
use crate::settle::Grant;
use crate::time::{DAY, HOUR, SECOND, Timestamp};
use crate::tracking::DayDelta;
use crate::user::EmailStatus;

/// How far ahead of the clock an event's time may lie: 5 minutes.
pub const FUTURE_TOLERANCE: i64 = 300 * SECOND;
/// How old an event may be when it is first told: 400 days.
pub const OLDEST: i64 = 400 * DAY;
/// How long an event of a user without a referral waits for one: 72 hours.
pub const PARKED_FOR: i64 = 72 * HOUR;

/// What a unit has locked and loaded for some events.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SpendScene {
    /// The internal id of every user named.
    pub users: BTreeMap<HostId, UserId>,
    /// The locked referrals of those who have one, by referred user.
    pub referrals: BTreeMap<UserId, Referral>,
    /// What is known of their referrers' e-mails.
    pub referrers: BTreeMap<UserId, EmailStatus>,
    /// Events already recorded under the ids asked for: those of the events told, and those that refunds name.
    pub known: BTreeMap<SourceId, SpendEvent>,
    /// Refunds already recorded that name one of the ids asked for, by that id, oldest first, whatever their outcome.
    pub refunds: BTreeMap<SourceId, Vec<RefundFact>>,
}

/// The program as spend sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpendRules {
    /// Its book.
    pub book: BookId,
    /// Its currency.
    pub currency: Currency,
    /// Whether it is paused.
    pub paused: bool,
}

/// What is answered for one command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Recorded by this unit.
    Recorded(SpendEvent),
    /// Recorded before, with the same body: the first answer.
    Replayed(SpendEvent),
    /// The id is taken by another body, or a refund names what this user never spent; nothing of that is told.
    Conflict(SourceId),
}

/// What a unit has to record, and the answers in input order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SpendDecision {
    /// One a command.
    pub answers: Vec<Answer>,
    /// New events.
    pub events: Vec<SpendEvent>,
    /// Referrals that changed.
    pub referrals: Vec<Referral>,
    /// What is to be posted.
    pub grants: Vec<Grant>,
    /// What the day rows gain, but for what is held.
    pub days: Vec<DayDelta>,
}

/// Why an event is not even recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpendRefusal {
    /// A new event's time is too far ahead of the clock or too old.
    #[error("event {index} lies more than 5 minutes ahead of the clock or more than 400 days back")]
    TimeOutOfRange {
        /// Which command, from 0.
        index: usize,
    },
}

/// The ids that a scene must be asked for: those of the events told, and those that refunds name.
#[must_use]
pub fn sources(commands: &[EventCommand]) -> Vec<SourceId> {
    let told = commands.iter().map(EventCommand::source);
    let named = commands.iter().filter_map(EventCommand::names);
    let each_once: std::collections::BTreeSet<_> = told.chain(named).cloned().collect();
    each_once.into_iter().collect()
}

pub(crate) fn in_range(at: Timestamp, now: Timestamp) -> bool {
    let age = now.since(at);
    (-FUTURE_TOLERANCE..=OLDEST).contains(&age)
}
