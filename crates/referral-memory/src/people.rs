//! Questions about people, answered from what is committed when they are asked.

use std::cmp::Reverse;

use async_trait::async_trait;
use referral_domain::id::{BookId, ReferralId};
use referral_domain::payout::PayoutStatus;
use referral_domain::port::{
    CodeFilter, HistoryItem, PayoutItem, PeopleReports, ReferralFile, ReferralFilter, ReferralReport,
    ReferrerReport, StoreError, UserFile,
};
use referral_domain::reference::{HostId, SourceId};
use referral_domain::referral::Referral;
use referral_domain::spend::SpendEvent;
use referral_domain::time::Timestamp;
use referral_domain::user::UserFacts;

use crate::state::State;
use crate::store::MemoryStore;

#[async_trait]
impl PeopleReports for MemoryStore {
    async fn referrals(
        &self,
        book: BookId,
        filter: &ReferralFilter,
    ) -> Result<Vec<ReferralReport>, StoreError> {
        let state = self.committed()?;
        let named = state.referrals_in(book).map(|referral| state.referral_report(book, referral));
        let mut found: Vec<_> = named.filter(|report| state.lets_pass(filter, report)).collect();
        found.sort_by_key(|report| Reverse(place(&report.referral)));
        found.truncate(filter.limit as usize);
        Ok(found)
    }

    async fn referral(
        &self,
        book: BookId,
        id: ReferralId,
        limit: u32,
    ) -> Result<Option<ReferralFile>, StoreError> {
        let state = self.committed()?;
        let Some(referral) = state.referrals_in(book).find(|referral| referral.facts.id == id) else {
            return Ok(None);
        };
        let report = state.referral_report(book, referral);
        let mut transactions = state.all_items(book)?;
        transactions.retain(|item| item.transaction.referral == Some(id));
        transactions.truncate(limit as usize);
        Ok(Some(ReferralFile { report, events: state.events_for(book, id, limit), transactions }))
    }

    async fn user_file(
        &self,
        book: BookId,
        host: &HostId,
        aged: Timestamp,
        limit: u32,
    ) -> Result<Option<UserFile>, StoreError> {
        let state = self.committed()?;
        let facts = state.facts_of(book, host)?;
        facts.map(|facts| state.user_file(book, facts, aged, limit)).transpose()
    }
}

/// The place of a referral in its program's list.
const fn place(referral: &Referral) -> (Timestamp, ReferralId) {
    (referral.facts.created_at, referral.facts.id)
}

impl State {
    fn referral_report(&self, book: BookId, referral: &Referral) -> ReferralReport {
        let referrer = self.name_of(book, referral.facts.referrer);
        let referred = self.name_of(book, referral.facts.referred);
        ReferralReport { referral: referral.clone(), referrer, referred }
    }

    fn lets_pass(&self, filter: &ReferralFilter, report: &ReferralReport) -> bool {
        let ReferralFilter { referrer, referred, code, state, review, from, until, before, limit: _ } =
            filter;
        let Referral { facts, progress } = &report.referral;
        let folded = self.codes.find(&(facts.book, facts.code)).map(|code| code.text.folded());
        (referrer.is_none() || *referrer == report.referrer)
            && (referred.is_none() || *referred == report.referred)
            && (code.is_none() || *code == folded)
            && state.is_none_or(|state| state == progress.state.name())
            && review.is_none_or(|review| review == progress.review)
            && from.is_none_or(|from| from <= facts.created_at)
            && until.is_none_or(|until| facts.created_at < until)
            && before.is_none_or(|before| place(&report.referral) < before)
    }

    fn events_for(&self, book: BookId, id: ReferralId, limit: u32) -> Vec<SpendEvent> {
        let met = |(of, source): &(BookId, SourceId), event: &SpendEvent| {
            let folded = self.spend_folds.find(&(*of, source.clone()));
            *of == book && (event.referral == Some(id) || folded == Some(&id))
        };
        let all = self.spend_events.iter().filter(|(key, event)| met(key, event));
        let mut events: Vec<_> = all.map(|(_, event)| event.clone()).collect();
        events.sort_by_key(|event| Reverse((event.recorded_at, event.id)));
        events.truncate(limit as usize);
        events
    }

    fn user_file(
        &self,
        book: BookId,
        facts: UserFacts,
        aged: Timestamp,
        limit: u32,
    ) -> Result<UserFile, StoreError> {
        let mine = CodeFilter { owner: Some(facts.host.clone()), limit, ..CodeFilter::default() };
        let history = self.history_of(book, facts.id).rev().take(limit as usize);
        let history: Vec<HistoryItem> =
            history.map(|line| self.history_item(book, line)).collect::<Result<_, _>>()?;
        let paid = self.payouts_of(book, facts.id).filter(|payout| payout.status() == PayoutStatus::Paid);
        let paid = paid.map(|payout| payout.amount).sum();
        let last = self.payouts_of(book, facts.id).next_back();
        let open = last.filter(|payout| !payout.status().is_final());
        let open: Option<PayoutItem> = open.map(|payout| self.payout_item(book, payout)).transpose()?;
        let came = self.referral_of(book, facts.id).map(|referral| self.referral_report(book, referral));
        Ok(UserFile {
            codes: self.codes_page(book, &mine)?,
            shares: ReferrerReport {
                code: self.primary_code(book, facts.id)?,
                counts: self.referral_counts(book, facts.id),
            },
            came,
            account: self.account(book, &facts, aged),
            history,
            method: self.method_in_force(book, facts.id).cloned(),
            paid,
            open,
            facts,
        })
    }
}
