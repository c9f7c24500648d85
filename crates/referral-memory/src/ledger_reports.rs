//! Questions about the books, answered from what is committed when they are asked.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;
use referral_domain::id::{AccountId, AdjustmentId, BookId, TransactionId, UserId};
use referral_domain::ledger::{
    Account, Entry, EntrySide, Head, Line, Party, Purpose, Side, Transaction, Transfer,
};
use referral_domain::money::Currency;
use referral_domain::port::{
    AdjustmentFilter, AdjustmentReport, HistoryItem, JournalFilter, JournalItem, LedgerReports, LegReport,
    StoreError, TransactionDetail, TransactionFilter, TransactionReport, TransferFilter,
};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;
use referral_domain::trial_balance::Movement;

use crate::fold;
use crate::state::State;
use crate::store::MemoryStore;

#[async_trait]
impl LedgerReports for MemoryStore {
    async fn movements(&self, book: BookId, as_of: Timestamp) -> Result<Vec<Movement>, StoreError> {
        let state = self.committed()?;
        let mut sums = BTreeMap::new();
        for transfer in state.transfers_of(book).filter(|transfer| transfer.recorded_at <= as_of) {
            let LegReport { debit, credit, .. } = state.leg(book, transfer)?;
            let mut add = |account, debits, credits| {
                let sum = sums.entry(account).or_insert(Movement { account, debits: 0, credits: 0 });
                (sum.debits, sum.credits) =
                    (sum.debits.saturating_add(debits), sum.credits.saturating_add(credits));
            };
            add(debit, transfer.amount, 0);
            add(credit, 0, transfer.amount);
        }
        Ok(sums.into_values().collect())
    }

    async fn line_at(&self, book: BookId, user: UserId, at: Timestamp) -> Result<Option<Line>, StoreError> {
        Ok(self.committed()?.history_of(book, user).rfind(|line| line.at <= at).cloned())
    }

    async fn transactions(
        &self,
        book: BookId,
        filter: &TransactionFilter,
    ) -> Result<Vec<TransactionReport>, StoreError> {
        let state = self.committed()?;
        let mut items: Vec<_> = match filter.user {
            Some(user) => state.items_of(book, user)?,
            None => state.all_items(book)?,
        };
        if let Some(last) = filter.after {
            let ended = items.iter().position(|item| item.transaction.id == last);
            items.drain(..ended.map_or(items.len(), |at| at + 1));
        }
        let found = items.into_iter().filter(|item| lets_pass(filter, item)).take(filter.limit as usize);
        Ok(found.map(|item| state.report(book, item)).collect())
    }

    async fn transaction(
        &self,
        book: BookId,
        id: TransactionId,
    ) -> Result<Option<TransactionDetail>, StoreError> {
        let state = self.committed()?;
        let Some((user, n)) = state.line_transactions.find(&(book, id)) else { return Ok(None) };
        let item = state.history_item(book, state.lines.get(&(book, *user, *n))?)?;
        let legs = state.legs_of(book, id)?;
        let entries = legs.iter().flat_map(|leg| state.entries_of(book, &leg.transfer)).collect();
        Ok(Some(TransactionDetail { report: state.report(book, item), legs, entries }))
    }

    async fn accounts(
        &self,
        book: BookId,
        currency: Currency,
        user: UserId,
    ) -> Result<Vec<(Account, Head)>, StoreError> {
        let state = self.committed()?;
        let is_theirs = |account: &Account| account.user == user && account.currency == currency;
        let theirs = state.accounts.iter().filter(|((of, _), account)| *of == book && is_theirs(account));
        let headed = |(key, account): (&(BookId, AccountId), &Account)| {
            Some((account.clone(), *state.account_heads.find(key)?))
        };
        let mut accounts: Vec<_> = theirs.filter_map(headed).collect();
        accounts.sort_by_key(|(account, _)| account.purpose);
        Ok(accounts)
    }

    async fn transfers(&self, book: BookId, filter: &TransferFilter) -> Result<Vec<LegReport>, StoreError> {
        let state = self.committed()?;
        let mut all: Vec<_> = match filter.account {
            Some(account) => state.transfers_on(book, account)?,
            None => state.transfers_of(book).rev().collect(),
        };
        if let Some(last) = filter.after {
            let ended = all.iter().position(|transfer| transfer.id == last);
            all.drain(..ended.map_or(all.len(), |at| at + 1));
        }
        let found = all.into_iter().filter(|transfer| is_asked_for(filter, transfer));
        found.take(filter.limit as usize).map(|transfer| state.leg(book, transfer)).collect()
    }

    async fn journal(&self, book: BookId, filter: &JournalFilter) -> Result<Vec<JournalItem>, StoreError> {
        let state = self.committed()?;
        let asked = |transaction: &&Transaction| {
            (filter.from..filter.until).contains(&transaction.recorded_at)
                && filter.after.is_none_or(|after| after < transaction.id)
        };
        let found = state.transactions_of(book).filter(asked).take(filter.limit as usize);
        found
            .map(|transaction| {
                let legs = state.legs_of(book, transaction.id)?;
                Ok(JournalItem { transaction: transaction.clone(), legs })
            })
            .collect()
    }

