//! The check of the blocks: every block from the first, every transfer of each as it stands, one at a time.

use referral_proof::block::{GENESIS, Header};
use referral_proof::merkle::Tree;
use referral_proof::text::hex;
use uuid::Uuid;

use super::seal::Block;
use super::{Broken, Check, Hash};

/// Folds blocks, by book and number, each followed by its transfers by position. It keeps one block at a time.
///
/// The first thing that does not hold ends it, so the place it names is the first bad one. A store that streams its rows
/// in this order needs to judge nothing by itself.
#[derive(Debug, Default)]
pub struct ChainFold {
    /// The block whose transfers are being told.
    open: Option<(Header, Tree)>,
    /// The hash of the last block that was told.
    last: Hash,
    blocks: u64,
    sealed: u64,
}

/// A sealed transfer as the store finds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FoundLeaf {
    /// The place it was sealed at.
    pub position: u64,
    /// Its id.
    pub transfer: Uuid,
    /// The leaf that was hashed when it was sealed.
    pub sealed: Hash,
    /// The leaf of the row as it stands; `None` when there is no such row.
    pub stands: Option<Hash>,
}

impl ChainFold {
    /// The next block. The one before is complete.
    ///
    /// # Errors
    /// The first bad place.
    pub fn block(&mut self, block: &Block) -> Result<(), Box<Broken>> {
        let Block { header, hash, .. } = block;
        let last = self.close()?.filter(|last| last.book == header.book);
        let place = |what: &str| format!("ledger_blocks n {} of book {}: {what}", header.n, header.book);
        let (n, prev) = last.map_or((0, GENESIS), |last| (last.n, self.last));
        equal(&place("its number"), n + 1, header.n)?;
        equal(&place("the hash of the block before"), hex(&prev), hex(&header.prev))?;
        equal(&place("its hash"), hex(&header.hash()), hex(hash))?;
        self.last = *hash;
        self.blocks += 1;
        self.open = Some((*header, Tree::default()));
        Ok(())
    }

    /// The next transfer of the block told last.
    ///
    /// # Errors
    /// The first bad place.
    pub fn leaf(&mut self, found: &FoundLeaf) -> Result<(), Box<Broken>> {
        let Some((header, tree)) = &mut self.open else { return Ok(()) };
        let FoundLeaf { position, transfer, sealed, stands } = found;
        let of_block = format!("block {} of book {}", header.n, header.book);
        equal(&format!("sealed_transfers of {of_block}: the next position"), tree.count(), *position)?;
        let place = format!("transfers {transfer} of book {}, sealed in block {}", header.book, header.n);
        let expected = format!("a row whose leaf is {}", hex(sealed));
        let stands = stands.ok_or_else(|| Box::new(broken(place.clone(), expected, "no row".to_owned())))?;
        equal(&format!("{place}: its leaf"), hex(sealed), hex(&stands))?;
        tree.push(stands);
        self.sealed += 1;
        Ok(())
    }

    /// The end of the last block; answers how many blocks and sealed transfers there were.
    ///
    /// # Errors
    /// The first bad place.
    pub fn finish(mut self) -> Result<(u64, u64), Box<Broken>> {
        self.close()?;
        Ok((self.blocks, self.sealed))
    }

    /// Compares the open block's root and count with those of its transfers.
    fn close(&mut self) -> Result<Option<Header>, Box<Broken>> {
        let Some((header, tree)) = self.open.take() else { return Ok(None) };
        let place = |what: &str| format!("ledger_blocks n {} of book {}: {what}", header.n, header.book);
        equal(&place("its number of transfers"), header.count, tree.count())?;
        let root = tree.root().unwrap_or(GENESIS);
        equal(&place("the root of its transfers"), hex(&header.root), hex(&root))?;
        Ok(Some(header))
    }
}

fn broken(place: String, expected: String, found: String) -> Broken {
    Broken { check: Check::Seals, place, expected, found }
}

