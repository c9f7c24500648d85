//! A statement that proves itself, as JSON: what `referral-server ledger verify-statement` reads.

use referral_proof::statement::{Block, Sealed, Statement, Transfer};
use serde::Serialize;
use utoipa::ToSchema;

/// A user's transfers, the path of each to the block that sealed it, and those blocks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProvenStatement)]
pub struct ProvenView {
    /// The version of the form: 1.
    pub version: u32,
    /// The program.
    pub program: String,
    /// The number of its book.
    pub book: String,
    /// The currency of every amount.
    pub currency: String,
    /// The host's id of the user.
    pub user_id: String,
    /// Recorded at or after; null for from the beginning.
    pub from: Option<String>,
    /// Recorded before; null for until now.
    pub to: Option<String>,
    /// The user's transfers, oldest first.
    pub transfers: Vec<TransferView>,
    /// The blocks that sealed them, and those after them to the end of the chain, by number.
    pub blocks: Vec<BlockView>,
}

/// A transfer, in the fields that were hashed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProvenTransfer)]
pub struct TransferView {
    /// `trf_...`
    pub id: String,
    /// `txn_...`
    pub transaction: String,
    /// What this leg is.
    pub kind: String,
    /// The natural key: which command.
    pub origin: String,
    /// The natural key: of what.
    pub origin_id: String,
    /// The natural key: which leg.
    pub leg: i64,
    /// `acc_...`, or the name of a system account.
    pub debit: String,
    /// `acc_...`, or the name of a system account.
    pub credit: String,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// `ref_...`
    pub referral: Option<String>,
    /// When it took effect.
    pub effective_at: String,
    /// When it was recorded.
    pub recorded_at: String,
    /// Where it was sealed; null while it waits.
    pub sealed: Option<SealedView>,
}

/// Where a transfer was sealed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SealedTransfer)]
pub struct SealedView {
    /// The block.
    pub block: u64,
    /// Its place in the block.
    pub position: u64,
    /// The path to the root, from the leaf upward, in hexadecimal.
    pub path: Vec<String>,
}

/// A block.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementBlock)]
pub struct BlockView {
    /// Its place in the chain.
    pub n: u64,
    /// The hash of the block before.
    pub prev: String,
    /// The Merkle root.
    pub root: String,
    /// How many transfers it seals.
    pub count: u64,
    /// When it was sealed.
    pub sealed_at: String,
    /// Its hash.
    pub hash: String,
    /// The signature of its hash; null when no key was configured.
    pub signature: Option<String>,
}

impl From<Statement> for ProvenView {
    fn from(statement: Statement) -> Self {
        let Statement { version, program, book, currency, user_id, from, to, transfers, blocks } = statement;
        let (transfers, blocks) =
            (transfers.into_iter().map(Into::into).collect(), blocks.into_iter().map(Into::into).collect());
        Self { version, program, book, currency, user_id, from, to, transfers, blocks }
    }
}

impl From<Transfer> for TransferView {
    fn from(one: Transfer) -> Self {
        Self {
            id: one.id,
            transaction: one.transaction,
            kind: one.kind,
            origin: one.origin,
            origin_id: one.origin_id,
            leg: one.leg,
            debit: one.debit,
            credit: one.credit,
            amount_minor: one.amount_minor,
            referral: one.referral,
            effective_at: one.effective_at,
            recorded_at: one.recorded_at,
            sealed: one.sealed.map(|Sealed { block, position, path }| SealedView { block, position, path }),
        }
    }
}

impl From<Block> for BlockView {
    fn from(Block { n, prev, root, count, sealed_at, hash, signature }: Block) -> Self {
        Self { n, prev, root, count, sealed_at, hash, signature }
    }
}
