//! A statement that proves itself: a user's transfers, each with its path to the block that sealed it.

use std::collections::{BTreeMap, BTreeSet};

use referral_domain::ledger::{Block, Hash, Seal, SealedRow};
use referral_domain::port::{BlockFilter, Reports, StoreError};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::Timestamp;
use referral_proof::leaf::Leaf;
use referral_proof::merkle::path;
use referral_proof::statement::{self, Statement};
use referral_proof::text::hex;
use uuid::Uuid;

use crate::app::App;
use crate::books::StatementRefused;
use crate::failure::Failure;

/// The most transfers of a statement.
pub const MOST_TRANSFERS: u32 = 10_000;
/// The most blocks of a statement: when there are more between its first block and the chain's end, it holds only those
/// that its transfers are in, and links to none.
const MOST_BLOCKS: u64 = 10_000;
/// How many blocks are read at once.
const PAGE: u32 = 1_000;
/// How many blocks' leaves are held at once.
const BLOCKS_AT_ONCE: usize = 64;

/// Whose statement, of which time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProveStatement {
    /// The user.
    pub user: HostId,
    /// Recorded at or after.
    pub from: Option<Timestamp>,
    /// Recorded before.
    pub until: Option<Timestamp>,
}

/// A user's transfers with their proof, and the blocks from the first of them to the end of the chain, so that a
/// published head, or any later one, can be reached. A user nobody heard of has none. At most 10,000 transfers, the
/// oldest: ask for a shorter time.
///
/// # Errors
/// The store's.
pub async fn prove_statement(
    reports: &dyn Reports,
    program: &Program,
    asked: &ProveStatement,
) -> Result<Statement, StoreError> {
    let ProveStatement { user, from, until } = asked;
    let rows = match reports.user_id(program.book, user).await? {
        Some(user) => {
            let rows = reports.sealed_rows(program.book, user, *from, *until, MOST_TRANSFERS);
            rows.await?
        }
        None => Vec::new(),
    };
    let paths = paths(reports, program, &rows).await?;
    let numbers: BTreeSet<u64> = rows.iter().filter_map(|row| row.seal).map(|seal| seal.block).collect();
    let blocks = blocks_of(reports, program, &numbers).await?;
    let instant = |at: &Option<Timestamp>| at.map(|at| at.to_string());
    Ok(Statement {
        version: statement::VERSION,
        program: program.slug.to_string(),
        book: program.book.0.to_string(),
        currency: program.currency.code().to_owned(),
        user_id: user.to_string(),
        from: instant(from),
        to: instant(until),
        transfers: rows.iter().map(|row| transfer(row, &paths)).collect(),
        blocks: blocks.iter().map(block).collect(),
    })
}

impl App {
    /// The same of a program by its slug. It is whole: what has more transfers is refused.
    ///
    /// # Errors
    /// [`StatementRefused`], no such program, or the store's.
    pub async fn proven_statement(
        &self,
        slug: &Slug,
        asked: &ProveStatement,
    ) -> Result<Statement, Failure<StatementRefused>> {
        let program = self.program::<StatementRefused>(slug).await?;
        let statement = prove_statement(self.reports(), &program, asked).await?;
        let whole = statement.transfers.len() < MOST_TRANSFERS as usize;
        if whole { Ok(statement) } else { Err(StatementRefused::TooLong.into()) }
    }
}

/// The path of each sealed row.
async fn paths(
    reports: &dyn Reports,
    program: &Program,
    rows: &[SealedRow],
) -> Result<BTreeMap<Seal, Vec<Hash>>, StoreError> {
    let seals: BTreeSet<Seal> = rows.iter().filter_map(|row| row.seal).collect();
    let numbers: Vec<u64> =
        seals.iter().map(|seal| seal.block).collect::<BTreeSet<_>>().into_iter().collect();
    let mut paths = BTreeMap::new();
    for part in numbers.chunks(BLOCKS_AT_ONCE) {
        let leaves = reports.leaves(program.book, part).await?;
        for (n, leaves) in part.iter().zip(&leaves) {
            let (first, last) = (Seal { block: *n, position: 0 }, Seal { block: *n, position: u64::MAX });
            for seal in seals.range(first..=last) {
                let position = usize::try_from(seal.position).unwrap_or(usize::MAX);
                paths.insert(*seal, path(leaves, position));
            }
        }
    }
    Ok(paths)
}

/// These blocks, and those after them to the end of the chain unless they are too many.
async fn blocks_of(
    reports: &dyn Reports,
    program: &Program,
    numbers: &BTreeSet<u64>,
) -> Result<Vec<Block>, StoreError> {
    let Some(first) = numbers.first() else { return Ok(Vec::new()) };
    let last = BlockFilter { limit: 1, ..BlockFilter::default() };
    let last = reports.blocks(program.book, &last).await?.pop().map_or(0, |block| block.header.n);
    let all: Vec<u64> = match last.saturating_sub(*first) < MOST_BLOCKS {
        true => (*first..=last).collect(),
        false => numbers.iter().copied().collect(),
    };
    let mut blocks = Vec::with_capacity(all.len());
    for part in all.chunks(PAGE as usize) {
        let numbers = part.to_vec();
        let filter = BlockFilter { numbers, ascending: true, limit: PAGE, ..BlockFilter::default() };
        blocks.extend(reports.blocks(program.book, &filter).await?);
    }
    Ok(blocks)
}

fn transfer(found: &SealedRow, paths: &BTreeMap<Seal, Vec<Hash>>) -> statement::Transfer {
    let Leaf { transfer, transaction, kind, origin, origin_id, leg, amount, .. } = found.row.leaf();
    let leaf = found.row.leaf();
    let id = |prefix: &str, bytes| format!("{prefix}{}", Uuid::from_bytes(bytes));
    let party = |account: Option<[u8; 16]>, system: Option<&str>| match account {
        Some(account) => id("acc_", account),
        None => system.unwrap_or_default().to_owned(),
    };
    let at = |micros| Timestamp::from_micros(micros).to_string();
    let sealed = |seal: Seal| statement::Sealed {
        block: seal.block,
        position: seal.position,
        path: paths.get(&seal).into_iter().flatten().map(|hash| hex(hash)).collect(),
    };
    statement::Transfer {
        id: id("trf_", transfer),
        transaction: id("txn_", transaction),
        kind: kind.to_owned(),
        origin: origin.to_owned(),
        origin_id: origin_id.to_owned(),
        leg,
        debit: party(leaf.debit_account, leaf.debit_system),
        credit: party(leaf.credit_account, leaf.credit_system),
        amount_minor: amount,
        referral: leaf.referral.map(|bytes| id("ref_", bytes)),
        effective_at: at(leaf.effective_at),
        recorded_at: at(leaf.recorded_at),
        sealed: found.seal.map(sealed),
    }
}

fn block(found: &Block) -> statement::Block {
    let Block { header, hash, signature } = found;
    statement::Block {
        n: header.n,
        prev: hex(&header.prev),
        root: hex(&header.root),
        count: header.count,
        sealed_at: Timestamp::from_micros(header.sealed_at).to_string(),
        hash: hex(hash),
        signature: signature.as_ref().map(|signature| hex(signature)),
    }
}
