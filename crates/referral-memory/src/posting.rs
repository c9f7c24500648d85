//! Posting to the ledger: what does not follow from the heads is refused.
//!
//! A key that is taken means that somebody moved the wallet in between ([`StoreError::Contended`]). A row under a free
//! key that does not follow can only be a bug ([`StoreError::Corrupt`]).

use std::collections::BTreeMap;

use referral_domain::id::{AccountId, BookId, TransactionId, TransferId};
use referral_domain::ledger::{
    Account, Balances, Entry, EntrySide, Head, Line, MOST_LEGS, Origin, Party, Posting, Sums, Transaction,
    Transfer, account_id,
};
use referral_domain::port::StoreError;

use crate::fold;
use crate::state::State;

impl State {
    /// Stores a posting, or nothing of it.
    pub(crate) fn post(&mut self, book: BookId, posting: &Posting) -> Result<(), StoreError> {
        posting.accounts.iter().try_for_each(|account| self.open_account(book, account))?;
        posting.transactions.iter().try_for_each(|transaction| self.add_transaction(book, transaction))?;
        posting.transfers.iter().try_for_each(|transfer| self.add_transfer(book, transfer))?;
        posting.entries.iter().try_for_each(|entry| self.add_entry(book, entry))?;
        let moved = by_transaction(posting);
        posting.lines.iter().try_for_each(|line| self.add_line(book, line, &moved))?;
        posting.transactions.iter().try_for_each(|transaction| self.is_told(book, transaction))?;
        posting.transfers.iter().try_for_each(|transfer| self.has_entries(book, transfer))
    }

    /// An account that exists already is left alone.
    fn open_account(&mut self, book: BookId, account: &Account) -> Result<(), StoreError> {
        self.users.has(&(book, account.user))?;
        let derived = account_id(book, account.user, account.purpose, account.currency);
        let rule = |column, says| self.accounts.rule(column, says);
        rule("account_id", "an account's id is derived from what it is")
            .holds(account.id == derived, account)?;
        let currency = self.program_of(book)?.currency;
        rule("currency", "a book has one currency").holds(account.currency == currency, account)?;
        if self.accounts.find(&(book, account.id)).is_none() {
            self.accounts.add((book, account.id), account.clone())?;
        }
        Ok(())
    }

    fn add_transaction(&mut self, book: BookId, transaction: &Transaction) -> Result<(), StoreError> {
        self.users.has(&(book, transaction.user))?;
        transaction.referral.map_or(Ok(()), |id| self.referral_ids.has(&(book, id)))?;
        transaction.reverses.map_or(Ok(()), |id| self.transactions.has(&(book, id)))?;
        let typed = transaction.reference.is_some() == transaction.reference_type.is_some();
        let rule = self.transactions.rule("reference_type", "a reference says what it names");
        rule.holds(typed, transaction)?;
        self.transactions.add((book, transaction.id), transaction.clone())
    }

    /// Uses a transaction that exists for one thing, for ever.
    pub(crate) fn use_transaction(
        &mut self,
        book: BookId,
        transaction: TransactionId,
        what: &'static str,
    ) -> Result<(), StoreError> {
        self.transactions.has(&(book, transaction))?;
        self.posted_for.add((book, transaction), what)
    }

    /// Leg 0 claims the group: other legs are written with it, by nobody else, and never later.
    fn add_transfer(&mut self, book: BookId, transfer: &Transfer) -> Result<(), StoreError> {
        let recorded_at = self.transactions.get(&(book, transfer.transaction))?.recorded_at;
        let rule = |column, says| self.transfers.rule(column, says);
        rule("amount", "a transfer moves something to or from a user")
            .holds(fold::is_well_shaped(transfer), transfer)?;
        let few = usize::from(transfer.leg) < MOST_LEGS;
        rule("leg", "a transaction has at most 16 legs").holds(few, transfer)?;
        rule("recorded_at", "a leg is recorded with its transaction")
            .holds(transfer.recorded_at == recorded_at, transfer)?;
        for (_, party) in fold::sides(transfer) {
            user_account(party).map_or(Ok(()), |account| self.accounts.has(&(book, account)))?;
        }
        self.natural_keys.add(natural_key(book, transfer, transfer.leg), transfer.id)?;
        self.transfers.add((book, transfer.id), transfer.clone())?;
        self.joins_its_group(book, transfer)
    }

    fn joins_its_group(&self, book: BookId, transfer: &Transfer) -> Result<(), StoreError> {
        let claim = *self.natural_keys.get(&natural_key(book, transfer, 0))?;
        let leader = self.transfers.get(&(book, claim))?;
        let open = EntrySide::ALL.iter().all(|side| self.entry_sides.find(&(book, claim, *side)).is_none());
        self.transfers
            .rule("leg", "the legs of a transaction are written together")
            .holds(open && leader.transaction == transfer.transaction, transfer)
    }

