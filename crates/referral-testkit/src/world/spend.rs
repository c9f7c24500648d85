//! Recording spend.

use referral_domain::id::UserId;
use referral_domain::port::{Changes, NewUser, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::SourceId;
use referral_domain::spend::{Answer, SpendCommand, SpendDecision, SpendRules, decide};
use referral_domain::tracking::DayDelta;

use super::World;

impl World {
    /// Records spends in one unit; answers one a command.
    pub async fn spend(&self, commands: &[SpendCommand]) -> Vec<Answer> {
        let users = &self.spenders(commands);
        let body = self.transact(|unit| Box::pin(self.spend_in(unit, users, commands)));
        body.await.expect("spends are recorded")
    }

    /// The users of these commands, to be found or made.
    #[must_use]
    pub fn spenders(&self, commands: &[SpendCommand]) -> Vec<NewUser> {
        let fresh = || UserId::from_uuid(self.id());
        commands.iter().map(|command| NewUser { host: command.user.clone(), fresh: fresh() }).collect()
    }

    /// Records spends in a unit.
    ///
    /// # Errors
    /// The store's.
    pub async fn spend_in(
        &self,
        unit: &mut Unit<'_>,
        users: &[NewUser],
        commands: &[SpendCommand],
    ) -> Result<Vec<Answer>, StoreError> {
        let Program { book, currency, .. } = self.program;
        let sources: Vec<SourceId> = commands.iter().map(|command| command.source.clone()).collect();
        let scene = unit.spending().scene(book, users, &sources, self.now()).await?;
        let rules = SpendRules { book, currency, paused: self.program.is_paused() };
        let decided = decide(&rules, commands, scene, self.now(), &mut || self.id());
        self.record_spend(unit, decided.expect("every event's time is in range")).await
    }

    async fn record_spend(
        &self,
        unit: &mut Unit<'_>,
        decision: SpendDecision,
    ) -> Result<Vec<Answer>, StoreError> {
        let SpendDecision { answers, events, referrals, grants, days } = decision;
        let (posting, steps) = self.post(unit, &grants).await?;
        let progress = referrals.into_iter().map(|referral| (referral.facts.id, referral.progress)).collect();
        let days = DayDelta::merged(days);
        let changes = Changes { events, progress, posting, steps, days, ..Changes::default() };
        unit.recorder().record(self.program.book, &changes).await?;
        Ok(answers)
    }
}
