//! Recording spend and refunds: one event or a batch, one unit.
//!
//! Calls on the store: program, before the unit and in common with whoever asks at the same time; then, in the unit, scene
//! (users, referrals, known events and refunds); the month's budget, only when a reward would be granted in a program that
//! has one; wallets, only when something is posted, and holds, only when something is taken back; record; commit. Their
//! number does not depend on how many events there are, nor on how many callers told of them.

use async_trait::async_trait;
use referral_domain::port::{Changes, NewUser, Unit};
use referral_domain::program::Program;
use referral_domain::reference::Slug;
use referral_domain::spend::{
    self, Answer, EventCommand, SpendDecision, SpendRefusal, SpendRules, SpendScene,
};
use referral_domain::time::Timestamp;
use referral_domain::tracking::DayDelta;
use uuid::Uuid;

use crate::app::App;
use crate::failure::{Failure, Refused};
use crate::lane::{Recorder, Told};
use crate::posting::post_grants;
use crate::purse::Purse;
use crate::transact::transact;

impl Refused for SpendRefusal {}

/// Spend and refund events of one program, in the order in which they are decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordSpend {
    /// In which program.
    pub program: Slug,
    /// The events.
    pub events: Vec<EventCommand>,
}

/// The answers, in input order, and the program for its currency.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpendReceipt {
    /// One an event.
    pub answers: Vec<Answer>,
    /// The program.
    pub program: Program,
}

impl App {
    /// Records spend and refund events. Each answer is durable when it is given; the same event again gets the first answer.
    ///
    /// With a lane ([`App::with_lane`]) an event that comes alone shares a unit with others that do; several are one
    /// unit beside it.
    ///
    /// # Errors
    /// [`SpendRefusal`] (then nothing of the batch is recorded), no such program, or the store's.
    pub async fn record_spend(&self, command: &RecordSpend) -> Result<SpendReceipt, Failure<SpendRefusal>> {
        match (&self.lane, command.events.as_slice()) {
            (Some(lane), [event]) => lane.record(&command.program, event.clone()).await,
            (Some(lane), _) => lane.record_together(command).await,
            (None, _) => self.record(command).await,
        }
    }
}

#[async_trait]
impl Recorder for App {
    async fn record(&self, command: &RecordSpend) -> Told {
        let now = self.now();
        let users: &Vec<_> = &command.events.iter().map(|event| self.new_user(event.user())).collect();
        let program = &self.program(&command.program).await?;
        let answers = transact(self.store(), move |unit| {
            Box::pin(record(unit, program, users, &command.events, now, self))
        })
        .await?;
        count(&answers);
        Ok(SpendReceipt { answers, program: program.clone() })
    }
}

async fn record(
    unit: &mut Unit<'_>,
    program: &Program,
    users: &[NewUser],
    events: &[EventCommand],
    now: Timestamp,
    app: &App,
) -> Result<Vec<Answer>, Failure<SpendRefusal>> {
    let ids = &mut || app.draw_id();
    let scene = unit.spending().scene(program.book, users, &spend::sources(events), now).await?;
    let mut purse = Purse::closed(program, now);
    let decision = decide(unit, program, events, scene, &mut purse, now, ids).await?;
    let SpendDecision { answers, events, referrals, grants, days } = decision;
    let progress = referrals.into_iter().map(|referral| (referral.facts.id, referral.progress)).collect();
    let mut changes = Changes { events, progress, days, budget: purse.change(), ..Changes::default() };
    post_grants(unit, program, &grants, &mut changes, now, ids).await?;
    changes.days = DayDelta::merged(changes.days);
    unit.recorder().record(program.book, &changes).await?;
    Ok(answers)
}

/// Decides, and once more when that shows that the month's budget must be known.
async fn decide(
    unit: &mut Unit<'_>,
    program: &Program,
    events: &[EventCommand],
    scene: SpendScene,
    purse: &mut Purse,
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<SpendDecision, Failure<SpendRefusal>> {
    let rules = SpendRules { book: program.book, currency: program.currency, paused: program.is_paused() };
    if program.rules.policy.reward_budget.is_none() {
        return Ok(spend::decide(&rules, events, scene, &mut purse.budget, now, ids)?);
    }
    let first = spend::decide(&rules, events, scene.clone(), &mut purse.budget, now, ids)?;
    if !purse.must_open() {
        return Ok(first);
    }
    purse.open(unit, program).await?;
    Ok(spend::decide(&rules, events, scene, &mut purse.budget, now, ids)?)
}

fn count(answers: &[Answer]) {
    for answer in answers {
        let outcome = match answer {
            Answer::Recorded(event) => event.outcome.as_str(),
            Answer::Replayed(_) => "duplicate",
            Answer::Conflict(_) => "conflict",
        };
        metrics::counter!("referral_spend_events_total", "outcome" => outcome).increment(1);
    }
}
