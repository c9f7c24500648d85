//! Sealing: transfers are hashed into blocks, off the hot path, and blocks chain per book. What is hashed, and how, is
//! [`referral_proof`]'s; here is what a sealer decides.

use referral_proof::block::{GENESIS, Header};
use referral_proof::leaf::{Leaf, Row};
use referral_proof::merkle::root;
use referral_proof::sign::{Signature, SigningKey};

pub use referral_proof::Hash;

use super::{Party, Transfer};
use crate::id::{AccountId, BookId, TransferId};
use crate::money::Currency;
use crate::reference::Slug;
use crate::time::Timestamp;

/// The most transfers of a block: a path is at most 12 hashes, and proving one transfer reads at most so many.
pub const BLOCK_SIZE: usize = 4_096;

/// A block of a book's chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    /// What its hash covers.
    pub header: Header,
    /// Its hash.
    pub hash: Hash,
    /// The signature of its hash, when a key was configured.
    pub signature: Option<Signature>,
}

/// A new block with the transfers it seals, in the order of their ids, which is the order of its leaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewBlock {
    /// The block.
    pub block: Block,
    /// The transfers, each with its leaf.
    pub transfers: Vec<(TransferId, Hash)>,
}

/// Where a transfer was sealed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Seal {
    /// The block's number.
    pub block: u64,
    /// The transfer's place in it, from 0.
    pub position: u64,
}

/// A transfer as it is hashed, with where it was sealed; `None` while it waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedRow {
    /// The row.
    pub row: Row,
    /// Where it was sealed.
    pub seal: Option<Seal>,
}

/// Up to where a sealer has looked: the store's own bookmark, of no meaning to anybody else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark(pub String);

/// Transfers of one book that no block seals, and the block they come after.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tail {
    /// The book.
    pub book: BookId,
    /// Its last block: number and hash.
    pub last: Option<(u64, Hash)>,
    /// The transfers, by id, each with its leaf.
    pub transfers: Vec<(TransferId, Hash)>,
}

/// What a search for unsealed transfers found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsealed {
    /// By book; books without any are left out.
    pub tails: Vec<Tail>,
    /// From where to look on, once these are sealed.
    pub mark: Mark,
    /// Whether the search ended at its limit: there may be more.
    pub more: bool,
}

/// Makes blocks of a tail, at most [`BLOCK_SIZE`] transfers each, signed when there is a key.
///
/// ```
/// use referral_ledger::id::{BookId, TransferId};
/// use referral_ledger::ledger::{Tail, seal};
/// use referral_ledger::time::Timestamp;
/// let transfer = TransferId::from_uuid(uuid::Uuid::from_u128(1));
/// let tail = Tail { book: BookId(7), last: None, transfers: vec![(transfer, [1; 32])] };
/// let [first] = &seal(&tail, Timestamp::from_micros(0), None)[..] else { panic!("one block") };
/// assert_eq!((first.block.header.n, first.block.header.root), (1, [1; 32]));
/// ```
#[must_use]
pub fn seal(tail: &Tail, now: Timestamp, key: Option<&SigningKey>) -> Vec<NewBlock> {
    let mut last = tail.last.unwrap_or((0, GENESIS));
    let mut blocks = Vec::with_capacity(tail.transfers.len().div_ceil(BLOCK_SIZE));
    for part in tail.transfers.chunks(BLOCK_SIZE) {
        let leaves: Vec<Hash> = part.iter().map(|(_, leaf)| *leaf).collect();
        let header = Header {
            book: tail.book.0,
            n: last.0.saturating_add(1),
            prev: last.1,
            root: root(&leaves).unwrap_or(GENESIS),
            count: leaves.len() as u64,
            sealed_at: now.micros(),
        };
        let hash = header.hash();
        let block = Block { header, hash, signature: key.map(|key| key.sign(&hash)) };
        blocks.push(NewBlock { block, transfers: part.to_vec() });
        last = (header.n, hash);
    }
    blocks
}

/// A transfer's row as it is hashed.
#[must_use]
pub fn leaf<'a>(book: BookId, currency: &'a Currency, transfer: &'a Transfer) -> Leaf<'a> {
    let account = |id: AccountId| id.uuid().into_bytes();
    let party = |party| match party {
        Party::Account(id) => (Some(account(id)), None),
        Party::System(system) => (None, Some(system.as_str())),
    };
    let ((debit_account, debit_system), (credit_account, credit_system)) =
        (party(transfer.debit), party(transfer.credit));
    Leaf {
        book: book.0,
        transfer: transfer.id.uuid().into_bytes(),
        transaction: transfer.transaction.uuid().into_bytes(),
        kind: transfer.kind.as_str(),
        origin: transfer.origin.as_str(),
        origin_id: &transfer.origin_id,
        leg: i64::from(transfer.leg),
        debit_account,
        debit_system,
        credit_account,
        credit_system,
        currency: currency.code(),
        amount: transfer.amount,
        referral: transfer.referral.map(|id| id.uuid().into_bytes()),
        effective_at: transfer.effective_at.micros(),
        recorded_at: transfer.recorded_at.micros(),
    }
}

/// The end of a book's chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainHead {
    /// The program.
    pub program: Slug,
    /// Its last block's number.
    pub n: u64,
    /// And hash: what to publish.
    pub hash: Hash,
}

/// Transfers of one book that were seen and are not sealed: what a verification did not cover.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnsealedTail {
    /// The program.
    pub program: Slug,
    /// How many.
    pub transfers: u64,
    /// When the first of them was recorded.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn transfers(count: u128) -> Vec<(TransferId, Hash)> {
        (0..count).map(|n| (TransferId::from_uuid(Uuid::from_u128(n)), [(n % 251) as u8; 32])).collect()
    }

    #[test]
    fn blocks_are_bounded_chain_on_and_lose_nobody() {
        let size = BLOCK_SIZE as u128;
        let tail = Tail { book: BookId(7), last: Some((3, [9; 32])), transfers: transfers(2 * size + 1) };
        let key = SigningKey::from_seed([1; 32]);
        let blocks = seal(&tail, Timestamp::from_micros(5), Some(&key));
        assert_eq!(blocks.iter().map(|made| made.block.header.count).collect::<Vec<_>>(), [4_096, 4_096, 1]);
        let mut last = (3, [9; 32]);
        for NewBlock { block, .. } in &blocks {
            assert!(block.header.follows(Some((last.0, &last.1))));
            assert_eq!((block.hash, block.header.sealed_at), (block.header.hash(), 5));
            assert!(key.public().has_signed(&block.hash, &block.signature.expect("signed")));
            last = (block.header.n, block.hash);
        }
        let sealed: Vec<_> = blocks.into_iter().flat_map(|made| made.transfers).collect();
        assert_eq!(sealed, tail.transfers);
    }

    #[test]
    fn nothing_is_sealed_of_nothing() {
        let tail = Tail { book: BookId(7), last: None, transfers: Vec::new() };
        assert_eq!(seal(&tail, Timestamp::from_micros(0), None), Vec::new());
    }
}
