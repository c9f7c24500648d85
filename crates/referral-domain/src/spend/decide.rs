//! The decision itself.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::weigh::is_in_a_window;
use super::{
    Answer, BodyHash, Effect, EventCommand, Level, Outcome, RefundCommand, RefundFact, RefundOf,
    SpendDecision, SpendEvent, SpendRefusal, SpendRules, SpendScene, Withheld, add, body_hash, counts,
    effective_refund, in_range, weighing,
};
use crate::budget::Budget;
use crate::id::{EventId, UserId};
use crate::reference::SourceId;
use crate::referral::{Referral, State};
use crate::settle::{Circumstances, Grant, Promise, gained, may_qualify, settle};
use crate::time::Timestamp;
use crate::user::EmailStatus;

/// Decides commands in input order. The first of equal ids decides; the others are answered from it.
///
/// A batch equals its items one by one, at the same instant. A refund weighs on the spend it names whenever either of
/// them is told; whatever that takes from the net spend is taken back at once, whatever stands in the way of granting.
///
/// # Errors
/// [`SpendRefusal`]; then nothing of the batch is to be recorded.
///
/// ```
/// # use referral_domain::{budget::Budget, id::*, money::*, reference::*, spend::*, time::Timestamp};
/// # use uuid::Uuid;
/// # let (usd, now) = (Currency::parse("USD")?, Timestamp::from_micros(1_769_862_896_000_000));
/// # let (ben, host) = (UserId::from_uuid(Uuid::from_u128(2)), HostId::parse("u_ben").expect("a user id"));
/// # let source = |text| SourceId::parse(text).expect("an id");
/// # let spend = |minor| EventCommand::Spend(SpendCommand {
/// #     source: source("inv_1001"), user: host.clone(), amount: Money::of(minor, usd), occurred_at: now, payment: None,
/// #     metadata: None,
/// # });
/// # let refund = |of| EventCommand::Refund(RefundCommand {
/// #     source: source("ref_1"), user: host.clone(), spend: source(of), amount: Money::of(500, usd), occurred_at: now,
/// #     reason: RefundReason::Requested, metadata: None,
/// # });
/// let rules = SpendRules { book: BookId(7), currency: usd, paused: false };
/// let scene = SpendScene { users: [(host.clone(), ben)].into(), ..SpendScene::default() };
/// let told = [spend(500), spend(500), spend(501), refund("inv_1002")];
/// let decided = decide(&rules, &told, scene, &mut Budget::unbounded(now.month()), now, &mut || Uuid::from_u128(9))?;
/// assert!(matches!(&decided.answers[0], Answer::Recorded(event) if event.outcome == Outcome::NotReferred));
/// assert!(matches!(&decided.answers[1], Answer::Replayed(_)), "the same body");
/// assert!(matches!(&decided.answers[2], Answer::Conflict(_)), "another body");
/// assert!(matches!(&decided.answers[3], Answer::Recorded(event) if event.outcome == Outcome::AwaitingSpend));
/// assert_eq!(decided.events.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(
    rules: &SpendRules,
    commands: &[EventCommand],
    scene: SpendScene,
    budget: &mut Budget,
    now: Timestamp,
    ids: &mut dyn FnMut() -> Uuid,
) -> Result<SpendDecision, SpendRefusal> {
    let decision = SpendDecision::default();
    let mut desk = Desk { rules, scene, budget, now, ids, decision, changed: BTreeSet::new() };
    for (index, command) in commands.iter().enumerate() {
        let answer = desk.answer(index, command)?;
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
    budget: &'a mut Budget,
    now: Timestamp,
    ids: &'a mut dyn FnMut() -> Uuid,
    decision: SpendDecision,
    changed: BTreeSet<UserId>,
}

/// What an event adds to a referral.
struct Weight {
    /// The spend it is, or refunds.
    spend: SourceId,
    /// When that took place.
    spent_at: Timestamp,
    gross: i64,
    refunded: i64,
}

impl Desk<'_> {
    fn answer(&mut self, index: usize, command: &EventCommand) -> Result<Answer, SpendRefusal> {
        let conflict = Answer::Conflict(command.source().clone());
        let Some(user) = self.scene.users.get(command.user()).copied() else { return Ok(conflict) };
        let body = body_hash(user, command);
        match self.scene.known.get(command.source()) {
            Some(known) if known.body == body => return Ok(Answer::Replayed(known.clone())),
            Some(_) => return Ok(conflict),
            None => {}
        }
        if !in_range(command.occurred_at(), self.now) {
            return Err(SpendRefusal::TimeOutOfRange { index });
        }
        if self.names_what_is_not_a_spend_of(user, command) {
            return Ok(conflict);
        }
        Ok(Answer::Recorded(self.record(command, user, body)))
    }

    /// Whether a refund names another user's spend, or a refund, itself included.
    fn names_what_is_not_a_spend_of(&self, user: UserId, command: &EventCommand) -> bool {
        let Some(named) = command.names() else { return false };
        let known = self.scene.known.get(named);
        named == command.source() || known.is_some_and(|known| known.user != user || known.refund.is_some())
    }

    fn record(&mut self, command: &EventCommand, user: UserId, body: BodyHash) -> SpendEvent {
        let mut event = unjudged(command, user, body, EventId::from_uuid((self.ids)()), self.now);
        let weight = match command {
            EventCommand::Spend(_) => self.judge_spend(&mut event),
            EventCommand::Refund(refund) => self.judge_refund(&mut event, refund),
        };
        // A spend that waited too long for its referral never met it, nor does a refund of it.
        let met = self.scene.referrals.get(&user).filter(|_| event.outcome != Outcome::NotReferred);
        (event.referral, event.level) = (met.map(|referral| referral.facts.id), met.map(level));
        if let Some(weight) = weight {
            self.count(&mut event, &weight);
        }
        self.scene.known.insert(event.source.clone(), event.clone());
        self.decision.events.push(event.clone());
        event
    }

    /// Says what a spend counts for; answers what it adds: its amount, less what refunds that waited for it take from it.
    fn judge_spend(&self, event: &mut SpendEvent) -> Option<Weight> {
        let referral = self.scene.referrals.get(&event.user);
        event.outcome = place(self.rules, event, referral);
        let referral = referral.filter(|_| event.outcome == Outcome::Counted)?;
        let waiting = self.scene.refunds.get(&event.source).map_or(&[][..], Vec::as_slice);
        let refunded = effective_refund(event, waiting, referral.facts.terms.clawback_window_days);
        let (spend, gross) = (event.source.clone(), event.amount.minor());
        Some(Weight { spend, spent_at: event.occurred_at, gross, refunded })
    }

    /// Says what a refund counts for; answers what it takes from its spend, beyond what other refunds took.
    fn judge_refund(&mut self, event: &mut SpendEvent, command: &RefundCommand) -> Option<Weight> {
        let refunds = self.scene.refunds.entry(command.spend.clone()).or_default();
        let before = refunds.len();
        refunds.extend(RefundFact::of(event));
        let Some(spend) = self.scene.known.get(&command.spend) else {
            event.outcome = Outcome::AwaitingSpend;
            return None;
        };
        let referral = self.scene.referrals.get(&event.user);
        event.outcome = if event.amount.currency() == spend.amount.currency() {
            place_of_refund(self.rules, spend, referral)
        } else {
            Outcome::CurrencyMismatch
        };
        let facts = &referral?.facts;
        let clawback = facts.terms.clawback_window_days;
        let weighs = refunds[before..].iter().any(|refund| refund.weighs_on(spend, clawback));
        event.over_refund = weighs && weighing(spend, refunds, clawback) > spend.amount.minor();
        let taken = |refunds: &[RefundFact]| effective_refund(spend, refunds, clawback);
        let refunded = taken(refunds) - taken(&refunds[..before]);
        let weight = Weight { spend: spend.source.clone(), spent_at: spend.occurred_at, gross: 0, refunded };
        counts(spend, facts, self.rules.currency).then_some(weight)
    }

    /// Adds what an event weighs to its referral, settles it, and writes onto the event what it brought about.
    fn count(&mut self, event: &mut SpendEvent, weight: &Weight) {
        let Some(referral) = self.scene.referrals.get_mut(&event.user) else { return };
        let referrer =
            self.scene.referrers.get(&referral.facts.referrer).copied().unwrap_or(EmailStatus::Unknown);
        let spent_at = Some(weight.spent_at);
        let seen = Circumstances { paused: self.rules.paused, referrer, spent_at, now: self.now };
        let (below, before) = (!referral.reached(), referral.progress.clone());
        add(&mut referral.progress, &referral.facts, weight.spent_at, weight.gross, weight.refunded);
        let mut grants = settle(referral, &seen, self.budget, self.ids);
        for grant in &mut grants {
            grant.cause = Some(event.source.clone());
            grant.spend = Some(weight.spend.clone());
        }
        event.counted = weight.gross - weight.refunded;
        tell(event, referral, below, &grants);
        let mut day = gained(&referral.facts, &before, &referral.progress, &grants, self.now);
        day.revenue = event.counted;
        self.decision.days.push(day);
        self.decision.grants.extend(grants);
        self.changed.insert(event.user);
    }
}

