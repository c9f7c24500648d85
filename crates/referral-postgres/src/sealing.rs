//! Blocks and what they seal.
//!
//! `unsealed` is at most four round trips. The first tries an advisory lock of the transaction, which one unit of all
//! servers holds, and asks how far the snapshots are; the second looks through the keys of `transfers` and of
//! `sealed_transfers`, from a bound that `search` draws from that; the others, only where something is not sealed, ask
//! for its rows and for the last blocks. Nothing is locked that a posting needs. Blocks and
//! leaves are read by their keys, a user's transfers by the key of their history.

mod row;
mod search;

use async_trait::async_trait;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use referral_domain::id::{BookId, TransferId, UserId};
use referral_domain::ledger::{Block, Hash, Mark, NewBlock, SealedRow, Tail, Unsealed};
use referral_domain::port::{BlockFilter, Sealing, StoreError};
use referral_domain::time::Timestamp;

use crate::column::{Key, Place};
use crate::failure::Told;
use crate::ledger::previous;
use crate::statement::fixed;
use crate::unit::{PgUnit, call};
pub(crate) use row::{BlockRow, BlockSql, LeafRow, LeafSql, block_columns, leaf_columns};
use search::{Horizon, Search};

#[async_trait]
impl Sealing for PgUnit {
    async fn unsealed(
        &mut self,
        mark: Option<&Mark>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Option<Unsealed>, StoreError> {
        call!(self, |conn| unsealed(conn, mark, now, limit))
    }
}

async fn unsealed(
    conn: &AsyncPgConnection,
    mark: Option<&Mark>,
    now: Timestamp,
    limit: u32,
) -> Result<Option<Unsealed>, StoreError> {
    let (alone, horizon) = try_join(try_alone(conn), horizon(conn, now)).await?;
    if !alone {
        return Ok(None);
    }
    let mut search = Search::resumed(mark, horizon);
    let (seen, sealed) = look(conn, &search, limit).await?;
    let more = seen.len() >= limit as usize;
    match seen.last().filter(|_| more) {
        Some((book, transfer)) => search.stop_at(*book, transfer.0),
        None => search.finish(),
    }
    let tails = tails(conn, rows(conn, &unsealed_of(&seen, &sealed)).await?).await?;
    Ok(Some(Unsealed { tails, mark: search.mark(), more }))
}

/// Takes the one lock of whoever seals, if it is free, until the unit ends.
async fn try_alone(mut conn: &AsyncPgConnection) -> Result<bool, StoreError> {
    let lock = "SELECT pg_try_advisory_xact_lock(hashtextextended('seal the ledger', 0))";
    Ok(fixed::<(Bool,)>(lock).get_result::<(bool,)>(&mut conn).await.told()?.0)
}

/// Asked before the rows are looked for: what it says is over, they show.
const HORIZON: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint, (
  SELECT t.transfer_id FROM books AS b CROSS JOIN LATERAL (SELECT t.transfer_id FROM transfers AS t
    WHERE t.book_id = b.book_id ORDER BY t.transfer_id DESC LIMIT 1) AS t ORDER BY t.transfer_id DESC LIMIT 1)";

async fn horizon(mut conn: &AsyncPgConnection, now: Timestamp) -> Result<Horizon, StoreError> {
    type Row = (BigInt, BigInt, Nullable<SqlUuid>);
    let asked = fixed::<Row>(HORIZON).get_result::<(i64, i64, Option<Key>)>(&mut conn).await;
    let (over, next, newest) = asked.told()?;
    let now = now.micros() / 1_000;
    Ok(Horizon { over, next, newest: newest.map_or(now, |id| search::millis(id.0).min(now)) })
}

/// A transfer's book and id.
type Id = (i64, Key);

/// The next ids of a table after a place, by book and id.
macro_rules! ids {
    ($table:literal) => {
        concat!(
            "SELECT b.book_id, c.transfer_id FROM books AS b
             CROSS JOIN LATERAL (SELECT t.transfer_id FROM ",
            $table,
            " AS t WHERE t.book_id = b.book_id AND t.transfer_id > CASE WHEN b.book_id = $1 THEN $2 ELSE $3 END
               ORDER BY t.transfer_id LIMIT $4) AS c
             WHERE b.book_id >= $1 ORDER BY b.book_id, c.transfer_id LIMIT $4"
        )
    };
}

/// The next transfers, and the next that are sealed: of the first, all that are sealed are among the second.
async fn look(
    conn: &AsyncPgConnection,
    search: &Search,
    limit: u32,
) -> Result<(Vec<Id>, Vec<Id>), StoreError> {
    let (book, after, lowest) = search.bounds();
    let next = async |query, mut conn: &AsyncPgConnection| {
        let query = fixed::<(BigInt, SqlUuid)>(query).bind(book);
        let query = query.bind(Key(after)).bind(Key(lowest)).bind(i64::from(limit));
        query.load::<Id>(&mut conn).await.told()
    };
    try_join(next(ids!("transfers"), conn), next(ids!("sealed_transfers"), conn)).await
}

/// Those that are not among the sealed; both are in the order of book and id.
fn unsealed_of(seen: &[Id], sealed: &[Id]) -> Vec<Id> {
    let mut sealed = sealed.iter().map(|(book, id)| (*book, id.0)).peekable();
    let mut is_sealed = |(book, id): &Id| {
        while sealed.next_if(|other| *other < (*book, id.0)).is_some() {}
        sealed.next_if_eq(&(*book, id.0)).is_some()
    };
    seen.iter().filter(|id| !is_sealed(id)).copied().collect()
}

const OF_THESE: &str = concat!(
    "SELECT ",
    leaf_columns!(),
    " FROM unnest($1, $2) AS u(book_id, transfer_id)
  CROSS JOIN LATERAL (SELECT t.* FROM transfers AS t
    WHERE t.book_id = u.book_id AND t.transfer_id = u.transfer_id LIMIT 1) AS t
  ORDER BY t.book_id, t.transfer_id"
);

async fn rows(mut conn: &AsyncPgConnection, ids: &[Id]) -> Result<Vec<LeafRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = fixed::<LeafSql>(OF_THESE).column(ids, |id| id.0).column(ids, |id| id.1);
    query.load::<LeafRow>(&mut conn).await.told()
}

