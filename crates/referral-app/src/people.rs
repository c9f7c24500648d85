//! Referrals and users as operators look at them.

use referral_domain::id::ReferralId;
use referral_domain::port::{ReferralFile, ReferralFilter, ReferralReport, UserFile};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::Timestamp;

use crate::app::App;
use crate::balance::BalanceView;
use crate::failure::{Failure, Never};
use crate::redeem_credits::aged_before;
use crate::referral_stats::ReferralStats;

/// How many events and transactions of a referral are told with it, the last of them.
pub const REFERRAL_LINES_MAX: u32 = 100;
/// How many codes and lines of their history are told with a user, the last of them.
pub const USER_LINES_MAX: u32 = 20;

/// A page of referrals, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReferralPage {
    /// The referrals.
    pub items: Vec<ReferralReport>,
    /// Where the next page begins: its `before`.
    pub next: Option<(Timestamp, ReferralId)>,
    /// The program, for its currency.
    pub program: Program,
}

/// All about one user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserView {
    /// What is known, as it was read.
    pub file: UserFile,
    /// What they have.
    pub balance: BalanceView,
    /// What their primary code brought.
    pub stats: ReferralStats,
}

impl App {
    /// A page of referrals. Pages follow one another without overlap or gap, whoever signs up meanwhile.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn referrals(
        &self,
        slug: &Slug,
        filter: &ReferralFilter,
    ) -> Result<ReferralPage, Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let one_more = ReferralFilter { limit: filter.limit.saturating_add(1), ..filter.clone() };
        let mut items = self.reports().referrals(program.book, &one_more).await?;
        let more = items.len() > filter.limit as usize;
        items.truncate(filter.limit as usize);
        let last = items.last().filter(|_| more).map(|item| &item.referral.facts);
        let next = last.map(|facts| (facts.created_at, facts.id));
        Ok(ReferralPage { items, next, program })
    }

    /// A referral with the last of what came of it, at most [`REFERRAL_LINES_MAX`] of each; `None` when there is none.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn referral_file(
        &self,
        slug: &Slug,
        id: ReferralId,
    ) -> Result<Option<(ReferralFile, Program)>, Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let file = self.reports().referral(program.book, id, REFERRAL_LINES_MAX).await?;
        Ok(file.map(|file| (file, program)))
    }

    /// All about a user, at most [`USER_LINES_MAX`] of each list; `None` when nobody has heard of them.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn user_file(&self, slug: &Slug, user: &HostId) -> Result<Option<UserView>, Failure<Never>> {
        let (now, program) = (self.now(), self.program::<Never>(slug).await?);
        let aged = aged_before(&program, now);
        let found = self.reports().user_file(program.book, user, aged, USER_LINES_MAX).await?;
        Ok(found.map(|file| {
            let code = file.shares.code.as_ref().map(|code| code.text.clone());
            let stats = ReferralStats::of(&program, code, file.shares.counts);
            let balance = BalanceView::of(file.account.clone(), program, now);
            UserView { file, balance, stats }
        }))
    }
}
