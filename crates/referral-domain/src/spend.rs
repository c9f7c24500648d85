//! Spend events: what each counts for, decided in input order over a locked scene.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::auth::words;
use crate::id::{BookId, EventId, ReferralId, TransactionId, UserId};
use crate::identity::Fingerprint;
use crate::money::{Currency, Money};
use crate::reference::{HostId, SourceId};
use crate::referral::{Award, Referral, State, WithheldReason};
use crate::settle::{Circumstances, Grant, Promise, may_qualify, settle};
use crate::time::{DAY, HOUR, SECOND, Timestamp};
use crate::tracking::DayDelta;
use crate::user::EmailStatus;

/// How far ahead of the clock an event's time may lie: 5 minutes.
pub const FUTURE_TOLERANCE: i64 = 300 * SECOND;
/// How old an event may be when it is first told: 400 days.
pub const OLDEST: i64 = 400 * DAY;
/// How long an event of a user without a referral waits for one: 72 hours.
pub const PARKED_FOR: i64 = 72 * HOUR;

/// Money received from a user, as the host tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpendCommand {
    /// The host's id of it; unique per program for ever.
    pub source: SourceId,
    /// Who paid.
    pub user: HostId,
    /// How much; positive.
    pub amount: Money,
    /// When.
    pub occurred_at: Timestamp,
    /// Keyed hash of the payment method's fingerprint.
    pub payment: Option<Fingerprint>,
    /// The host's own JSON object: stored, never interpreted, never compared.
    pub metadata: Option<String>,
}

words! {
    /// What an event counted for.
    Outcome {
        /// It changed the net spend, or was recorded without reaching the threshold.
        Counted = "counted",
        /// The reward became due with it.
        ThresholdCrossed = "threshold_crossed",
        /// Nobody referred this user yet; kept for [`PARKED_FOR`].
        NotReferred = "not_referred",
        /// It happened before the code was applied.
        BeforeReferral = "before_referral",
        /// It happened after the window.
        AfterWindow = "after_window",
        /// It is in another currency than the program's.
        CurrencyMismatch = "currency_mismatch",
        /// The referral was confirmed as fraud.
        ReferralClosed = "referral_closed",
    }
}

/// A recorded event. It never changes; a repetition is answered from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpendEvent {
    /// Its id.
    pub id: EventId,
    /// The host's id.
    pub source: SourceId,
    /// Who paid.
    pub user: UserId,
    /// How much.
    pub amount: Money,
    /// When.
    pub occurred_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Keyed hash of the payment method's fingerprint.
    pub payment: Option<Fingerprint>,
    /// The host's own JSON object.
    pub metadata: Option<String>,
    /// Hash of what makes two events the same.
    pub body: BodyHash,
    /// What it counted for.
    pub outcome: Outcome,
    /// Whose referral it met.
    pub referral: Option<ReferralId>,
    /// By how much it changed the net spend.
    pub counted: i64,
    /// The net spend and threshold after it.
    pub level: Option<Level>,
    /// What it had posted to the referrer.
    pub reward: Option<Reward>,
    /// What became due with it and was withheld.
    pub withheld: Option<Withheld>,
}

/// Net spend and threshold, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level {
    /// Counted spend less weighing refunds.
    pub net: i64,
    /// Where the reward becomes due.
    pub threshold: i64,
}

/// A reward that an event had posted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reward {
    /// How much, in minor units.
    pub amount: i64,
    /// By which transaction.
    pub transaction: TransactionId,
}

/// A reward that became due with an event and was not granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Withheld {
    /// How much, in minor units.
    pub amount: i64,
    /// Why.
    pub reason: WithheldReason,
}

/// SHA-256 over the typed fields that make two events the same: user, minor units, currency, instant, fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BodyHash(pub [u8; 32]);

/// The hash of a spend's body. Each field is fixed in length or prefixed by it; metadata and spelling are not part.
#[must_use]
pub fn body_hash(user: UserId, command: &SpendCommand) -> BodyHash {
    let mut hash = Sha256::new();
    hash.update(b"S");
    hash.update(user.uuid().as_bytes());
    hash.update(command.amount.minor().to_be_bytes());
    hash.update(command.amount.currency().code());
    hash.update(command.occurred_at.micros().to_be_bytes());
    hash.update([u8::from(command.payment.is_some())]);
    hash.update(command.payment.map_or([0; 32], |print| print.0));
    BodyHash(hash.finalize().into())
}