    async fn adjustments(
        &self,
        book: BookId,
        filter: &AdjustmentFilter,
    ) -> Result<Vec<AdjustmentReport>, StoreError> {
        self.committed()?.adjustment_page(book, filter)
    }

    async fn adjustment(
        &self,
        book: BookId,
        id: AdjustmentId,
    ) -> Result<Option<AdjustmentReport>, StoreError> {
        self.committed()?.adjustment_report(book, id)
    }
}

impl State {
    fn transactions_of(&self, book: BookId) -> impl DoubleEndedIterator<Item = &Transaction> {
        let all = self.transactions.iter();
        all.filter(move |((of, _), _)| *of == book).map(|(_, transaction)| transaction)
    }

    fn transfers_of(&self, book: BookId) -> impl DoubleEndedIterator<Item = &Transfer> {
        self.transfers.iter().filter(move |((of, _), _)| *of == book).map(|(_, transfer)| transfer)
    }

    /// The transfers on an account, the last first.
    fn transfers_on(&self, book: BookId, account: AccountId) -> Result<Vec<&Transfer>, StoreError> {
        let chain = self.entries.range((book, account, i64::MIN)..=(book, account, i64::MAX));
        chain.rev().map(|entry| self.transfers.get(&(book, entry.transfer))).collect()
    }

    fn items_of(&self, book: BookId, user: UserId) -> Result<Vec<HistoryItem>, StoreError> {
        self.history_of(book, user).rev().map(|line| self.history_item(book, line)).collect()
    }

    pub(crate) fn all_items(&self, book: BookId) -> Result<Vec<HistoryItem>, StoreError> {
        let lines = self.lines.iter().filter(|((of, ..), _)| *of == book);
        let mut items: Vec<_> =
            lines.map(|(_, line)| self.history_item(book, line)).collect::<Result<_, _>>()?;
        items.sort_by_key(|item| Reverse(item.transaction.id));
        Ok(items)
    }

    fn report(&self, book: BookId, item: HistoryItem) -> TransactionReport {
        let user = self.name_of(book, item.transaction.user);
        TransactionReport { item, user }
    }

    /// The host's name of a user, unless it was erased.
    pub(crate) fn name_of(&self, book: BookId, user: UserId) -> Option<HostId> {
        let named = |((of, _), id): &(&(BookId, _), &UserId)| *of == book && **id == user;
        self.user_names.iter().find(named).map(|((_, host), _)| host.clone())
    }

    /// A transfer with what its accounts are.
    fn leg(&self, book: BookId, transfer: &Transfer) -> Result<LegReport, StoreError> {
        let side = |party| match party {
            Party::Account(id) => self.purpose(book, id).map(Side::User),
            Party::System(name) => Ok(Side::System(name)),
        };
        let (debit, credit) = (side(transfer.debit)?, side(transfer.credit)?);
        Ok(LegReport { transfer: transfer.clone(), debit, credit })
    }

    fn purpose(&self, book: BookId, account: AccountId) -> Result<Purpose, StoreError> {
        Ok(self.accounts.get(&(book, account))?.purpose)
    }

    fn legs_of(&self, book: BookId, id: TransactionId) -> Result<Vec<LegReport>, StoreError> {
        let mut legs: Vec<_> = self.transfers_of(book).filter(|leg| leg.transaction == id).collect();
        legs.sort_by_key(|leg| leg.leg);
        legs.into_iter().map(|transfer| self.leg(book, transfer)).collect()
    }

    fn entries_of(&self, book: BookId, transfer: &Transfer) -> Vec<Entry> {
        let on = |side: &EntrySide| {
            let (account, seq) = self.entry_sides.find(&(book, transfer.id, *side))?;
            self.entries.find(&(book, *account, *seq)).cloned()
        };
        fold::sides(transfer).iter().filter_map(|(side, _)| on(side)).collect()
    }
}

fn lets_pass(filter: &TransactionFilter, item: &HistoryItem) -> bool {
    let HistoryItem { line, transaction } = item;
    let change = line.after.available - line.before.available;
    let it = filter.id.is_none_or(|id| transaction.id == id);
    let told = filter.reference.is_none() || transaction.reference == filter.reference;
    let kind = filter.kinds.is_empty() || filter.kinds.contains(&transaction.kind);
    let referral = filter.referral.is_none() || transaction.referral == filter.referral;
    let by = filter.created_by.is_none_or(|by| transaction.created_by == by);
    let since = filter.from.is_none_or(|from| from <= line.at);
    let until = filter.until.is_none_or(|until| line.at < until);
    let least = filter.least.is_none_or(|least| least <= change);
    let most = filter.most.is_none_or(|most| change <= most);
    it && told && kind && referral && by && since && until && least && most
}

fn is_asked_for(filter: &TransferFilter, transfer: &Transfer) -> bool {
    let of = filter.transaction.is_none_or(|id| transfer.transaction == id);
    let kind = filter.kind.is_none_or(|kind| transfer.kind == kind);
    let since = filter.from.is_none_or(|from| from <= transfer.recorded_at);
    of && kind && since && filter.until.is_none_or(|until| transfer.recorded_at < until)
}
