//! Attacks on blocks and on what they seal.

use super::Refusal::{Check, Key, Trigger, Unique};
use super::row::id;
use super::{Attack, attack};

/// A block as somebody would insert it: its columns from `n` on.
struct Forged {
    n: i64,
    prev_n: &'static str,
    prev_hash: &'static str,
    root: &'static str,
    transfers: i64,
    hash: &'static str,
    signature: &'static str,
}

const ZERO: &str = "zeroblob(32)";
const ONE: &str = "x'0101010101010101010101010101010101010101010101010101010101010101'";
const TWO: &str = "x'0202020202020202020202020202020202020202020202020202020202020202'";
const SHORT: &str = "x'01010101010101010101010101010101010101010101010101010101010101'";

/// The first block, honest as far as the schema knows.
const FIRST: Forged =
    Forged { n: 1, prev_n: "NULL", prev_hash: ZERO, root: TWO, transfers: 2, hash: ONE, signature: "NULL" };
/// The one after it.
const SECOND: Forged = Forged { n: 2, prev_n: "1", prev_hash: ONE, transfers: 1, hash: TWO, ..FIRST };

impl Forged {
    fn sql(&self) -> String {
        self.of_book(1)
    }

    fn of_book(&self, book: i64) -> String {
        let Self { n, prev_n, prev_hash, root, transfers, hash, signature } = self;
        format!(
            "INSERT INTO ledger_blocks (book_id, n, prev_n, prev_hash, root, transfers, hash, signature, sealed_at)
             VALUES ({book}, {n}, {prev_n}, {prev_hash}, {root}, {transfers}, {hash}, {signature}, 400);\n"
        )
    }
}

fn place(transfer: u8, n: i64, position: i64) -> String {
    place_with(transfer, n, position, ONE)
}

fn place_with(transfer: u8, n: i64, position: i64, leaf: &str) -> String {
    let transfer = id(transfer);
    format!(
        "INSERT INTO sealed_transfers (book_id, transfer_id, n, position, leaf)
         VALUES (1, {transfer}, {n}, {position}, {leaf});\n"
    )
}

/// The first block with its two transfers, and what comes after.
fn after_it(what: &str) -> String {
    FIRST.sql() + &place(1, 1, 0) + &place(2, 1, 1) + what
}

pub(super) fn attacks() -> Vec<Attack> {
    [forms(), chains(), places(), immutable()].into_iter().flatten().collect()
}

fn forms() -> Vec<Attack> {
    let alone = |label, by, block: Forged| attack(label, by, block.sql());
    vec![
        alone(
            "half a hash of the block before",
            Check("block_prev_hash_form"),
            Forged { prev_hash: SHORT, ..SECOND },
        ),
        alone("half a root", Check("block_root_form"), Forged { root: SHORT, ..FIRST }),
        alone("half a hash", Check("block_hash_form"), Forged { hash: SHORT, ..FIRST }),
        alone("half a signature", Check("block_signature_form"), Forged { signature: ONE, ..FIRST }),
        alone("an empty block", Check("block_size_bounds"), Forged { transfers: 0, ..FIRST }),
        alone("a block too large", Check("block_size_bounds"), Forged { transfers: 65_537, ..FIRST }),
        attack("a block of no book", Key("ledger_blocks", "book_id"), FIRST.of_book(9)),
        attack("half a leaf", Check("leaf_form"), FIRST.sql() + &place_with(1, 1, 0, SHORT)),
        attack("a place below the first", Check("position_bounds"), FIRST.sql() + &place(1, 1, -1)),
    ]
}

fn chains() -> Vec<Attack> {
    let second =
        |label, by, block: Forged| attack(label, by, after_it(&(block.sql() + &place(3, block.n, 0))));
    vec![
        second("a chain that begins again", Check("block_follows"), Forged { prev_n: "NULL", ..SECOND }),
        second("a chain that skips one", Check("block_follows"), Forged { n: 3, ..SECOND }),
        second("a first block after another", Check("block_follows"), Forged { n: 1, ..SECOND }),
        second(
            "a block after another hash",
            Key("ledger_blocks", "book_id, prev_n, prev_hash"),
            Forged { prev_hash: TWO, ..SECOND },
        ),
        second(
            "one hash twice",
            Unique("ledger_blocks.book_id, ledger_blocks.hash"),
            Forged { hash: ONE, ..SECOND },
        ),
        attack(
            "a fork",
            Unique("ledger_blocks.book_id, ledger_blocks.n"),
            after_it(&Forged { hash: TWO, ..FIRST }.sql()),
        ),
        attack(
            "a block with fewer transfers than it says",
            Key("ledger_blocks", "book_id, n, last_position"),
            FIRST.sql() + &place(1, 1, 0),
        ),
    ]
}

fn places() -> Vec<Attack> {
    vec![
        attack(
            "a transfer sealed twice",
            Unique("sealed_transfers.book_id, sealed_transfers.transfer_id"),
            after_it(&(SECOND.sql() + &place(2, 2, 0))),
        ),
        attack(
            "two transfers at one place",
            Unique("sealed_transfers.book_id, sealed_transfers.n, sealed_transfers.position"),
            after_it(&place(3, 1, 1)),
        ),
        attack("a transfer added to a block", Trigger("sealed_in_a_block"), after_it(&place(3, 1, 2))),
        attack("a place in no block", Key("sealed_transfers", "book_id, n"), after_it(&place(3, 2, 0))),
        attack(
            "no transfer sealed",
            Key("sealed_transfers", "book_id, transfer_id"),
            after_it(&(SECOND.sql() + &place(0x99, 2, 0))),
        ),
        attack(
            "a place after a gap",
            Key("sealed_transfers", "book_id, n, prev_position"),
            Forged { transfers: 3, ..FIRST }.sql() + &place(1, 1, 0) + &place(2, 1, 2),
        ),
    ]
}

fn immutable() -> Vec<Attack> {
    let changed = |label, by, what: &str| attack(label, by, after_it(what));
    vec![
        changed(
            "another root",
            Trigger("ledger_blocks_never_change"),
            "UPDATE ledger_blocks SET root = prev_hash;",
        ),
        changed("delete a block", Trigger("ledger_blocks_stay"), "DELETE FROM ledger_blocks;"),
        changed(
            "another place",
            Trigger("sealed_transfers_never_change"),
            "UPDATE sealed_transfers SET position = 5;",
        ),
        changed(
            "another leaf",
            Trigger("sealed_transfers_never_change"),
            "UPDATE sealed_transfers SET leaf = zeroblob(32);",
        ),
        changed("delete a seal", Trigger("sealed_transfers_stay"), "DELETE FROM sealed_transfers;"),
    ]
}