const LAST: &str = "SELECT u.book_id, b.n, b.hash FROM unnest($1) AS u(book_id)
  CROSS JOIN LATERAL (SELECT b.n, b.hash FROM ledger_blocks AS b WHERE b.book_id = u.book_id
    ORDER BY b.n DESC LIMIT 1) AS b";

/// The rows by book, each book with its last block.
async fn tails(mut conn: &AsyncPgConnection, rows: Vec<LeafRow>) -> Result<Vec<Tail>, StoreError> {
    let (mut tails, mut buffer) = (Vec::<Tail>::new(), Vec::new());
    for row in &rows {
        let book = BookId(row.book_id);
        let leaf = (TransferId::from(row.transfer_id), row.leaf().hash_with(&mut buffer));
        match tails.last_mut().filter(|tail| tail.book == book) {
            Some(tail) => tail.transfers.push(leaf),
            None => tails.push(Tail { book, last: None, transfers: vec![leaf] }),
        }
    }
    if tails.is_empty() {
        return Ok(tails);
    }
    let last = fixed::<(BigInt, BigInt, Binary)>(LAST).column(&tails, |tail| tail.book.0);
    for (book, n, hash) in last.load::<(i64, i64, Vec<u8>)>(&mut conn).await.told()? {
        let hash = Place { table: "ledger_blocks", row: &n }.hash("hash", &hash)?;
        let theirs = tails.iter_mut().filter(|tail| tail.book.0 == book);
        theirs.for_each(|tail| tail.last = Some((n.unsigned_abs(), hash)));
    }
    Ok(tails)
}

const INSERT: &str =
    "INSERT INTO ledger_blocks (book_id, n, prev_n, prev_hash, root, transfers, hash, signature, sealed_at)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9)";

/// Stores blocks of a book.
pub(crate) async fn insert(
    mut conn: &AsyncPgConnection,
    book: BookId,
    made: &[NewBlock],
) -> Result<(), StoreError> {
    let n = |made: &NewBlock| made.block.header.n.cast_signed();
    let insert = fixed::<()>(INSERT).bind(book.0).column(made, n).column(made, |made| previous(n(made)));
    let insert = insert.column(made, |made| made.block.header.prev.to_vec());
    let insert = insert.column(made, |made| made.block.header.root.to_vec());
    let insert = insert.column(made, |made| made.block.header.count.cast_signed());
    let insert = insert.column(made, |made| made.block.hash.to_vec());
    let insert = insert.column(made, |made| made.block.signature.map(|signature| signature.to_vec()));
    let insert = insert.column(made, |made| Timestamp::from_micros(made.block.header.sealed_at));
    insert.execute(&mut conn).await.told()?;
    Ok(())
}

const SEAL: &str = "INSERT INTO sealed_transfers (book_id, transfer_id, n, position, leaf)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5)";

