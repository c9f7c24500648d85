//! Looking at payouts and batches.

use referral_domain::id::{BatchId, PayoutId, UserId};
use referral_domain::payout::{BatchStatus, BatchStep, PayoutStatus, missing};
use referral_domain::port::{BatchFilter, BatchHead, PayoutFilter, PayoutItem, PayoutSummary, StoreError};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};

use crate::app::App;
use crate::balance::BalanceView;
use crate::failure::{Failure, Never};
use crate::redeem_credits::aged_before;

/// Which payouts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayoutQuery {
    /// In which program.
    pub program: Slug,
    /// Only this user's.
    pub user: Option<HostId>,
    /// Only those that stand here.
    pub status: Option<PayoutStatus>,
    /// Only smaller ids: where the page before ended.
    pub before: Option<PayoutId>,
    /// At most so many.
    pub limit: u32,
}

/// A page of payouts, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayoutPage {
    /// The payouts.
    pub items: Vec<PayoutItem>,
    /// Where the next page begins: its `before`.
    pub next: Option<PayoutId>,
    /// The program, for its currency.
    pub program: Program,
}

/// One payout.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayoutView {
    /// The payout.
    pub item: PayoutItem,
    /// The program, for its currency.
    pub program: Program,
}

/// What a user's payouts come to, in minor units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayoutOverview {
    /// What they have, with what is payable of it.
    pub balance: BalanceView,
    /// What they were paid.
    pub paid: i64,
    /// The least that is paid out.
    pub minimum: i64,
    /// What must become payable before a payout can be asked for.
    pub missing: i64,
    /// The payout that has not ended.
    pub open: Option<PayoutId>,
}

/// Which batches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BatchQuery {
    /// In which program.
    pub program: Slug,
    /// Only those that stand here.
    pub status: Option<BatchStatus>,
    /// Only smaller ids: where the page before ended.
    pub before: Option<BatchId>,
    /// At most so many.
    pub limit: u32,
}

/// A page of batches, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BatchPage {
    /// The batches, their steps by people under the host's ids.
    pub items: Vec<BatchHead>,
    /// Where the next page begins: its `before`.
    pub next: Option<BatchId>,
    /// The program, for its currency.
    pub program: Program,
}

/// One batch with its payouts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BatchView {
    /// The batch, its steps by people under the host's ids.
    pub head: BatchHead,
    /// Its payouts, by id.
    pub payouts: Vec<PayoutItem>,
    /// The program, for its currency.
    pub program: Program,
}

impl App {
    /// A page of payouts. Pages follow one another without overlap or gap, whatever is asked for meanwhile.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn payouts(&self, query: &PayoutQuery) -> Result<PayoutPage, Failure<Never>> {
        let program = self.program::<Never>(&query.program).await?;
        let Some(user) = self.named(&program, query.user.as_ref()).await? else {
            return Ok(PayoutPage { items: Vec::new(), next: None, program });
        };
        let (status, before, limit) = (query.status, query.before, query.limit);
        let one_more = PayoutFilter { user, status, before, limit: limit.saturating_add(1) };
        let mut items = self.reports().payouts(program.book, &one_more).await?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|item| item.payout.id);
        Ok(PayoutPage { items, next, program })
    }

    /// One payout; `None` when there is none, or it is not this user's.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn payout(
        &self,
        slug: &Slug,
        user: Option<&HostId>,
        id: PayoutId,
    ) -> Result<Option<PayoutView>, Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let item = self.reports().payout(program.book, id).await?;
        let theirs = item.filter(|item| user.is_none() || item.host.as_ref() == user);
        Ok(theirs.map(|item| PayoutView { item, program }))
    }

    /// What a user's payouts come to.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn payout_overview(
        &self,
        slug: &Slug,
        user: &HostId,
    ) -> Result<PayoutOverview, Failure<Never>> {
        let now = self.now();
        let program = self.program::<Never>(slug).await?;
        let summary = self.reports().payout_summary(program.book, user, aged_before(&program, now)).await?;
        let PayoutSummary { account, paid, open } = summary;
        let minimum = program.rules.policy.minimum_payout;
        let balance = BalanceView::of(account, program, now);
        let missing = missing(balance.balance.payable, minimum);
        Ok(PayoutOverview { balance, paid, minimum, missing, open })
    }

    /// A page of batches.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn batches(&self, query: &BatchQuery) -> Result<BatchPage, Failure<Never>> {
        let program = self.program::<Never>(&query.program).await?;
        let (status, before, limit) = (query.status, query.before, query.limit);
        let one_more = BatchFilter { status, before, limit: limit.saturating_add(1) };
        let mut items = self.reports().batches(program.book, &one_more).await?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|head| head.id);
        self.name_makers(&program, &mut items).await?;
        Ok(BatchPage { items, next, program })
    }

    /// One batch with its payouts.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn batch(&self, slug: &Slug, id: BatchId) -> Result<Option<BatchView>, Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let Some((head, payouts)) = self.reports().batch(program.book, id).await? else { return Ok(None) };
        let mut heads = vec![head];
        self.name_makers(&program, &mut heads).await?;
        let head = heads.pop();
        Ok(head.map(|head| BatchView { head, payouts, program }))
    }

    /// Gives people in batches' steps the names the host knows them by; whoever was erased keeps their internal id.
    async fn name_makers(&self, program: &Program, heads: &mut [BatchHead]) -> Result<(), StoreError> {
        let people = people(heads.iter().flat_map(|head| &head.steps));
        let names = self.reports().names(program.book, &people).await?;
        name(heads.iter_mut().flat_map(|head| &mut head.steps), &people, &names);
        Ok(())
    }
}

/// The people of these steps, each once, in the order of their ids.
pub(super) fn people<'a>(steps: impl IntoIterator<Item = &'a BatchStep>) -> Vec<UserId> {
    let mut ids: Vec<_> = steps.into_iter().filter_map(|step| UserId::parse(&step.by.id)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Gives people in these steps the names the host knows them by; whoever was erased keeps their internal id.
pub(super) fn name<'a>(
    steps: impl IntoIterator<Item = &'a mut BatchStep>,
    people: &[UserId],
    names: &[Option<HostId>],
) {
    for step in steps {
        let place = UserId::parse(&step.by.id).and_then(|id| people.binary_search(&id).ok());
        let name = place.and_then(|place| names.get(place)?.as_ref());
        if let Some(name) = name {
            step.by.id = name.to_string();
        }
    }
}