/// What a unit has locked and loaded for some events.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SpendScene {
    /// The internal id of every user named.
    pub users: BTreeMap<HostId, UserId>,
    /// The locked referrals of those who have one, by referred user.
    pub referrals: BTreeMap<UserId, Referral>,
    /// What is known of their referrers' e-mails.
    pub referrers: BTreeMap<UserId, EmailStatus>,
    /// Events already recorded under the ids asked for.
    pub known: BTreeMap<SourceId, SpendEvent>,
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
    /// The id is taken by another body; nothing of that one is told.
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
    /// What the day rows gain.
    pub days: Vec<DayDelta>,
}

/// Why a spend is not even recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpendRefusal {
    /// A new event's time is too far ahead of the clock or too old.
    #[error("event {index} lies more than 5 minutes ahead of the clock or more than 400 days back")]
    TimeOutOfRange {
        /// Which command, from 0.
        index: usize,
    },
}

/// Decides commands in input order. The first of equal ids decides; the others are answered from it.
///
/// A batch equals its items one by one, at the same instant.
///
/// # Errors
/// [`SpendRefusal`]; then nothing of the batch is to be recorded.
///
/// ```
/// # use referral_domain::{id::*, money::*, reference::*, spend::*, time::Timestamp};
/// # use uuid::Uuid;
/// # let (usd, now) = (Currency::parse("USD")?, Timestamp::from_micros(1_769_862_896_000_000));
/// # let (ben, host) = (UserId::from_uuid(Uuid::from_u128(2)), HostId::parse("u_ben").expect("a user id"));
/// # let source = SourceId::parse("inv_1001").expect("an id");
/// # let spend = |minor| SpendCommand {
/// #     source: source.clone(), user: host.clone(), amount: Money::of(minor, usd), occurred_at: now, payment: None,
/// #     metadata: None,
/// # };
/// let rules = SpendRules { book: BookId(7), currency: usd, paused: false };
/// let scene = SpendScene { users: [(host.clone(), ben)].into(), ..SpendScene::default() };
/// let told = [spend(500), spend(500), spend(501)];
/// let decided = decide(&rules, &told, scene, now, &mut || Uuid::from_u128(9))?;
/// assert!(matches!(&decided.answers[0], Answer::Recorded(event) if event.outcome == Outcome::NotReferred));
/// assert!(matches!(&decided.answers[1], Answer::Replayed(_)), "the same body");
/// assert!(matches!(&decided.answers[2], Answer::Conflict(_)), "another body");
/// assert_eq!(decided.events.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(
    rules: &SpendRules,
    commands: &[SpendCommand],
    scene: SpendScene,
    now: Timestamp,
    ids: &mut dyn FnMut() -> Uuid,
) -> Result<SpendDecision, SpendRefusal> {
    let mut desk = Desk { rules, scene, now, decision: SpendDecision::default(), changed: BTreeSet::new() };
    for (index, command) in commands.iter().enumerate() {
        let answer = desk.answer(index, command, ids)?;
        desk.decision.answers.push(answer);
    }
    let Desk { scene, mut decision, changed, .. } = desk;
    decision.referrals =
        scene.referrals.into_values().filter(|r| changed.contains(&r.facts.referred)).collect();
    Ok(decision)
}

struct Desk<'a> {
    rules: &'a SpendRules,
    scene: SpendScene,
    now: Timestamp,
    decision: SpendDecision,
    changed: BTreeSet<UserId>,
}