/// Stores where the transfers of new blocks were sealed.
pub(crate) async fn insert_places(
    mut conn: &AsyncPgConnection,
    book: BookId,
    made: &[NewBlock],
) -> Result<(), StoreError> {
    let of_block = |made: &NewBlock| {
        let n = made.block.header.n.cast_signed();
        let place =
            move |((id, leaf), position): (&(TransferId, Hash), i64)| (Key::from(*id), n, position, *leaf);
        made.transfers.iter().zip(0_i64..).map(place).collect::<Vec<_>>()
    };
    let places: Vec<_> = made.iter().flat_map(of_block).collect();
    let insert = fixed::<()>(SEAL).bind(book.0).column(&places, |place| place.0);
    let insert = insert.column(&places, |place| place.1).column(&places, |place| place.2);
    insert.column(&places, |place| place.3.to_vec()).execute(&mut conn).await.told()?;
    Ok(())
}

/// What holds of a block in all orders: see [`BLOCKS_UP`] and [`BLOCKS_DOWN`].
macro_rules! blocks_in {
    ($order:literal) => {
        concat!(
            "SELECT ",
            block_columns!(),
            " FROM ledger_blocks AS b WHERE b.book_id = $1 AND (cardinality($2) = 0 OR b.n = ANY($2))
              AND b.n >= $3 AND b.n < $4 AND (cardinality($5) = 0 OR b.hash = ANY($5)) ORDER BY b.n ",
            $order,
            " LIMIT $6"
        )
    };
}
const BLOCKS_UP: &str = blocks_in!("ASC");
const BLOCKS_DOWN: &str = blocks_in!("DESC");

/// Blocks of a book, by number.
pub(crate) async fn blocks(
    mut conn: &AsyncPgConnection,
    book: BookId,
    filter: &BlockFilter,
) -> Result<Vec<Block>, StoreError> {
    let BlockFilter { numbers, from, before, hash, ascending, limit } = filter;
    let query = fixed::<BlockSql>(if *ascending { BLOCKS_UP } else { BLOCKS_DOWN }).bind(book.0);
    let query = query.column(numbers, |n| n.cast_signed()).bind(from.map_or(0, u64::cast_signed));
    let query = query.bind(before.map_or(i64::MAX, u64::cast_signed));
    let query = query.bind(hash.iter().map(|hash| hash.to_vec()).collect::<Vec<_>>()).bind(*limit);
    let found: Vec<BlockRow> = query.load(&mut conn).await.told()?;
    found.into_iter().map(Block::try_from).collect()
}

const LEAVES: &str = "SELECT s.n, s.leaf FROM sealed_transfers AS s WHERE s.book_id = $1 AND s.n = ANY($2)
  ORDER BY s.n, s.position";

/// The leaves of blocks, by position.
pub(crate) async fn leaves(
    mut conn: &AsyncPgConnection,
    book: BookId,
    numbers: &[u64],
) -> Result<Vec<Vec<Hash>>, StoreError> {
    let query = fixed::<(BigInt, Binary)>(LEAVES).bind(book.0).column(numbers, |n| n.cast_signed());
    let mut of_blocks = std::collections::BTreeMap::<i64, Vec<Hash>>::new();
    for (n, leaf) in query.load::<(i64, Vec<u8>)>(&mut conn).await.told()? {
        let leaf = Place { table: "sealed_transfers", row: &n }.hash("leaf", &leaf)?;
        of_blocks.entry(n).or_default().push(leaf);
    }
    Ok(numbers.iter().map(|n| of_blocks.get(&n.cast_signed()).cloned().unwrap_or_default()).collect())
}

const ROWS: &str = concat!(
    "SELECT s.n, s.position, ",
    leaf_columns!(),
    " FROM history_lines AS l
  JOIN transfers AS t ON t.book_id = l.book_id AND t.transaction_id = l.transaction_id
  LEFT JOIN sealed_transfers AS s ON s.book_id = t.book_id AND s.transfer_id = t.transfer_id
  WHERE l.book_id = $1 AND l.user_id = $2 AND l.at >= $3 AND l.at < $4 ORDER BY l.at, t.transfer_id LIMIT $5"
);

/// Before and after every instant that a request may name.
const EVER: [Timestamp; 2] = [Timestamp::from_micros(0), Timestamp::from_micros(8_000_000_000_000_000)];

/// The transfers of a user's transactions, oldest first.
pub(crate) async fn sealed_rows(
    mut conn: &AsyncPgConnection,
    book: BookId,
    user: UserId,
    [from, until]: [Option<Timestamp>; 2],
    limit: u32,
) -> Result<Vec<SealedRow>, StoreError> {
    type Row = (Nullable<BigInt>, Nullable<BigInt>, LeafSql);
    let query = fixed::<Row>(ROWS).bind(book.0).bind(Key::from(user));
    let query = query.bind(from.unwrap_or(EVER[0])).bind(until.unwrap_or(EVER[1])).bind(limit);
    let found: Vec<(Option<i64>, Option<i64>, LeafRow)> = query.load(&mut conn).await.told()?;
    Ok(found.iter().map(|(n, position, row)| row.sealed(n.zip(*position))).collect())
}
