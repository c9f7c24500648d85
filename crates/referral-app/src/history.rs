//! A user's history and its sums.

use referral_domain::port::{HistoryFilter, HistoryItem, Summary};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};

use crate::app::App;
use crate::balance::BalanceView;
use crate::failure::{Failure, Never};
use crate::redeem_credits::aged_before;

/// Whose history, and which lines of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryQuery {
    /// In which program.
    pub program: Slug,
    /// Whose.
    pub user: HostId,
    /// Which lines.
    pub filter: HistoryFilter,
}

/// Lines of a history, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryPage {
    /// The lines.
    pub items: Vec<HistoryItem>,
    /// Where the next page begins: its `before`.
    pub next: Option<i64>,
    /// The program, for its currency.
    pub program: Program,
}

impl App {
    /// A page of a user's history. Pages follow one another without overlap or gap, whatever is posted meanwhile.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, Failure<Never>> {
        let program = self.program_lately::<Never>(&query.program).await?;
        let limit = query.filter.limit;
        let one_more = HistoryFilter { limit: limit.saturating_add(1), ..query.filter.clone() };
        let mut items = match self.reports().user_id(program.book, &query.user).await? {
            Some(user) => self.reports().history(program.book, user, &one_more).await?,
            None => Vec::new(),
        };
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|item| item.line.n);
        Ok(HistoryPage { items, next, program })
    }

    /// A user's history in sums, with the balance they come to.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn summary(
        &self,
        slug: &Slug,
        user: &HostId,
    ) -> Result<(Summary, BalanceView), Failure<Never>> {
        let now = self.now();
        let program = self.program_lately::<Never>(slug).await?;
        let report = self.reports().summary(program.book, user, aged_before(&program, now)).await?;
        Ok((report.sums, BalanceView::of(report.account, program, now)))
    }
}
