//! Blocks and what they seal.
//!
//! `unsealed` reads at most `limit` rows of `transfers` in the order they were written (their rowid), from its mark on:
//! there is one writer, so whatever is committed later has a later rowid. The writer is the lock. A block is one insert
//! a row of its transfers; blocks and leaves are read by their keys, a user's transfers by the key of their history.

mod row;

use async_trait::async_trait;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use referral_domain::id::{BookId, TransferId, UserId};
use referral_domain::ledger::{Block, Hash, Mark, NewBlock, SealedRow, Tail, Unsealed};
use referral_domain::port::{BlockFilter, Sealing, StoreError};
use referral_domain::time::Timestamp;

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::ledger::previous;
use crate::statement::fixed;
use crate::unit::SqliteUnit;
pub(crate) use row::{BLOCK_COLUMNS, BlockRow, BlockSql, LEAF_COLUMNS, LeafRow, LeafSql};

#[async_trait]
impl Sealing for SqliteUnit {
    async fn unsealed(
        &mut self,
        mark: Option<&Mark>,
        _: Timestamp,
        limit: u32,
    ) -> Result<Option<Unsealed>, StoreError> {
        // A mark that is none of ours has looked at nothing.
        let from = mark.and_then(|mark| mark.0.parse().ok()).unwrap_or(0);
        self.run(move |conn| unsealed(conn, from, limit).map(Some)).await
    }
}

/// A transfer with its place in the table, and how often it is sealed.
type Candidate = (i64, i64, LeafRow);

fn unsealed(conn: &mut SqliteConnection, from: i64, limit: u32) -> Result<Unsealed, StoreError> {
    let text = format!(
        "SELECT t.rowid, (SELECT count(*) FROM sealed_transfers AS s
           WHERE s.book_id = t.book_id AND s.transfer_id = t.transfer_id), {LEAF_COLUMNS}
         FROM transfers AS t WHERE t.rowid > "
    );
    let query = sql::<(BigInt, BigInt, LeafSql)>(&text).bind::<BigInt, _>(from);
    let query = query.sql(" ORDER BY t.rowid LIMIT ").bind::<BigInt, _>(i64::from(limit));
    let mut found: Vec<Candidate> = query.load(conn).told()?;
    let mark = Mark(found.last().map_or(from, |row| row.0).to_string());
    let more = found.len() >= limit as usize;
    found.retain(|(_, sealed, _)| *sealed == 0);
    found.sort_by_key(|(_, _, row)| (row.book_id, row.transfer_id));
    let (mut tails, mut buffer) = (Vec::<Tail>::new(), Vec::new());
    for (_, _, row) in &found {
        let book = BookId(row.book_id);
        if tails.last().is_none_or(|tail| tail.book != book) {
            tails.push(Tail { book, last: last_block(conn, book)?, transfers: Vec::new() });
        }
        let leaf = (TransferId::from(row.transfer_id), row.leaf().hash_with(&mut buffer));
        tails.iter_mut().last().into_iter().for_each(|tail| tail.transfers.push(leaf));
    }
    Ok(Unsealed { tails, mark, more })
}

fn last_block(conn: &mut SqliteConnection, book: BookId) -> Result<Option<(u64, Hash)>, StoreError> {
    let last = BlockFilter { limit: 1, ..BlockFilter::default() };
    Ok(blocks(conn, book, &last)?.pop().map(|block| (block.header.n, block.hash)))
}

