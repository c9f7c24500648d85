//! The books as finance reads them: the trial balance, searches, the journal, statements of account.

use referral_domain::id::{TransactionId, TransferId, UserId};
use referral_domain::ledger::{Account, Balances, Head};
use referral_domain::port::{
    HistoryFilter, HistoryItem, JournalFilter, JournalItem, LegReport, StoreError, TransactionDetail,
    TransactionFilter, TransactionReport, TransferFilter,
};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::statement::Statement;
use referral_domain::time::Timestamp;
use referral_domain::trial_balance::TrialBalance;

use crate::app::App;
use crate::failure::{Failure, Never, Refused};

/// How many lines of a statement are read at once.
const CHUNK: u32 = 1_000;
/// The most lines of one statement: it is held in memory while it is made.
pub const STATEMENT_LINES_MAX: usize = 10_000;

/// No line is later. A line may be recorded a little ahead of the clock: after the one before it.
const EVER: Timestamp = Timestamp::from_micros(i64::MAX);

/// A page of a search, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found<T, Id> {
    /// What was found.
    pub items: Vec<T>,
    /// Where the next page begins: its `after`.
    pub next: Option<Id>,
    /// The program, for its currency.
    pub program: Program,
}

/// What a user has in each of their accounts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserAccounts {
    /// Their accounts with what is in them now.
    pub accounts: Vec<(Account, Head)>,
    /// Their balances at the instant asked for.
    pub balances: Balances,
    /// The program, for its currency.
    pub program: Program,
}

/// Why there is no statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementRefused {
    /// It would have more than [`STATEMENT_LINES_MAX`] lines.
    #[error("more than {STATEMENT_LINES_MAX} lines; ask for a shorter time")]
    TooLong,
}

impl Refused for StatementRefused {}

impl App {
    /// What every account was debited and credited at or before an instant, ever when none is told, from one snapshot. Both columns come to the
    /// same sum; books that do not are an error. It looks at every transfer.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn trial_balance(
        &self,
        slug: &Slug,
        as_of: Option<Timestamp>,
    ) -> Result<(TrialBalance, Program), Failure<Never>> {
        let (now, program) = (self.now(), self.program::<Never>(slug).await?);
        let moved = self.reports().movements(program.book, as_of.unwrap_or(EVER)).await?;
        let trial = TrialBalance::of(as_of.unwrap_or(now), &moved);
        let trial = trial.map_err(|fault| StoreError::corrupt("transfers", "amount", slug, fault))?;
        Ok((trial, program))
    }

    /// Transactions, newest first; of one user when a name is told.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn search_transactions(
        &self,
        slug: &Slug,
        user: Option<&HostId>,
        filter: &TransactionFilter,
    ) -> Result<Found<TransactionReport, TransactionId>, Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let Some(user) = self.named(&program, user).await? else {
            return Ok(Found { items: Vec::new(), next: None, program });
        };
        let limit = filter.limit.saturating_add(1);
        let one_more = TransactionFilter { user, limit, ..filter.clone() };
        let mut items = self.reports().transactions(program.book, &one_more).await?;
        let more = items.len() > filter.limit as usize;
        items.truncate(filter.limit as usize);
        let next = items.last().filter(|_| more).map(|report| report.item.transaction.id);
        Ok(Found { items, next, program })
    }

    /// Everything that a transaction wrote; `None` when there is no such one.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn transaction(
        &self,
        slug: &Slug,
        id: TransactionId,
    ) -> Result<(Option<TransactionDetail>, Program), Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        Ok((self.reports().transaction(program.book, id).await?, program))
    }

    /// Transfers, newest first.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn search_transfers(
        &self,
        slug: &Slug,
        filter: &TransferFilter,
    ) -> Result<Found<LegReport, TransferId>, Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let one_more = TransferFilter { limit: filter.limit.saturating_add(1), ..filter.clone() };
        let mut items = self.reports().transfers(program.book, &one_more).await?;
        let more = items.len() > filter.limit as usize;
        items.truncate(filter.limit as usize);
        let next = items.last().filter(|_| more).map(|leg| leg.transfer.id);
        Ok(Found { items, next, program })
    }

    /// A user's accounts, and their balances at an instant, or now: zeros for a user nobody has heard of.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn user_accounts(
        &self,
        slug: &Slug,
        user: &HostId,
        as_of: Option<Timestamp>,
    ) -> Result<UserAccounts, Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let Some(user) = self.reports().user_id(program.book, user).await? else {
            return Ok(UserAccounts { accounts: Vec::new(), balances: Balances::default(), program });
        };
        let accounts = self.reports().accounts(program.book, program.currency, user).await?;
        let line = self.reports().line_at(program.book, user, as_of.unwrap_or(EVER)).await?;
        let balances = line.map(|line| line.after).unwrap_or_default();
        Ok(UserAccounts { accounts, balances, program })
    }

    /// A page of the journal, oldest first.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn journal(
        &self,
        slug: &Slug,
        filter: &JournalFilter,
    ) -> Result<(Vec<JournalItem>, Program), Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        Ok((self.reports().journal(program.book, filter).await?, program))
    }

    /// A user's statement: opening balances, every line of the time, closing balances; it adds up. Of a user nobody has
    /// heard of, zeros.
    ///
    /// # Errors
    /// [`StatementRefused`], no such program, or the store's.
    pub async fn statement(
        &self,
        slug: &Slug,
        user: &HostId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<(Statement, Program), Failure<StatementRefused>> {
        let program = self.program::<StatementRefused>(slug).await?;
        let (lines, before) = match self.reports().user_id(program.book, user).await? {
            Some(user) => {
                let lines = self.lines_between(&program, user, from, until).await?;
                (lines, self.reports().line_at(program.book, user, from.plus_micros(-1)).await?)
            }
            None => (Vec::new(), None),
        };
        let statement = Statement::of(from, until, before.as_ref(), lines);
        let broken = |fault| StoreError::corrupt("history_lines", "n", slug, fault);
        Ok((statement.map_err(broken)?, program))
    }

    /// The lines of a time, oldest first. They are read from the end: what is recorded meanwhile comes after it.
    async fn lines_between(
        &self,
        program: &Program,
        user: UserId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<HistoryItem>, Failure<StatementRefused>> {
        let (mut lines, mut before) = (Vec::new(), None);
        let (from, until) = (Some(from), Some(until));
        loop {
            let filter = HistoryFilter { kinds: Vec::new(), from, until, before, limit: CHUNK };
            let chunk = self.reports().history(program.book, user, &filter).await?;
            before = chunk.last().map(|item| item.line.n);
            let last = chunk.len() < CHUNK as usize;
            lines.extend(chunk);
            if lines.len() > STATEMENT_LINES_MAX {
                return Err(StatementRefused::TooLong.into());
            }
            if last {
                lines.reverse();
                return Ok(lines);
            }
        }
    }

    /// The user of a name: `Some(None)` when no name is told, `None` when nobody has it.
    pub(crate) async fn named(
        &self,
        program: &Program,
        name: Option<&HostId>,
    ) -> Result<Option<Option<UserId>>, StoreError> {
        let Some(name) = name else { return Ok(Some(None)) };
        Ok(self.reports().user_id(program.book, name).await?.map(Some))
    }
}