impl Desk<'_> {
    fn answer(
        &mut self,
        index: usize,
        command: &SpendCommand,
        ids: &mut dyn FnMut() -> Uuid,
    ) -> Result<Answer, SpendRefusal> {
        let user = self.scene.users.get(&command.user).copied();
        let body = user.map(|user| body_hash(user, command));
        match (self.scene.known.get(&command.source), user, body) {
            (Some(known), _, Some(body)) if known.body == body => Ok(Answer::Replayed(known.clone())),
            (None, Some(user), Some(body)) if in_range(command.occurred_at, self.now) => {
                Ok(Answer::Recorded(self.record(command, user, body, ids)))
            }
            (None, Some(_), _) => Err(SpendRefusal::TimeOutOfRange { index }),
            (Some(_), ..) | (None, None, _) => Ok(Answer::Conflict(command.source.clone())),
        }
    }

    fn record(
        &mut self,
        command: &SpendCommand,
        user: UserId,
        body: BodyHash,
        ids: &mut dyn FnMut() -> Uuid,
    ) -> SpendEvent {
        let mut event = unjudged(command, user, body, EventId::from_uuid(ids()), self.now);
        let referral = self.scene.referrals.get(&user);
        event.outcome = judge(self.rules, command, referral);
        event.referral = referral.map(|referral| referral.facts.id);
        if event.outcome == Outcome::Counted {
            self.count(&mut event, ids);
        } else {
            event.level = referral.map(level);
        }
        self.scene.known.insert(event.source.clone(), event.clone());
        self.decision.events.push(event.clone());
        event
    }

    /// Adds a counted event to its referral, settles it, and writes onto the event what it brought about.
    fn count(&mut self, event: &mut SpendEvent, ids: &mut dyn FnMut() -> Uuid) {
        let Some(referral) = self.scene.referrals.get_mut(&event.user) else { return };
        let referrer =
            self.scene.referrers.get(&referral.facts.referrer).copied().unwrap_or(EmailStatus::Unknown);
        let seen = Circumstances { paused: self.rules.paused, referrer, now: self.now };
        let (below, converted) = (!referral.reached(), is_completed(referral));
        event.counted = event.amount.minor();
        referral.progress.spend.gross = referral.progress.spend.gross.saturating_add(event.counted);
        let mut grants = settle(referral, &seen, ids);
        grants.iter_mut().for_each(|grant| grant.cause = Some(event.source.clone()));
        if below && referral.reached() && may_qualify(referral) {
            event.outcome = Outcome::ThresholdCrossed;
            event.withheld = withheld(referral);
        }
        event.reward = grants.iter().find_map(reward);
        event.level = Some(level(referral));
        let mut day = DayDelta::of(&referral.facts, self.now.day());
        day.revenue = event.counted;
        day.conversions = i64::from(!converted && is_completed(referral));
        day.earned = event.reward.map_or(0, |reward| reward.amount);
        self.decision.days.push(day);
        self.decision.grants.extend(grants);
        self.changed.insert(event.user);
    }
}

fn unjudged(command: &SpendCommand, user: UserId, body: BodyHash, id: EventId, now: Timestamp) -> SpendEvent {
    SpendEvent {
        id,
        source: command.source.clone(),
        user,
        amount: command.amount,
        occurred_at: command.occurred_at,
        recorded_at: now,
        payment: command.payment,
        metadata: command.metadata.clone(),
        body,
        outcome: Outcome::NotReferred,
        referral: None,
        counted: 0,
        level: None,
        reward: None,
        withheld: None,
    }
}

fn judge(rules: &SpendRules, command: &SpendCommand, referral: Option<&Referral>) -> Outcome {
    let at = command.occurred_at;
    match referral {
        _ if command.amount.currency() != rules.currency => Outcome::CurrencyMismatch,
        None => Outcome::NotReferred,
        Some(referral) if matches!(referral.progress.state, State::Fraud { .. }) => Outcome::ReferralClosed,
        Some(referral) if at < referral.facts.applied_at => Outcome::BeforeReferral,
        Some(referral) if at >= referral.facts.qualifies_until => Outcome::AfterWindow,
        Some(_) => Outcome::Counted,
    }
}

pub(crate) fn in_range(at: Timestamp, now: Timestamp) -> bool {
    let age = now.since(at);
    (-FUTURE_TOLERANCE..=OLDEST).contains(&age)
}

const fn is_completed(referral: &Referral) -> bool {
    matches!(referral.progress.state, State::Completed { .. })
}

fn level(referral: &Referral) -> Level {
    Level { net: referral.progress.spend.net(), threshold: referral.facts.terms.spend_threshold }
}

fn withheld(referral: &Referral) -> Option<Withheld> {
    let amount = referral.facts.terms.referrer_reward;
    match referral.progress.reward {
        Award::Withheld(reason) => Some(Withheld { amount, reason }),
        Award::NotDue | Award::Granted { .. } => None,
    }
}

fn reward(grant: &Grant) -> Option<Reward> {
    let Grant { amount, transaction, .. } = *grant;
    matches!(grant.promise, Promise::Reward { .. }).then_some(Reward { amount, transaction })
}