/// Writes onto an event what it brought about.
fn tell(event: &mut SpendEvent, referral: &Referral, below: bool, grants: &[Grant]) {
    let effect = |of: fn(&Grant) -> bool| {
        let posted = grants.iter().find(|grant| of(grant));
        posted.map(|grant| Effect { amount: grant.signed(), transaction: grant.transaction })
    };
    event.reward = effect(is_of_reward);
    event.commission = effect(is_of_commission);
    event.level = Some(level(referral));
    if below && referral.reached() && may_qualify(referral) && event.outcome == Outcome::Counted {
        event.outcome = Outcome::ThresholdCrossed;
        event.withheld = withheld(referral);
    }
    if event.outcome == Outcome::Counted && event.reward.is_some_and(|reward| reward.amount < 0) {
        event.outcome = Outcome::RewardRetracted;
    }
}

const fn is_of_reward(grant: &Grant) -> bool {
    matches!(grant.promise, Promise::Reward { .. } | Promise::RewardRetraction { .. })
}

const fn is_of_commission(grant: &Grant) -> bool {
    matches!(grant.promise, Promise::Commission { .. } | Promise::CommissionRetraction { .. })
}

fn unjudged(command: &EventCommand, user: UserId, body: BodyHash, id: EventId, now: Timestamp) -> SpendEvent {
    let (payment, metadata, refund) = match command {
        EventCommand::Spend(spend) => (spend.payment, spend.metadata.clone(), None),
        EventCommand::Refund(refund) => {
            let of = RefundOf { spend: refund.spend.clone(), reason: refund.reason };
            (None, refund.metadata.clone(), Some(of))
        }
    };
    SpendEvent {
        id,
        source: command.source().clone(),
        user,
        amount: command.amount(),
        occurred_at: command.occurred_at(),
        recorded_at: now,
        payment,
        metadata,
        refund,
        body,
        outcome: Outcome::NotReferred,
        referral: None,
        counted: 0,
        over_refund: false,
        level: None,
        reward: None,
        commission: None,
        withheld: None,
    }
}

