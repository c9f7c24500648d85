//! Blocks against the transfers they seal: a page of blocks at a time, and of each its transfers as they stream.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use referral_domain::ledger::{Block, ChainFold, ChainHead, Check, FoundLeaf, UnsealedTail};
use referral_domain::port::StoreError;
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;

use super::{Finding, Stop, equal};
use crate::column::{Key, Place};
use crate::failure::Told;
use crate::sealing::{BLOCK_COLUMNS, BlockRow, BlockSql, LEAF_COLUMNS, LeafRow, LeafSql};

/// How many blocks are read at once.
const PAGE: i64 = 1_000;

impl From<Box<referral_domain::ledger::Broken>> for Stop {
    fn from(broken: Box<referral_domain::ledger::Broken>) -> Self {
        Self::Broken(broken)
    }
}

/// [`Check::Seals`]: each block follows the one before and is the root of its transfers as they stand; nothing is sealed
/// outside a block.
pub(super) fn blocks_hold(conn: &mut SqliteConnection) -> Finding {
    let (mut fold, mut buffer, mut after) = (ChainFold::default(), Vec::new(), (i64::MIN, 0));
    loop {
        let page = page(conn, after)?;
        let Some(last) = page.last() else { break };
        after = (last.header.book, last.header.n.cast_signed());
        for block in &page {
            fold.block(block)?;
            transfers_of(conn, block, &mut fold, &mut buffer)?;
        }
    }
    let (_, sealed) = fold.finish()?;
    let all: i64 = sql::<BigInt>("SELECT count(*) FROM sealed_transfers").get_result(conn)?;
    equal(Check::Seals, || "sealed_transfers: all are of a block".to_owned(), &sealed, &all.unsigned_abs())
}

fn page(conn: &mut SqliteConnection, (book, n): (i64, i64)) -> Result<Vec<Block>, StoreError> {
    let text = format!("SELECT {BLOCK_COLUMNS} FROM ledger_blocks AS b WHERE (b.book_id, b.n) > (");
    let query = sql::<BlockSql>(&text).bind::<BigInt, _>(book).sql(", ").bind::<BigInt, _>(n);
    let query = query.sql(") ORDER BY b.book_id, b.n LIMIT ").bind::<BigInt, _>(PAGE);
    query.load::<BlockRow>(conn).told()?.into_iter().map(Block::try_from).collect()
}

/// The place, the id, the leaf that was hashed, and whether the row stands.
type PlaceSql = (BigInt, Binary, Binary);

fn transfers_of(
    conn: &mut SqliteConnection,
    block: &Block,
    fold: &mut ChainFold,
    buffer: &mut Vec<u8>,
) -> Finding {
    let text = format!(
        "SELECT s.position, s.transfer_id, s.leaf, {LEAF_COLUMNS} FROM sealed_transfers AS s
         LEFT JOIN transfers AS t ON t.book_id = s.book_id AND t.transfer_id = s.transfer_id WHERE s.book_id = "
    );
    let query = sql::<(PlaceSql, Nullable<LeafSql>)>(&text).bind::<BigInt, _>(block.header.book);
    let query = query.sql(" AND s.n = ").bind::<BigInt, _>(block.header.n.cast_signed());
    let query = query.sql(" ORDER BY s.position");
    for found in query.load_iter::<((i64, Key, Vec<u8>), Option<LeafRow>), _>(conn)? {
        let ((position, transfer, sealed), row) = found?;
        let sealed = Place { table: "sealed_transfers", row: &transfer.0 }.hash("leaf", &sealed)?;
        let stands = row.map(|row| row.leaf().hash_with(buffer));
        fold.leaf(&FoundLeaf { position: position.unsigned_abs(), transfer: transfer.0, sealed, stands })?;
    }
    Ok(())
}

/// The end of each book's chain, by program.
pub(super) fn heads(conn: &mut SqliteConnection) -> Result<Vec<ChainHead>, StoreError> {
    let query = sql::<(Text, BigInt, Binary)>(
        "SELECT p.slug, b.n, b.hash FROM books AS p JOIN ledger_blocks AS b ON b.book_id = p.book_id
         AND b.n = (SELECT max(x.n) FROM ledger_blocks AS x WHERE x.book_id = p.book_id) ORDER BY p.slug",
    );
    let found: Vec<(String, i64, Vec<u8>)> = query.load(conn).told()?;
    let head = |(slug, n, hash): (String, i64, Vec<u8>)| {
        let hash = Place { table: "ledger_blocks", row: &n }.hash("hash", &hash)?;
        Ok(ChainHead { program: program(&slug)?, n: n.unsigned_abs(), hash })
    };
    found.into_iter().map(head).collect()
}

/// What no block seals yet, by program.
pub(super) fn unsealed(conn: &mut SqliteConnection) -> Result<Vec<UnsealedTail>, StoreError> {
    let query = sql::<(Text, BigInt, BigInt)>(
        "SELECT p.slug, count(*), min(t.recorded_at) FROM transfers AS t JOIN books AS p ON p.book_id = t.book_id
         WHERE NOT EXISTS (SELECT 1 FROM sealed_transfers AS s
           WHERE s.book_id = t.book_id AND s.transfer_id = t.transfer_id)
         GROUP BY p.slug ORDER BY p.slug",
    );
    let found: Vec<(String, i64, i64)> = query.load(conn).told()?;
    let tail = |(slug, transfers, since): (String, i64, i64)| {
        let (transfers, since) = (transfers.unsigned_abs(), Timestamp::from_micros(since));
        Ok(UnsealedTail { program: program(&slug)?, transfers, since })
    };
    found.into_iter().map(tail).collect()
}

fn program(slug: &str) -> Result<Slug, StoreError> {
    Place { table: "books", row: &slug }.sound("slug", Slug::parse(slug), slug)
}