    /// Stores an entry and moves its account's head to it.
    fn add_entry(&mut self, book: BookId, entry: &Entry) -> Result<(), StoreError> {
        let Entry { account, purpose, seq, transfer, side, balance_before, balance_after, .. } = *entry;
        let start = Head { account, seq: 0, balance: 0 };
        let head = self.account_heads.find(&(book, account)).copied().unwrap_or(start);
        self.entries.add((book, account, seq), entry.clone())?;
        self.entry_sides.add((book, transfer, side), (account, seq))?;
        let (transfer, account) =
            (self.transfers.get(&(book, transfer))?, self.accounts.get(&(book, account))?);
        let rule = |column, says| self.entries.rule(column, says);
        rule("seq", "an entry follows its account's head")
            .holds((seq, balance_before) == (head.seq + 1, head.balance), entry)?;
        rule("balance_after", "an entry's balances add up").holds(fold::adds_up(entry), entry)?;
        rule("balance_after", "a balance keeps its bounds")
            .holds(fold::within_bounds(purpose, balance_after), entry)?;
        rule("purpose", "an entry is for its account's purpose").holds(purpose == account.purpose, entry)?;
        rule("transfer_id", "an entry is a side of its transfer").holds(stands_on(entry, transfer), entry)?;
        self.account_heads
            .put((book, entry.account), Head { account: entry.account, seq, balance: balance_after });
        Ok(())
    }

    /// Stores a history line that follows the one before by exactly what its transaction moved.
    fn add_line(&mut self, book: BookId, line: &Line, moved: &Moved<'_>) -> Result<(), StoreError> {
        let last = self.last_line(book, line.user).cloned();
        let (n, before) = last.as_ref().map_or((0, Balances::default()), |last| (last.n, last.after));
        self.lines.add((book, line.user, line.n), line.clone())?;
        self.line_transactions.add((book, line.transaction), (line.user, line.n))?;
        let entries = moved.get(&line.transaction).map_or(&[][..], Vec::as_slice);
        let after = entries.iter().fold(before, |balances, entry| fold::after(balances, entry));
        let rule = |column, says| self.lines.rule(column, says);
        rule("transaction_id", "a transaction moves something").holds(!entries.is_empty(), line)?;
        rule("n", "a line follows the one before").holds((line.n, line.before) == (n + 1, before), line)?;
        rule("after", "a line says what its transaction moved").holds(line.after == after, line)?;
        rule("after", "a history shows balances that may be").holds(fold::may_be_shown(after), line)?;
        let later = last.as_ref().is_none_or(|last| last.at < line.at);
        rule("at", "a line is later than the one before").holds(later, line)?;
        let transaction = self.transactions.get(&(book, line.transaction))?;
        let its = (transaction.user, transaction.recorded_at) == (line.user, line.at);
        rule("transaction_id", "a line is its transaction's").holds(its, line)?;
        let sums = self.sums_after(book, last.as_ref(), transaction, after);
        rule("earned", "a line's sums follow from its balances").holds(sums == Some(Sums::of(line)), line)
    }

    /// The running sums after a transaction that left these balances.
    pub(crate) fn sums_after(
        &self,
        book: BookId,
        last: Option<&Line>,
        transaction: &Transaction,
        after: Balances,
    ) -> Option<Sums> {
        let reversed = transaction.reverses.and_then(|id| self.transactions.find(&(book, id)));
        let (sums, before) = last.map(|last| (Sums::of(last), last.after)).unwrap_or_default();
        sums.then(transaction.kind, reversed.map(|reversed| reversed.kind), before, after)
    }

    /// A transaction stands in its user's history.
    fn is_told(&self, book: BookId, transaction: &Transaction) -> Result<(), StoreError> {
        self.line_transactions.has(&(book, transaction.id))
    }

    /// A transfer has an entry on each side that is a user's.
    fn has_entries(&self, book: BookId, transfer: &Transfer) -> Result<(), StoreError> {
        let users = fold::sides(transfer).into_iter().filter(|(_, party)| user_account(*party).is_some());
        users.map(|(side, _)| side).try_for_each(|side| self.entry_sides.has(&(book, transfer.id, side)))
    }
}

/// The entries of each transaction of a posting.
type Moved<'a> = BTreeMap<TransactionId, Vec<&'a Entry>>;

fn by_transaction(posting: &Posting) -> Moved<'_> {
    let legs: BTreeMap<TransferId, TransactionId> =
        posting.transfers.iter().map(|transfer| (transfer.id, transfer.transaction)).collect();
    let mut moved = Moved::new();
    for entry in &posting.entries {
        if let Some(transaction) = legs.get(&entry.transfer) {
            moved.entry(*transaction).or_default().push(entry);
        }
    }
    moved
}

/// The account of a side that is a user's.
fn user_account(party: Party) -> Option<AccountId> {
    match party {
        Party::Account(account) => Some(account),
        Party::System(_) => None,
    }
}

/// Whether an entry repeats a side of its transfer: the account and the amount.
pub(crate) fn stands_on(entry: &Entry, transfer: &Transfer) -> bool {
    let side = (entry.side, Party::Account(entry.account));
    fold::sides(transfer).contains(&side) && entry.amount == transfer.amount
}

fn natural_key(book: BookId, transfer: &Transfer, leg: u8) -> (BookId, Origin, String, u8) {
    (book, transfer.origin, transfer.origin_id.clone(), leg)
}