/// What a spend counts for, by when and in which currency it took place.
fn place(rules: &SpendRules, spend: &SpendEvent, referral: Option<&Referral>) -> Outcome {
    let at = spend.occurred_at;
    match referral {
        _ if spend.amount.currency() != rules.currency => Outcome::CurrencyMismatch,
        None => Outcome::NotReferred,
        Some(referral) if matches!(referral.progress.state, State::Fraud { .. }) => Outcome::ReferralClosed,
        Some(referral) if at < referral.facts.applied_at => Outcome::BeforeReferral,
        Some(referral) if !is_in_a_window(&referral.facts, at) => Outcome::AfterWindow,
        Some(_) => Outcome::Counted,
    }
}

/// A refund counts for what its spend counts for. One that was never counted because it waited too long for a referral,
/// or came while that was closed, is answered as it was.
fn place_of_refund(rules: &SpendRules, spend: &SpendEvent, referral: Option<&Referral>) -> Outcome {
    let never = referral.is_some_and(|referral| !counts(spend, &referral.facts, rules.currency));
    match place(rules, spend, referral) {
        Outcome::Counted if never => spend.outcome,
        outcome => outcome,
    }
}

fn level(referral: &Referral) -> Level {
    Level { net: referral.progress.spend.net(), threshold: referral.facts.terms.spend_threshold }
}

fn withheld(referral: &Referral) -> Option<Withheld> {
    let amount = referral.facts.terms.referrer_reward;
    referral.progress.reward.reason().map(|reason| Withheld { amount, reason })
}
