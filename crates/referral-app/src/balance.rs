//! A user's balance.

use referral_domain::credit::{BalanceSnapshot, may_redeem};
use referral_domain::ledger::Balances;
use referral_domain::port::{BalanceReport, StoreError};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::Timestamp;
use referral_domain::user::UserFacts;

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
    /// A user's balance now; zeros for a user nobody has heard of.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn balance(&self, slug: &Slug, user: &HostId) -> Result<BalanceView, Failure<Never>> {
        let now = self.now();
        let program = self.program::<Never>(slug).await?;
        let (balance, can_redeem) = match self.reports().user(program.book, user).await? {
            Some(facts) => {
                (self.snapshot_of(&program, &facts, now).await?, self.may_redeem(&program, &facts).await?)
            }
            None => (nothing(now), true),
        };
        Ok(BalanceView { balance, can_redeem, program })
    }

    pub(crate) async fn snapshot_of(
        &self,
        program: &Program,
        facts: &UserFacts,
        now: Timestamp,
    ) -> Result<BalanceSnapshot, StoreError> {
        let report = self.reports().balance(program.book, facts.id, aged_before(program, now)).await?;
        let BalanceReport { last, aged } = report;
        let taken = last.as_ref().map_or(0, |line| line.taken);
        let balances = last.map(|line| line.after).unwrap_or_default();
        Ok(BalanceSnapshot { balances, payable: BalanceSnapshot::payable(balances, aged, taken), as_of: now })
    }

    pub(crate) async fn may_redeem(&self, program: &Program, facts: &UserFacts) -> Result<bool, StoreError> {
        let referred = self.reports().referral_of(program.book, facts.id).await?.is_some();
        Ok(may_redeem(facts.email_status(), referred))
    }
}

/// The balance of a user who never had anything.
pub(crate) fn nothing(now: Timestamp) -> BalanceSnapshot {
    BalanceSnapshot { balances: Balances::default(), payable: 0, as_of: now }
}
