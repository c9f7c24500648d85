//! Blocks: each seals some transfers of one book by their Merkle root, and names the block before it.

use sha2::{Digest, Sha256};

use crate::Hash;

/// The first byte of what a block hashes: no leaf and no node begins like it.
const BLOCK: u8 = 0x02;
/// The version of what a block hashes.
const VERSION: u8 = 0x01;

/// What comes before a book's first block.
pub const GENESIS: Hash = [0; 32];

/// What a block's hash covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// The book.
    pub book: i64,
    /// Its place in the book's chain, from 1.
    pub n: u64,
    /// The hash of the block before; [`GENESIS`] of the first.
    pub prev: Hash,
    /// The Merkle root of its transfers, in the order of their ids.
    pub root: Hash,
    /// How many there are.
    pub count: u64,
    /// When it was sealed, in microseconds since 1970 UTC.
    pub sealed_at: i64,
}

impl Header {
    /// The block's hash: `SHA-256(0x02, 0x01, book, n, prev, root, count, sealed_at)`, numbers as 8 bytes big-endian.
    ///
    /// ```
    /// use referral_proof::block::{GENESIS, Header};
    /// let first = Header { book: 7, n: 1, prev: GENESIS, root: [1; 32], count: 2, sealed_at: 0 };
    /// let second = Header { n: 2, prev: first.hash(), ..first };
    /// assert!(second.follows(Some((1, &first.hash()))));
    /// ```
    #[must_use]
    pub fn hash(&self) -> Hash {
        let mut hash = Sha256::new();
        hash.update([BLOCK, VERSION]);
        hash.update(self.book.to_be_bytes());
        hash.update(self.n.to_be_bytes());
        hash.update(self.prev);
        hash.update(self.root);
        hash.update(self.count.to_be_bytes());
        hash.update(self.sealed_at.to_be_bytes());
        hash.finalize().into()
    }

    /// Whether it comes right after this block of the same book, or is the first.
    #[must_use]
    pub fn follows(&self, last: Option<(u64, &Hash)>) -> bool {
        let (n, hash) = last.unwrap_or((0, &GENESIS));
        n.checked_add(1) == Some(self.n) && self.prev == *hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::hex;

    const HEADER: Header = Header {
        book: 7,
        n: 3,
        prev: [0xaa; 32],
        root: [0xbb; 32],
        count: 5,
        sealed_at: 1_769_860_800_000_000,
    };

    /// By Python: `sha256(b"\x02\x01" + pack(">q", 7) + pack(">Q", 3) + b"\xaa"*32 + b"\xbb"*32 + pack(">Q", 5) +
    /// pack(">q", 1769860800000000))`.
    const HASH: &str = "2c66d854f5955fe2694c6b7d4028e01fff3b8280d249db4c56dcea85bf54bc2e";

    #[test]
    fn the_hash_is_the_one_computed_elsewhere() {
        assert_eq!(hex(&HEADER.hash()), HASH);
    }

    #[test]
    fn every_part_changes_the_hash() {
        let changed = [
            Header { book: 8, ..HEADER },
            Header { n: 4, ..HEADER },
            Header { prev: GENESIS, ..HEADER },
            Header { root: GENESIS, ..HEADER },
            Header { count: 6, ..HEADER },
            Header { sealed_at: 0, ..HEADER },
        ];
        for header in changed {
            assert_ne!(header.hash(), HEADER.hash(), "{header:?}");
        }
    }

    #[test]
    fn a_block_follows_the_one_before_and_no_other() {
        assert!(HEADER.follows(Some((2, &[0xaa; 32]))));
        assert!(!HEADER.follows(Some((2, &[0xab; 32]))));
        assert!(!HEADER.follows(Some((3, &[0xaa; 32]))));
        assert!(!HEADER.follows(None));
        assert!(Header { n: 1, prev: GENESIS, ..HEADER }.follows(None));
    }
}
