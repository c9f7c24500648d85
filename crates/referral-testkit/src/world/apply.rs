//! Signing up with a code, and hearing of an e-mail.

use referral_domain::apply::{
    Applied, ApplyOrder, ApplyRefusal, ApplyScene, GENERATIONS, NewReferral, daily_limit, decide,
};
use referral_domain::budget::Budget;
use referral_domain::code::Code;
use referral_domain::port::{Changes, NewUser, StoreError, Unit};
use referral_domain::referral::{Attribution, Referral, Source};
use referral_domain::settle::{Circumstances, resettle};
use referral_domain::spend::PARKED_FOR;
use referral_domain::time::DAY;
use referral_domain::tracking::DayDelta;
use referral_domain::user::{EmailStatus, UserFacts, Word};

use super::World;

impl World {
    /// A user signs up now with a code, which is applied at once.
    ///
    /// # Errors
    /// Why it is not applied.
    pub async fn sign_up(&self, name: &str, code: &Code) -> Result<Referral, ApplyRefusal> {
        let user = &self.new_user(name);
        let body = self.transact(|unit| Box::pin(self.sign_up_in(unit, user, code)));
        body.await.expect("a sign-up is recorded")
    }

    /// The same, in a unit.
    ///
    /// # Errors
    /// The store's.
    pub async fn sign_up_in(
        &self,
        unit: &mut Unit<'_>,
        user: &NewUser,
        code: &Code,
    ) -> Result<Result<Referral, ApplyRefusal>, StoreError> {
        let scene = self.apply_scene(unit, user, code).await?;
        let referred = scene.referred.clone();
        let attribution = Attribution { source: Source::Api, click: None, clicked_at: None, sub_id: None };
        let order = ApplyOrder { applied_at: self.now(), attribution };
        let mut budget = self.budget(unit).await?;
        match decide(&order, scene, &mut budget, self.now(), &mut || self.id()) {
            Ok(Applied::New(new)) => self.record_referral(unit, referred, *new, &budget).await.map(Ok),
            Ok(Applied::Again(referral)) => Ok(Ok(*referral)),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    async fn apply_scene(
        &self,
        unit: &mut Unit<'_>,
        user: &NewUser,
        code: &Code,
    ) -> Result<ApplyScene, StoreError> {
        let (book, now) = (self.program.book, self.now());
        let locked = unit.users().lock(book, std::slice::from_ref(user), &[code.owner], now).await?;
        let [mut referred, referrer] = <[UserFacts; 2]>::try_from(locked).expect("one answer a user");
        referred.hear_sign_up(now);
        let email_owner = match referred.email {
            Some(email) => unit.users().email_owners(book, &[(email, referred.id)]).await?.pop().flatten(),
            None => None,
        };
        let code = unit.codes().lock(book, &[code.id]).await?.pop();
        let ancestors = unit.referrals().ancestors(book, referrer.id, GENERATIONS).await?;
        let limit = code.as_ref().map_or(0, |code| daily_limit(&self.program, code));
        let since = now.plus_micros(-DAY);
        let crowding =
            unit.referrals().nth_newest(book, &[(referrer.id, limit)], since).await?.pop().flatten();
        let existing = unit.referrals().lock(book, &[referred.id]).await?.pop();
        let parked = unit.spending().parked(book, referred.id, now.plus_micros(-PARKED_FOR)).await?;
        let spends: Vec<_> = parked.iter().map(|spend| spend.source.clone()).collect();
        let refunds = unit.spending().refunds_of(book, &spends).await?;
        let (program, referrer) = (self.program.clone(), Some(referrer));
        Ok(ApplyScene {
            program,
            promised: None,
            code,
            referred,
            referrer,
            existing,
            email_owner,
            ancestors,
            crowding,
            parked,
            refunds,
        })
    }

    async fn record_referral(
        &self,
        unit: &mut Unit<'_>,
        referred: UserFacts,
        new: NewReferral,
        budget: &Budget,
    ) -> Result<Referral, StoreError> {
        let NewReferral { referral, code, grants, folded, day } = new;
        let mut changes = Changes {
            users: vec![referred],
            codes: vec![code],
            new_referrals: vec![referral.clone()],
            folded: folded.into_iter().map(|event| (event.source, referral.facts.id)).collect(),
            days: vec![day],
            budget: self.budget_change(budget),
            ..Changes::default()
        };
        self.post(unit, &grants, &mut changes).await?;
        unit.recorder().record(self.program.book, &changes).await?;
        Ok(referral)
    }

    /// A user's e-mail is verified now.
    pub async fn verify(&self, name: &str) {
        self.hear(name, Word { at: self.now(), verified: true }).await;
    }

    /// An event tells of a user's e-mail; everything that depends on it is settled.
    pub async fn hear(&self, name: &str, word: Word) {
        let user = &self.new_user(name);
        let body = self.transact(|unit| Box::pin(self.hear_in(unit, user, word)));
        body.await.expect("a word is recorded");
    }

    /// What an event and a token say of a user's e-mail is stored, of a user who was not referred: nothing depends on it yet.
    pub async fn hear_words(&self, name: &str, event: Option<Word>, token: Option<Word>) -> UserFacts {
        let (mut unit, book, named) = (self.begin().await, self.program.book, [self.new_user(name)]);
        let mut facts = unit.users().lock(book, &named, &[], self.now()).await.expect("locked").remove(0);
        event.into_iter().for_each(|word| facts.hear_event(word));
        token.into_iter().for_each(|word| facts.hear_token(word));
        let changes = Changes { users: vec![facts.clone()], ..Changes::default() };
        unit.recorder().record(book, &changes).await.expect("recorded");
        unit.commit().await.expect("committed");
        facts
    }

    /// The same, in a unit.
    ///
    /// # Errors
    /// The store's.
    pub async fn hear_in(&self, unit: &mut Unit<'_>, user: &NewUser, word: Word) -> Result<(), StoreError> {
        let book = self.program.book;
        let named = std::slice::from_ref(user);
        let mut facts = unit.users().lock(book, named, &[], self.now()).await?.remove(0);
        facts.hear_event(word);
        let mut settled = self.settle_both_ways(unit, user, &facts).await?;
        settled.changes.users = vec![facts];
        let Settled { mut changes, grants, budget } = settled;
        changes.budget = self.budget_change(&budget);
        self.post(unit, &grants, &mut changes).await?;
        changes.days = DayDelta::merged(changes.days);
        unit.recorder().record(book, &changes).await
    }

    /// The referral the user came by, and those that wait for them as their referrer.
    async fn settle_both_ways(
        &self,
        unit: &mut Unit<'_>,
        user: &NewUser,
        facts: &UserFacts,
    ) -> Result<Settled, StoreError> {
        let (book, status) = (self.program.book, facts.email_status());
        let waiting = match status {
            EmailStatus::Unverified => Vec::new(),
            _ => unit.referrals().waiting_for(book, facts.id, 100).await?,
        };
        let scene = unit.spending().scene(book, std::slice::from_ref(user), &[], self.now()).await?;
        let locked = unit.referrals().lock(book, &waiting).await?;
        let budget = self.budget(unit).await?;
        let mut settled = Settled { changes: Changes::default(), grants: Vec::new(), budget };
        for referral in scene.referrals.into_values() {
            let referrer = scene.referrers[&referral.facts.referrer];
            settled.take(self, referral, status, referrer);
        }
        for referral in locked {
            let referred = referral.progress.verified_at.map_or(EmailStatus::Unknown, EmailStatus::Verified);
            settled.take(self, referral, referred, status);
        }
        Ok(settled)
    }
}

struct Settled {
    changes: Changes,
    grants: Vec<referral_domain::settle::Grant>,
    budget: Budget,
}

impl Settled {
    fn take(&mut self, world: &World, mut referral: Referral, referred: EmailStatus, referrer: EmailStatus) {
        let (paused, now) = (world.program.is_paused(), world.now());
        let seen = Circumstances { paused, referrer, spent_at: None, now };
        let resettled = resettle(&mut referral, referred, &seen, &mut self.budget, &mut || world.id());
        self.changes.progress.push((referral.facts.id, referral.progress));
        self.changes.days.push(resettled.day);
        self.grants.extend(resettled.grants);
    }
}