fn equal<T: PartialEq + ToString>(place: &str, expected: T, found: T) -> Result<(), Box<Broken>> {
    if expected == found {
        return Ok(());
    }
    Err(Box::new(broken(place.to_owned(), expected.to_string(), found.to_string())))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::id::{BookId, TransferId};
    use crate::ledger::{NewBlock, Tail, seal};
    use crate::time::Timestamp;

    /// Two blocks of book 7 and one of book 9.
    fn chains() -> Vec<NewBlock> {
        let tail = |book, last, from: u128| Tail {
            book: BookId(book),
            last,
            transfers: (from..from + 3)
                .map(|n| (TransferId::from_uuid(Uuid::from_u128(n)), [n as u8; 32]))
                .collect(),
        };
        let made = |tail: Tail| seal(&tail, Timestamp::from_micros(1), None).remove(0);
        let first = made(tail(7, None, 0));
        let second = made(tail(7, Some((1, first.block.hash)), 3));
        vec![first, second, made(tail(9, None, 9))]
    }

    fn leaves(made: &NewBlock) -> Vec<FoundLeaf> {
        let leaf = |(position, (id, leaf)): (u64, &(TransferId, Hash))| FoundLeaf {
            position,
            transfer: id.uuid(),
            sealed: *leaf,
            stands: Some(*leaf),
        };
        (0..).zip(&made.transfers).map(leaf).collect()
    }

    fn told(rows: &[(Block, Vec<FoundLeaf>)]) -> Result<(u64, u64), Box<Broken>> {
        let mut fold = ChainFold::default();
        for (block, leaves) in rows {
            fold.block(block)?;
            leaves.iter().try_for_each(|leaf| fold.leaf(leaf))?;
        }
        fold.finish()
    }

    fn honest() -> Vec<(Block, Vec<FoundLeaf>)> {
        chains().iter().map(|made| (made.block, leaves(made))).collect()
    }

    #[test]
    fn honest_chains_of_several_books_hold() {
        assert_eq!(told(&honest()), Ok((3, 9)));
        assert_eq!(told(&[]), Ok((0, 0)));
    }

    #[test]
    fn each_change_is_found_where_it_is() {
        type Change = fn(&mut Vec<(Block, Vec<FoundLeaf>)>);
        let changes: [(&str, Change, &str); 11] = [
            (
                "a row changed",
                |rows| rows[1].1[1].stands = Some([0; 32]),
                "4 of book 7, sealed in block 2: its leaf",
            ),
            ("a row removed", |rows| rows[1].1[1].stands = None, "4 of book 7, sealed in block 2"),
            (
                "a row and its leaf changed",
                |rows| (rows[1].1[1].stands, rows[1].1[1].sealed) = (Some([0; 32]), [0; 32]),
                "n 2 of book 7: the root of its transfers",
            ),
            (
                "a row and its seal removed",
                |rows| rows[0].1.retain(|leaf| leaf.position != 1),
                "block 1 of book 7: the next position",
            ),
            (
                "the last row and its seal removed",
                |rows| rows[0].1.truncate(2),
                "n 1 of book 7: its number of transfers",
            ),
            ("two rows swapped", |rows| rows[0].1.swap(0, 1), "block 1 of book 7: the next position"),
            (
                "a row inserted",
                |rows| {
                    let more = FoundLeaf { position: 3, ..rows[0].1[2] };
                    rows[0].1.push(more);
                },
                "n 1 of book 7: its number of transfers",
            ),
            ("a block removed", |rows| drop(rows.remove(0)), "n 2 of book 7: its number"),
            ("a block's time changed", |rows| rows[0].0.header.sealed_at += 1, "n 1 of book 7: its hash"),
            (
                "a block made anew",
                |rows| {
                    rows[0].0.header.sealed_at += 1;
                    rows[0].0.hash = rows[0].0.header.hash();
                },
                "n 2 of book 7: the hash of the block before",
            ),
            (
                "a block of another book",
                |rows| rows[2].0.header.prev = rows[1].0.hash,
                "n 1 of book 9: the hash of the block before",
            ),
        ];
        for (what, change, place) in &changes {
            let mut rows = honest();
            change(&mut rows);
            let broken = told(&rows).expect_err(what);
            assert!(broken.place.ends_with(place), "{what}: {} instead of {place}", broken.place);
            assert_ne!(broken.expected, broken.found, "{what}");
        }
        println!("seal tampers tried={} found={}", changes.len(), changes.len());
    }
}
