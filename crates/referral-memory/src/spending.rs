//! Spend events.

use std::collections::BTreeMap;

use async_trait::async_trait;
use referral_domain::id::{BookId, ReferralId, UserId};
use referral_domain::port::{NewUser, Spending, StoreError};
use referral_domain::reference::SourceId;
use referral_domain::spend::{Outcome, RefundFact, SpendEvent, SpendScene};
use referral_domain::time::Timestamp;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Spending for MemoryUnit {
    async fn scene(
        &mut self,
        book: BookId,
        users: &[NewUser],
        sources: &[SourceId],
        now: Timestamp,
    ) -> Result<SpendScene, StoreError> {
        self.call(|state| {
            let ids = state.users_named(book, users, now)?;
            let mut scene = SpendScene::default();
            for (user, id) in users.iter().zip(ids) {
                state.put_on_stage(book, user, id, &mut scene);
            }
            let known = sources.iter().filter_map(|source| state.spend_events.find(&(book, source.clone())));
            scene.known = known.map(|event| (event.source.clone(), event.clone())).collect();
            scene.refunds = state.refunds_naming(book, sources)?;
            Ok(scene)
        })
        .await
    }

    async fn parked(
        &mut self,
        book: BookId,
        user: UserId,
        since: Timestamp,
    ) -> Result<Vec<SpendEvent>, StoreError> {
        self.call(|state| {
            let mut parked: Vec<_> = state.parked_by(book, user, since).cloned().collect();
            parked.sort_by_key(|event| (event.recorded_at, event.id));
            Ok(parked)
        })
        .await
    }

    async fn refunds_of(
        &mut self,
        book: BookId,
        spends: &[SourceId],
    ) -> Result<BTreeMap<SourceId, Vec<RefundFact>>, StoreError> {
        self.call(|state| state.refunds_naming(book, spends)).await
    }
}

impl State {
    fn put_on_stage(&self, book: BookId, user: &NewUser, id: UserId, scene: &mut SpendScene) {
        scene.users.insert(user.host.clone(), id);
        if let Some(referral) = self.referral_of(book, id) {
            let referrer = referral.facts.referrer;
            scene.referrers.insert(referrer, self.email_status(book, referrer));
            scene.referrals.insert(id, referral.clone());
        }
    }

    fn parked_by(&self, book: BookId, user: UserId, since: Timestamp) -> impl Iterator<Item = &SpendEvent> {
        let of_user =
            self.spend_events.iter().filter(move |((of, _), event)| *of == book && event.user == user);
        let waiting = move |event: &&SpendEvent| {
            event.outcome == Outcome::NotReferred && event.refund.is_none() && event.recorded_at >= since
        };
        of_user.map(|(_, event)| event).filter(waiting)
    }

    /// The refunds that name these ids; ids without any are absent.
    fn refunds_naming(
        &self,
        book: BookId,
        spends: &[SourceId],
    ) -> Result<BTreeMap<SourceId, Vec<RefundFact>>, StoreError> {
        let mut found = BTreeMap::new();
        for spend in spends {
            let refunds = self.refunds_of(book, spend)?;
            if !refunds.is_empty() {
                found.insert(spend.clone(), refunds);
            }
        }
        Ok(found)
    }

    /// The refunds that name an id, oldest first.
    pub(crate) fn refunds_of(&self, book: BookId, spend: &SourceId) -> Result<Vec<RefundFact>, StoreError> {
        let naming = self.spend_refunds.find(&(book, spend.clone())).into_iter().flatten();
        let events = naming.map(|refund| self.spend_events.get(&(book, refund.clone())));
        let mut events = events.collect::<Result<Vec<_>, _>>()?;
        events.sort_by_key(|event| (event.recorded_at, event.id));
        Ok(events.into_iter().filter_map(RefundFact::of).collect())
    }

    /// Stores a new event of a user who exists, with what it met and brought about.
    pub(crate) fn add_event(&mut self, book: BookId, event: &SpendEvent) -> Result<(), StoreError> {
        self.users.has(&(book, event.user))?;
        event.referral.map_or(Ok(()), |id| self.referral_ids.has(&(book, id)))?;
        for effect in event.reward.iter().chain(&event.commission) {
            self.transactions.has(&(book, effect.transaction))?;
            let moves = effect.amount != 0 && (effect.amount > 0 || event.refund.is_some());
            let rule = self.spend_events.rule("reward_amount", "a spend takes nothing back");
            rule.holds(moves, &event.source)?;
        }
        self.spend_event_ids.add((book, event.id), event.source.clone())?;
        self.spend_events.add((book, event.source.clone()), event.clone())?;
        if let Some(refund) = &event.refund {
            let key = (book, refund.spend.clone());
            let mut naming = self.spend_refunds.find(&key).cloned().unwrap_or_default();
            naming.push(event.source.clone());
            self.spend_refunds.put(key, naming);
            let rule = self.spend_events.rule("refunds", "no refund names itself");
            rule.holds(refund.spend != event.source, &event.source)?;
        }
        let rule = self.spend_events.rule("counted", "an event counts for a referral, at most its amount");
        let within = event.counted.unsigned_abs() <= event.amount.minor().unsigned_abs();
        rule.holds(event.counted == 0 || (within && event.referral.is_some()), &event.source)?;
        let rule = self.spend_events.rule("referral_id", "an event that met no referral is of none");
        rule.holds(event.outcome != Outcome::NotReferred || event.referral.is_none(), &event.source)
    }

    /// Counts an event that waited for a referral, once.
    pub(crate) fn fold_event(
        &mut self,
        book: BookId,
        source: &SourceId,
        referral: ReferralId,
    ) -> Result<(), StoreError> {
        self.spend_events.has(&(book, source.clone()))?;
        self.referral_ids.has(&(book, referral))?;
        self.spend_folds.add((book, source.clone()), referral)
    }
}
