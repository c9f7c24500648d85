//! Blocks against the transfers they seal: both tables in the order of their keys, then each block's leaves as they
//! stream. Only where a leaf is not that of its transfer are transfers looked up, to say which comes first.

use std::iter::Peekable;
use std::slice;

use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz, Uuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::TryStreamExt;
use referral_domain::ledger::{Block, Broken, ChainFold, ChainHead, Check, FoundLeaf, Hash, UnsealedTail};
use referral_domain::port::StoreError;
use referral_domain::reference::Slug;

use super::{Finding, Stop, equal};
use crate::column::{At, Key, Place};
use crate::failure::Told;
use crate::sealing::{BlockRow, BlockSql, LeafRow, LeafSql, block_columns, leaf_columns};
use crate::statement::{Fixed, fixed};

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
    let stand = all_stand(conn).await?;
    let (mut fold, mut after) = (ChainFold::default(), (i64::MIN, 0));
    loop {
        let page = page(conn, after).await?;
        let Some(last) = page.last() else { break };
        after = (last.header.book, last.header.n.cast_signed());
        for blocks in page.chunk_by(|one, other| one.header.book == other.header.book) {
            hold(conn, blocks, stand, &mut fold).await?;
        }
    }
    let (_, sealed) = fold.finish()?;
    let mut asking = conn;
    let all = fixed::<(BigInt,)>("SELECT count(*) FROM sealed_transfers");
    let (all,) = all.get_result::<(i64,)>(&mut asking).await?;
    equal(Check::Seals, || "sealed_transfers: all are of a block".to_owned(), &sealed, &all.unsigned_abs())
}

/// Side by side in the order of both tables' keys: nothing is looked up, sorted or kept.
const SIDE_BY_SIDE: &str = concat!(
    "SELECT s.leaf, ",
    leaf_columns!(),
    " FROM sealed_transfers AS s
  LEFT JOIN transfers AS t ON t.book_id = s.book_id AND t.transfer_id = s.transfer_id
  ORDER BY s.book_id, s.transfer_id"
);

/// Whether each leaf is that of a transfer as it stands.
async fn all_stand(mut conn: &AsyncPgConnection) -> Result<bool, Stop> {
    type Found = (Vec<u8>, Option<LeafRow>);
    conn.batch_execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_hashjoin = off").await?;
    let mut all = true;
    {
        let query = fixed::<(Binary, Nullable<LeafSql>)>(SIDE_BY_SIDE);
        let mut rows = std::pin::pin!(query.load_stream::<Found>(&mut conn).await?);
        let mut buffer = Vec::new();
        while let Some((sealed, row)) = rows.try_next().await? {
            all &= row.is_some_and(|row| row.leaf().hash_with(&mut buffer).as_slice() == sealed);
        }
    }
    conn.batch_execute("RESET enable_nestloop; RESET enable_hashjoin").await?;
    Ok(all)
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

/// Blocks of one book, of which the first begins with the next leaf or a later one.
struct Waiting<'a> {
    blocks: Peekable<slice::Iter<'a, Block>>,
    fold: &'a mut ChainFold,
}

impl Waiting<'_> {
    /// The next leaf, of the row as it stands.
    fn leaf(
        &mut self,
        (n, position, transfer, sealed): (i64, i64, Key, Vec<u8>),
        stands: impl FnOnce(Hash) -> Option<Hash>,
    ) -> Finding {
        let (n, position) = (n.unsigned_abs(), position.unsigned_abs());
        while let Some(block) = self.blocks.next_if(|block| block.header.n <= n) {
            self.fold.block(block)?;
        }
        let sealed = Place { table: "sealed_transfers", row: &transfer.0 }.hash("leaf", &sealed)?;
        let leaf = FoundLeaf { position, transfer: transfer.0, sealed, stands: stands(sealed) };
        Ok(self.fold.leaf(&leaf)?)
    }
}

/// These blocks of one book hold; that their leaves stand is known or looked up.
async fn hold(conn: &AsyncPgConnection, blocks: &[Block], stand: bool, fold: &mut ChainFold) -> Finding {
    let mut waiting = Waiting { blocks: blocks.iter().peekable(), fold };
    if stand {
        sealed(conn, blocks, &mut waiting).await?;
    } else {
        looked_up(conn, blocks, &mut waiting).await?;
    }
    for block in waiting.blocks {
        waiting.fold.block(block)?;
    }
    Ok(())
}

type SealedSql = (BigInt, BigInt, Uuid, Binary);

const SEALED: &str = "SELECT s.n, s.position, s.transfer_id, s.leaf FROM sealed_transfers AS s
  WHERE s.book_id = $1 AND s.n >= $2 AND s.n <= $3 ORDER BY s.n, s.position";

async fn sealed(mut conn: &AsyncPgConnection, blocks: &[Block], waiting: &mut Waiting<'_>) -> Finding {
    let Some(query) = between::<SealedSql>(SEALED, blocks) else { return Ok(()) };
    let mut rows = std::pin::pin!(query.load_stream::<(i64, i64, Key, Vec<u8>)>(&mut conn).await?);
    while let Some(row) = rows.try_next().await? {
        waiting.leaf(row, Some)?;
    }
    Ok(())
}

/// Each by its key: nothing is sorted, hashed or kept.
const LOOKED_UP: &str = concat!(
    "SELECT s.n, s.position, s.transfer_id, s.leaf, ",
    leaf_columns!(),
    " FROM sealed_transfers AS s
  LEFT JOIN LATERAL (SELECT t.* FROM transfers AS t
    WHERE t.book_id = s.book_id AND t.transfer_id = s.transfer_id LIMIT 1) AS t ON true
  WHERE s.book_id = $1 AND s.n >= $2 AND s.n <= $3 ORDER BY s.n, s.position"
);

async fn looked_up(mut conn: &AsyncPgConnection, blocks: &[Block], waiting: &mut Waiting<'_>) -> Finding {
    type Found = (i64, i64, Key, Vec<u8>, Option<LeafRow>);
    let query = between::<(BigInt, BigInt, Uuid, Binary, Nullable<LeafSql>)>(LOOKED_UP, blocks);
    let Some(query) = query else { return Ok(()) };
    let mut rows = std::pin::pin!(query.load_stream::<Found>(&mut conn).await?);
    let mut buffer = Vec::new();
    while let Some((n, position, transfer, sealed, row)) = rows.try_next().await? {
        let stands = |_| row.map(|row| row.leaf().hash_with(&mut buffer));
        waiting.leaf((n, position, transfer, sealed), stands)?;
    }
    Ok(())
}

/// A query of what these blocks of one book sealed; `None` of no block.
fn between<Row>(query: &'static str, blocks: &[Block]) -> Option<Fixed<Row>> {
    let (first, last) = (blocks.first()?, blocks.last()?);
    let query = fixed::<Row>(query).bind(first.header.book);
    Some(query.bind(first.header.n.cast_signed()).bind(last.header.n.cast_signed()))
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
