//! The ledger's heads and histories, as they are read. How they are written is in `posting`.

use std::collections::BTreeSet;

use async_trait::async_trait;
use referral_domain::hold::Hold;
use referral_domain::id::{BookId, ReferralId, TransactionId, UserId};
use referral_domain::ledger::{Line, Origin, Wallet};
use referral_domain::money::Currency;
use referral_domain::port::{HistoryItem, Ledger, StoreError};
use referral_domain::time::Timestamp;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Ledger for MemoryUnit {
    async fn open(
        &mut self,
        book: BookId,
        currency: Currency,
        users: &[UserId],
    ) -> Result<Vec<Wallet>, StoreError> {
        self.call(|state| {
            let users: BTreeSet<_> = users.iter().copied().collect();
            Ok(users.into_iter().map(|user| state.wallet(book, user, currency)).collect())
        })
        .await
    }

    async fn earned_until(&mut self, book: BookId, user: UserId, at: Timestamp) -> Result<i64, StoreError> {
        self.call(|state| Ok(state.earned_until(book, user, at))).await
    }

    async fn holds(&mut self, book: BookId, referrals: &[ReferralId]) -> Result<Vec<Hold>, StoreError> {
        self.call(|state| Ok(state.open_holds(book, referrals))).await
    }

    async fn line(
        &mut self,
        book: BookId,
        transaction: TransactionId,
    ) -> Result<Option<HistoryItem>, StoreError> {
        self.call(|state| {
            let place = state.line_transactions.find(&(book, transaction));
            let line = place.map(|(user, n)| state.lines.get(&(book, *user, *n))).transpose()?;
            line.map(|line| state.history_item(book, line)).transpose()
        })
        .await
    }

    async fn posted(
        &mut self,
        book: BookId,
        origin: Origin,
        origin_id: &str,
    ) -> Result<Option<HistoryItem>, StoreError> {
        let key = (book, origin, origin_id.to_owned(), 0);
        self.call(|state| {
            let Some(transfer) = state.natural_keys.find(&key) else { return Ok(None) };
            let transaction = state.transfers.get(&(book, *transfer))?.transaction;
            let (user, n) = *state.line_transactions.get(&(book, transaction))?;
            state.history_item(book, state.lines.get(&(book, user, n))?).map(Some)
        })
        .await
    }
}

impl State {
    /// A user's wallet; an empty one when they never had anything.
    pub(crate) fn wallet(&self, book: BookId, user: UserId, currency: Currency) -> Wallet {
        let mut wallet = Wallet::empty(book, user, currency);
        for head in &mut wallet.heads {
            *head = self.account_heads.find(&(book, head.account)).copied().unwrap_or(*head);
        }
        wallet.last = self.last_line(book, user).cloned();
        wallet
    }

    /// A user's history, oldest first.
    pub(crate) fn history_of(&self, book: BookId, user: UserId) -> impl DoubleEndedIterator<Item = &Line> {
        self.lines.range((book, user, i64::MIN)..=(book, user, i64::MAX))
    }

    /// The end of a user's history.
    pub(crate) fn last_line(&self, book: BookId, user: UserId) -> Option<&Line> {
        self.history_of(book, user).next_back()
    }

    /// What a user had earned at or before an instant.
    pub(crate) fn earned_until(&self, book: BookId, user: UserId, at: Timestamp) -> i64 {
        self.history_of(book, user).rfind(|line| line.at <= at).map_or(0, |line| line.earned)
    }

    /// A line with its transaction.
    pub(crate) fn history_item(&self, book: BookId, line: &Line) -> Result<HistoryItem, StoreError> {
        let transaction = self.transactions.get(&(book, line.transaction))?.clone();
        Ok(HistoryItem { line: line.clone(), transaction })
    }
}