/// Stores a block and where its transfers were sealed, in the order of their places.
pub(crate) fn insert(conn: &mut SqliteConnection, book: BookId, made: &NewBlock) -> Result<(), StoreError> {
    let Block { header, hash, signature } = &made.block;
    let n = header.n.cast_signed();
    let insert = fixed(
        "INSERT INTO ledger_blocks (book_id, n, prev_n, prev_hash, root, transfers, hash, signature, sealed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let insert = insert.bind(book.0).bind(n).bind(previous(n)).bind(Some(header.prev.to_vec()));
    let insert = insert.bind(Some(header.root.to_vec())).bind(header.count.cast_signed());
    let insert = insert.bind(Some(hash.to_vec())).bind(signature.map(|signature| signature.to_vec()));
    insert.bind(header.sealed_at).execute(conn).told()?;
    for ((transfer, leaf), position) in made.transfers.iter().zip(0_i64..) {
        let insert = fixed(
            "INSERT INTO sealed_transfers (book_id, transfer_id, n, position, leaf) VALUES (?, ?, ?, ?, ?)",
        );
        let insert = insert.bind(book.0).bind(Key::from(*transfer)).bind(n).bind(position);
        insert.bind(Some(leaf.to_vec())).execute(conn).told()?;
    }
    Ok(())
}

/// Blocks of a book, by number.
pub(crate) fn blocks(
    conn: &mut SqliteConnection,
    book: BookId,
    filter: &BlockFilter,
) -> Result<Vec<Block>, StoreError> {
    let BlockFilter { numbers, from, before, hash, ascending, limit } = filter;
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    let only =
        if numbers.is_empty() { String::new() } else { format!(" AND b.n IN ({})", numbers.join(", ")) };
    let order = if *ascending { "ASC" } else { "DESC" };
    let text = format!("SELECT {BLOCK_COLUMNS} FROM ledger_blocks AS b WHERE b.book_id = ");
    let query = sql::<BlockSql>(&text).bind::<BigInt, _>(book.0).sql(&only);
    let query = query.sql(" AND b.n >= ").bind::<BigInt, _>(from.map_or(0, u64::cast_signed));
    let query = query.sql(" AND b.n < ").bind::<BigInt, _>(before.map_or(i64::MAX, u64::cast_signed));
    let query = query
        .sql(" AND coalesce(b.hash = ")
        .bind::<diesel::sql_types::Nullable<Binary>, _>(hash.map(Vec::from));
    let query =
        query.sql(&format!(", true) ORDER BY b.n {order} LIMIT ")).bind::<BigInt, _>(i64::from(*limit));
    query.load::<BlockRow>(conn).told()?.into_iter().map(Block::try_from).collect()
}

/// The leaves of blocks, by position.
pub(crate) fn leaves(
    conn: &mut SqliteConnection,
    book: BookId,
    numbers: &[u64],
) -> Result<Vec<Vec<Hash>>, StoreError> {
    let of_block = |n: &u64| {
        let query = sql::<Binary>("SELECT s.leaf FROM sealed_transfers AS s WHERE s.book_id = ");
        let query = query.bind::<BigInt, _>(book.0).sql(" AND s.n = ").bind::<BigInt, _>(n.cast_signed());
        let found: Vec<Vec<u8>> = query.sql(" ORDER BY s.position").load(conn).told()?;
        let place = Place { table: "sealed_transfers", row: n };
        found.iter().map(|leaf| place.hash("leaf", leaf)).collect()
    };
    numbers.iter().map(of_block).collect()
}

/// The transfers of a user's transactions, oldest first.
pub(crate) fn sealed_rows(
    conn: &mut SqliteConnection,
    book: BookId,
    user: UserId,
    [from, until]: [Option<Timestamp>; 2],
    limit: u32,
) -> Result<Vec<SealedRow>, StoreError> {
    type Found = (Option<i64>, Option<i64>, LeafRow);
    let text = format!(
        "SELECT s.n, s.position, {LEAF_COLUMNS}
         FROM history_lines AS l
         JOIN transfers AS t ON t.book_id = l.book_id AND t.transaction_id = l.transaction_id
         LEFT JOIN sealed_transfers AS s ON s.book_id = t.book_id AND s.transfer_id = t.transfer_id
         WHERE l.book_id = "
    );
    let query = sql::<row::SealedSql>(&text).bind::<BigInt, _>(book.0);
    let query = query.sql(" AND l.user_id = ").bind::<Binary, _>(Key::from(user));
    let query = query.sql(" AND l.at >= ").bind::<BigInt, _>(from.map_or(i64::MIN, Timestamp::micros));
    let query = query.sql(" AND l.at < ").bind::<BigInt, _>(until.map_or(i64::MAX, Timestamp::micros));
    let query = query.sql(" ORDER BY l.at, t.transfer_id LIMIT ").bind::<BigInt, _>(i64::from(limit));
    let found: Vec<Found> = query.load(conn).told()?;
    Ok(found.iter().map(|(n, position, row)| row.sealed(n.zip(*position))).collect())
}
