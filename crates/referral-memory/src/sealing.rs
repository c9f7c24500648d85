//! Blocks. Whatever is not sealed is looked for among everything: the mark says nothing here.

use std::collections::BTreeMap;

use async_trait::async_trait;
use referral_domain::id::{BookId, UserId};
use referral_domain::ledger::{
    Block, ChainHead, Hash, Mark, NewBlock, Party, Seal, SealedRow, Tail, Transfer, Unsealed, UnsealedTail,
    leaf,
};
use referral_domain::money::Currency;
use referral_domain::port::{BlockFilter, Sealing, StoreError};
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Sealing for MemoryUnit {
    async fn unsealed(
        &mut self,
        _: Option<&Mark>,
        _: Timestamp,
        limit: u32,
    ) -> Result<Option<Unsealed>, StoreError> {
        self.call(|state| Ok(Some(state.unsealed(limit as usize)))).await
    }
}

impl State {
    fn unsealed(&self, limit: usize) -> Unsealed {
        let mut tails = Vec::<Tail>::new();
        let waiting = self.transfers.iter().filter(|(key, _)| self.sealed_transfers.find(key).is_none());
        let mut more = false;
        for ((book, id), transfer) in waiting {
            let leaf = (*id, self.leaf(*book, transfer));
            match tails.last_mut().filter(|tail| tail.book == *book) {
                Some(tail) if tail.transfers.len() < limit => tail.transfers.push(leaf),
                Some(_) => more = true,
                None => tails.push(Tail { book: *book, last: self.chain_end(*book), transfers: vec![leaf] }),
            }
        }
        Unsealed { tails, mark: Mark(String::new()), more }
    }

    /// A transfer as it would be hashed now.
    pub(crate) fn leaf(&self, book: BookId, transfer: &Transfer) -> Hash {
        self.currency_of(book).map_or([0; 32], |currency| leaf(book, &currency, transfer).hash())
    }

    fn currency_of(&self, book: BookId) -> Option<Currency> {
        self.books.find(&book).and_then(|slug| self.programs.find(slug)).map(|program| program.currency)
    }

    fn chain_end(&self, book: BookId) -> Option<(u64, Hash)> {
        let last = self.ledger_blocks.range((book, u64::MIN)..=(book, u64::MAX)).next_back();
        last.map(|block| (block.header.n, block.hash))
    }

    /// Stores a block that follows the one before, and where its transfers were sealed, each for the first time.
    pub(crate) fn add_block(&mut self, book: BookId, made: &NewBlock) -> Result<(), StoreError> {
        let NewBlock { block, transfers } = made;
        let end = self.chain_end(book);
        self.ledger_blocks.add((book, block.header.n), *block)?;
        let rule = |column, says| self.ledger_blocks.rule(column, says);
        let follows = block.header.follows(end.as_ref().map(|(n, hash)| (*n, hash)));
        rule("prev_hash", "each block follows the one before").holds(follows, &block.header)?;
        let whole = block.header.count == transfers.len() as u64;
        rule("transfers", "a block has as many transfers as it says").holds(whole, &block.header)?;
        for ((id, leaf), position) in transfers.iter().zip(0..) {
            self.transfers.has(&(book, *id))?;
            let seal = Seal { block: block.header.n, position };
            self.sealed_transfers.add((book, *id), (seal, *leaf))?;
            self.sealed_places.add((book, seal.block, position), *id)?;
        }
        Ok(())
    }

    pub(crate) fn blocks(&self, book: BookId, filter: &BlockFilter) -> Vec<Block> {
        let BlockFilter { numbers, from, before, hash, ascending, limit } = filter;
        let wanted = |block: &&Block| {
            let n = block.header.n;
            (numbers.is_empty() || numbers.contains(&n))
                && from.is_none_or(|from| from <= n)
                && before.is_none_or(|before| n < before)
                && hash.is_none_or(|hash| hash == block.hash)
        };
        let found = self.ledger_blocks.range((book, u64::MIN)..=(book, u64::MAX)).filter(wanted).copied();
        let limit = *limit as usize;
        if *ascending { found.take(limit).collect() } else { found.rev().take(limit).collect() }
    }

    pub(crate) fn leaves(&self, book: BookId, n: u64) -> Vec<Hash> {
        let places = self.sealed_places.range((book, n, u64::MIN)..=(book, n, u64::MAX));
        let seals = places.filter_map(|id| self.sealed_transfers.find(&(book, *id)));
        seals.map(|(_, leaf)| *leaf).collect()
    }

    /// The transfers on a user's accounts, as they are hashed, oldest first.
    pub(crate) fn sealed_rows(
        &self,
        book: BookId,
        user: UserId,
        within: impl Fn(Timestamp) -> bool,
    ) -> Vec<SealedRow> {
        let Some(currency) = self.currency_of(book) else { return Vec::new() };
        let theirs = |party| match party {
            Party::Account(id) => self.accounts.find(&(book, id)).is_some_and(|account| account.user == user),
            Party::System(_) => false,
        };
        let mut found: Vec<_> = self
            .transfers
            .iter()
            .filter(|((of, _), row)| *of == book && (theirs(row.debit) || theirs(row.credit)))
            .filter(|(_, row)| within(row.recorded_at))
            .collect();
        found.sort_by_key(|((_, id), row)| (row.recorded_at, *id));
        let row = |(key, transfer)| SealedRow {
            row: leaf(book, &currency, transfer).into(),
            seal: self.sealed_transfers.find(key).map(|(seal, _)| *seal),
        };
        found.into_iter().map(row).collect()
    }

    pub(crate) fn chain_heads(&self) -> Vec<ChainHead> {
        let head = |(book, program): (&BookId, &Slug)| {
            self.chain_end(*book).map(|(n, hash)| ChainHead { program: program.clone(), n, hash })
        };
        let mut heads: Vec<_> = self.books.iter().filter_map(head).collect();
        heads.sort_by(|one, other| one.program.cmp(&other.program));
        heads
    }

    pub(crate) fn unsealed_tails(&self) -> Vec<UnsealedTail> {
        let mut tails = BTreeMap::<Slug, UnsealedTail>::new();
        for (key, transfer) in self.transfers.iter() {
            let Some(program) = self.books.find(&key.0).filter(|_| self.sealed_transfers.find(key).is_none())
            else {
                continue;
            };
            let first = UnsealedTail { program: program.clone(), transfers: 0, since: transfer.recorded_at };
            let tail = tails.entry(program.clone()).or_insert(first);
            tail.transfers += 1;
            tail.since = tail.since.min(transfer.recorded_at);
        }
        tails.into_values().collect()
    }
}
