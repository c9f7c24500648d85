//! A user's balance.

use referral_domain::credit::BalanceSnapshot;
use referral_domain::ledger::Sums;
use referral_domain::port::AccountReport;
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::Timestamp;

use crate::app::App;
use crate::failure::{Failure, Never};
use crate::redeem_credits::aged_before;

/// A balance and whether it may be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BalanceView {
    /// The balance.
    pub balance: BalanceSnapshot,
    /// Whether the user may redeem: they are not known to be unverified, nor referred and not yet verified.
    pub can_redeem: bool,
    /// The program, for its currency.
    pub program: Program,
}

impl App {
    /// A user's balance now, what of it may be paid out by the rules of the last 2 seconds; zeros for a user nobody has heard of.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn balance(&self, slug: &Slug, user: &HostId) -> Result<BalanceView, Failure<Never>> {
        let now = self.now();
        let program = self.program_lately::<Never>(slug).await?;
        let account = self.reports().account(program.book, user, aged_before(&program, now)).await?;
        Ok(BalanceView::of(account, program, now))
    }
}

impl BalanceView {
    pub(crate) fn of(account: AccountReport, program: Program, now: Timestamp) -> Self {
        let AccountReport { must_verify, last, aged } = account;
        let sums = last.as_ref().map(Sums::of).unwrap_or_default();
        let balances = last.map(|line| line.after).unwrap_or_default();
        let payable = BalanceSnapshot::payable(balances, aged, sums);
        let balance = BalanceSnapshot { balances, payable, as_of: now };
        Self { balance, can_redeem: !must_verify, program }
    }
}
