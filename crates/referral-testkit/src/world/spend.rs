//! Recording spends and refunds.

use referral_domain::id::UserId;
use referral_domain::port::{Changes, NewUser, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::spend::{
    Answer, EventCommand, RefundCommand, SpendCommand, SpendDecision, SpendRules, decide, sources,
};
use referral_domain::tracking::DayDelta;

use super::World;

impl World {
    /// Records spends in one unit; answers one a command.
    pub async fn spend(&self, commands: &[SpendCommand]) -> Vec<Answer> {
        self.tell(&commands.iter().cloned().map(EventCommand::Spend).collect::<Vec<_>>()).await
    }

    /// Records refunds in one unit; answers one a command.
    pub async fn refund(&self, commands: &[RefundCommand]) -> Vec<Answer> {
        self.tell(&commands.iter().cloned().map(EventCommand::Refund).collect::<Vec<_>>()).await
    }

    /// Records events in one unit; answers one a command.
    pub async fn tell(&self, commands: &[EventCommand]) -> Vec<Answer> {
        let users = &self.spenders(commands);
        let body = self.transact(|unit| Box::pin(self.tell_in(unit, users, commands)));
        body.await.expect("events are recorded")
    }

    /// The users of these commands, to be found or made.
    #[must_use]
    pub fn spenders(&self, commands: &[EventCommand]) -> Vec<NewUser> {
        let fresh = || UserId::from_uuid(self.id());
        commands.iter().map(|command| NewUser { host: command.user().clone(), fresh: fresh() }).collect()
    }

    /// Records events in a unit.
    ///
    /// # Errors
    /// The store's.
    pub async fn tell_in(
        &self,
        unit: &mut Unit<'_>,
        users: &[NewUser],
        commands: &[EventCommand],
    ) -> Result<Vec<Answer>, StoreError> {
        let Program { book, currency, .. } = self.program;
        let scene = unit.spending().scene(book, users, &sources(commands), self.now()).await?;
        let rules = SpendRules { book, currency, paused: self.program.is_paused() };
        let mut budget = self.budget(unit).await?;
        let decided = decide(&rules, commands, scene, &mut budget, self.now(), &mut || self.id());
        let SpendDecision { answers, events, referrals, grants, days } =
            decided.expect("every event's time is in range");
        let progress = referrals.into_iter().map(|referral| (referral.facts.id, referral.progress)).collect();
        let budget = self.budget_change(&budget);
        let mut changes = Changes { events, progress, days, budget, ..Changes::default() };
        self.post(unit, &grants, &mut changes).await?;
        changes.days = DayDelta::merged(changes.days);
        unit.recorder().record(book, &changes).await?;
        Ok(answers)
    }
}
