//! Blocks against the transfers they seal: a page of blocks at a time, and their transfers as they stream.

use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz, Uuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::TryStreamExt;
use referral_domain::ledger::{Block, Broken, ChainFold, ChainHead, Check, FoundLeaf, UnsealedTail};
use referral_domain::port::StoreError;
use referral_domain::reference::Slug;

use super::{Finding, Stop, equal};
use crate::column::{At, Key, Place};
use crate::failure::Told;
use crate::sealing::{BlockRow, BlockSql, LeafRow, LeafSql, block_columns, leaf_columns};
use crate::statement::fixed;

/// How many blocks are read at once.
const PAGE: i64 = 1_000;

impl From<Box<Broken>> for Stop {
    fn from(broken: Box<Broken>) -> Self {
        Self::Broken(broken)
    }
}

/// [`Check::Seals`]: each block follows the one before and is the root of its transfers as they stand; nothing is sealed
/// outside a block.
pub(super) async fn blocks_hold(conn: &AsyncPgConnection) -> Finding {
    let (mut fold, mut after) = (ChainFold::default(), (i64::MIN, 0));
    loop {
        let page = page(conn, after).await?;
        let Some(last) = page.last() else { break };
        after = (last.header.book, last.header.n.cast_signed());
        for blocks in page.chunk_by(|one, other| one.header.book == other.header.book) {
            hold(conn, blocks, &mut fold).await?;
        }
    }
    let (_, sealed) = fold.finish()?;
    let mut asking = conn;
    let all = fixed::<(BigInt,)>("SELECT count(*) FROM sealed_transfers");
    let (all,) = all.get_result::<(i64,)>(&mut asking).await?;
    equal(Check::Seals, || "sealed_transfers: all are of a block".to_owned(), &sealed, &all.unsigned_abs())
}

const BLOCKS: &str = concat!(
    "SELECT ",
    block_columns!(),
    " FROM ledger_blocks AS b WHERE (b.book_id, b.n) > ($1, $2) ORDER BY b.book_id, b.n LIMIT $3"
);

async fn page(mut conn: &AsyncPgConnection, (book, n): (i64, i64)) -> Result<Vec<Block>, StoreError> {
    let query = fixed::<BlockSql>(BLOCKS).bind(book).bind(n).bind(PAGE);
    query.load::<BlockRow>(&mut conn).await.told()?.into_iter().map(Block::try_from).collect()
}

/// Each by its key: nothing is sorted, hashed or kept.
const PLACES: &str = concat!(
    "SELECT s.n, s.position, s.transfer_id, s.leaf, ",
    leaf_columns!(),
    " FROM sealed_transfers AS s
  LEFT JOIN LATERAL (SELECT t.* FROM transfers AS t
    WHERE t.book_id = s.book_id AND t.transfer_id = s.transfer_id LIMIT 1) AS t ON true
  WHERE s.book_id = $1 AND s.n >= $2 AND s.n <= $3 ORDER BY s.n, s.position"
);

/// These blocks of one book hold.
async fn hold(mut conn: &AsyncPgConnection, blocks: &[Block], fold: &mut ChainFold) -> Finding {
    type Sql = (BigInt, BigInt, Uuid, Binary, Nullable<LeafSql>);
    type Found = (i64, i64, Key, Vec<u8>, Option<LeafRow>);
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return Ok(()) };
    let query = fixed::<Sql>(PLACES).bind(first.header.book);
    let query = query.bind(first.header.n.cast_signed()).bind(last.header.n.cast_signed());
    let mut rows = std::pin::pin!(query.load_stream::<Found>(&mut conn).await?);
    let (mut waiting, mut buffer) = (blocks.iter().peekable(), Vec::new());
    while let Some((n, position, transfer, sealed, row)) = rows.try_next().await? {
        let n = n.unsigned_abs();
        while let Some(block) = waiting.next_if(|block| block.header.n <= n) {
            fold.block(block)?;
        }
        let sealed = Place { table: "sealed_transfers", row: &transfer.0 }.hash("leaf", &sealed)?;
        let stands = row.map(|row| row.leaf().hash_with(&mut buffer));
        fold.leaf(&FoundLeaf { position: position.unsigned_abs(), transfer: transfer.0, sealed, stands })?;
    }
    for block in waiting {
        fold.block(block)?;
    }
    Ok(())
}

const HEADS: &str = "SELECT p.slug, b.n, b.hash FROM books AS p CROSS JOIN LATERAL (
    SELECT b.n, b.hash FROM ledger_blocks AS b WHERE b.book_id = p.book_id ORDER BY b.n DESC LIMIT 1) AS b
  ORDER BY p.slug";

/// The end of each book's chain, by program.
pub(super) async fn heads(mut conn: &AsyncPgConnection) -> Result<Vec<ChainHead>, StoreError> {
    let query = fixed::<(Text, BigInt, Binary)>(HEADS);
    let found: Vec<(String, i64, Vec<u8>)> = query.load(&mut conn).await.told()?;
    let head = |(slug, n, hash): (String, i64, Vec<u8>)| {
        let hash = Place { table: "ledger_blocks", row: &n }.hash("hash", &hash)?;
        Ok(ChainHead { program: program(&slug)?, n: n.unsigned_abs(), hash })
    };
    found.into_iter().map(head).collect()
}

/// Where there are as many seals as transfers, nothing is looked up: `blocks_hold` says that each is of a transfer.
const UNSEALED: &str = "SELECT p.slug, count(*), min(t.recorded_at) FROM transfers AS t
  JOIN books AS p ON p.book_id = t.book_id
  WHERE (SELECT count(*) FROM transfers) <> (SELECT count(*) FROM sealed_transfers)
    AND NOT EXISTS (SELECT 1 FROM sealed_transfers AS s
      WHERE s.book_id = t.book_id AND s.transfer_id = t.transfer_id) GROUP BY p.slug ORDER BY p.slug";

/// What no block seals yet, by program.
pub(super) async fn unsealed(mut conn: &AsyncPgConnection) -> Result<Vec<UnsealedTail>, StoreError> {
    let query = fixed::<(Text, BigInt, Timestamptz)>(UNSEALED);
    let found: Vec<(String, i64, At)> = query.load(&mut conn).await.told()?;
    let tail = |(slug, transfers, since): (String, i64, At)| {
        Ok(UnsealedTail {
            program: program(&slug)?,
            transfers: transfers.unsigned_abs(),
            since: since.into(),
        })
    };
    found.into_iter().map(tail).collect()
}

fn program(slug: &str) -> Result<Slug, StoreError> {
    Place { table: "books", row: &slug }.sound("slug", Slug::parse(slug), slug)
}
