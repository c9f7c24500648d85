//! Attacks on blocks and on what they seal.

use super::Refusal::Named;
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

const ZERO: &str = "'\\x0000000000000000000000000000000000000000000000000000000000000000'";
const ONE: &str = "'\\x0101010101010101010101010101010101010101010101010101010101010101'";
const TWO: &str = "'\\x0202020202020202020202020202020202020202020202020202020202020202'";
const SHORT: &str = "'\\x01010101010101010101010101010101010101010101010101010101010101'";

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
            Named("block_prev_hash_form"),
            Forged { prev_hash: SHORT, ..SECOND },
        ),
        alone("half a root", Named("block_root_form"), Forged { root: SHORT, ..FIRST }),
        alone("half a hash", Named("block_hash_form"), Forged { hash: SHORT, ..FIRST }),
        alone("half a signature", Named("block_signature_form"), Forged { signature: ONE, ..FIRST }),
        alone("an empty block", Named("block_size_bounds"), Forged { transfers: 0, ..FIRST }),
        alone("a block too large", Named("block_size_bounds"), Forged { transfers: 65_537, ..FIRST }),
        attack("a block of no book", Named("ledger_blocks_of_a_book"), FIRST.of_book(9)),
        attack("half a leaf", Named("leaf_form"), FIRST.sql() + &place_with(1, 1, 0, SHORT)),
        attack("a place below the first", Named("position_bounds"), FIRST.sql() + &place(1, 1, -1)),
    ]
}

fn chains() -> Vec<Attack> {
    let second =
        |label, by, block: Forged| attack(label, by, after_it(&(block.sql() + &place(3, block.n, 0))));
    vec![
        second("a chain that begins again", Named("block_follows"), Forged { prev_n: "NULL", ..SECOND }),
        second("a chain that skips one", Named("block_follows"), Forged { n: 3, ..SECOND }),
        second("a first block after another", Named("block_follows"), Forged { n: 1, ..SECOND }),
        second("a block after another hash", Named("block_chain"), Forged { prev_hash: TWO, ..SECOND }),
        second("one hash twice", Named("block_hash_once"), Forged { hash: ONE, ..SECOND }),
        attack("a fork", Named("block_n"), after_it(&Forged { hash: TWO, ..FIRST }.sql())),
        attack(
            "a block with fewer transfers than it says",
            Named("block_is_whole"),
            FIRST.sql() + &place(1, 1, 0),
        ),
    ]
}

fn places() -> Vec<Attack> {
    vec![
        attack("a transfer sealed twice", Named("sealed_once"), after_it(&(SECOND.sql() + &place(2, 2, 0)))),
        attack("two transfers at one place", Named("sealed_place"), after_it(&place(3, 1, 1))),
        attack("a transfer added to a block", Named("sealed_in_a_block"), after_it(&place(3, 1, 2))),
        attack("a place in no block", Named("sealed_in_a_block"), after_it(&place(3, 2, 0))),
        attack(
            "no transfer sealed",
            Named("sealed_is_a_transfer"),
            after_it(&(SECOND.sql() + &place(0x99, 2, 0))),
        ),
    ]
}

fn immutable() -> Vec<Attack> {
    let changed = |label, by, what: &str| attack(label, by, after_it(what));
    vec![
        changed(
            "another root",
            Named("ledger_blocks_never_change"),
            "UPDATE ledger_blocks SET root = prev_hash;",
        ),
        changed("delete a block", Named("ledger_blocks_stay"), "DELETE FROM ledger_blocks;"),
        changed(
            "another place",
            Named("sealed_transfers_never_change"),
            "UPDATE sealed_transfers SET position = 5;",
        ),
        changed(
            "another leaf",
            Named("sealed_transfers_never_change"),
            "UPDATE sealed_transfers SET leaf = decode(repeat('00', 32), 'hex');",
        ),
        changed("delete a seal", Named("sealed_transfers_stay"), "DELETE FROM sealed_transfers;"),
    ]
}
