//! Recording spend: one event or a batch, one unit.
//!
//! Calls on the store: program, before the unit and in common with whoever asks at the same time; then, in the unit, scene
//! (users, referrals, known events); wallets, only when something is granted; record; commit. Their number does not depend
//! on how many events there are, nor on how many callers told of them.

use async_trait::async_trait;
use referral_domain::port::{Changes, NewUser, Unit};
use referral_domain::program::Program;
use referral_domain::reference::{Slug, SourceId};
use referral_domain::spend::{self, Answer, SpendCommand, SpendDecision, SpendRefusal, SpendRules};
use referral_domain::time::Timestamp;
use referral_domain::tracking::DayDelta;

use crate::app::App;
use crate::failure::{Failure, Refused};
use crate::lane::{Recorder, Told};
use crate::posting::post_grants;
use crate::transact::transact;

impl Refused for SpendRefusal {}

/// Spend events of one program, in the order in which they are decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordSpend {
    /// In which program.
    pub program: Slug,
    /// The events.
    pub events: Vec<SpendCommand>,
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
    /// Records spend events. Each answer is durable when it is given; the same event again gets the first answer.
    ///
    /// With a lane ([`App::with_lane`]) an event that comes alone shares a unit with others that do; several are one
    /// unit beside it.
    ///
    /// # Errors
    /// [`SpendRefusal`] (then nothing of the batch is recorded), no such program, or the store's.
    pub async fn record_spend(&self, command: &RecordSpend) -> Result<SpendReceipt, Failure<SpendRefusal>> {
        match (&self.lane, command.events.as_slice()) {
            (Some(lane), [event]) => lane.record(&command.program, event.clone()).await,
            _ => self.record(command).await,
        }
    }
}

#[async_trait]
impl Recorder for App {
    async fn record(&self, command: &RecordSpend) -> Told {
        let now = self.now();
        let users: &Vec<_> = &command.events.iter().map(|event| self.new_user(&event.user)).collect();
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
    events: &[SpendCommand],
    now: Timestamp,
    app: &App,
) -> Result<Vec<Answer>, Failure<SpendRefusal>> {
    let ids = &mut || app.draw_id();
    let sources: Vec<SourceId> = events.iter().map(|event| event.source.clone()).collect();
    let scene = unit.spending().scene(program.book, users, &sources, now).await?;
    let rules = SpendRules { book: program.book, currency: program.currency, paused: program.is_paused() };
    let decision = spend::decide(&rules, events, scene, now, ids)?;
    let SpendDecision { answers, events, referrals, grants, days } = decision;
    let (posting, steps) = post_grants(unit, program, &grants, now, ids).await?;
    let progress = referrals.into_iter().map(|referral| (referral.facts.id, referral.progress)).collect();
    let days = DayDelta::merged(days);
    let changes = Changes { events, progress, posting, steps, days, ..Changes::default() };
    unit.recorder().record(program.book, &changes).await?;
    Ok(answers)
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
