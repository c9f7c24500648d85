//! The rows of blocks, and those of transfers as they are hashed: as they stand, sound or not.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use referral_domain::ledger::{Block, Seal, SealedRow};
use referral_domain::port::StoreError;
use referral_proof::block::Header;
use referral_proof::leaf::{Leaf, Row};

use crate::column::{Key, Place};

/// The columns of a [`BlockRow`].
pub(crate) const BLOCK_COLUMNS: &str =
    "b.book_id, b.n, b.prev_hash, b.root, b.transfers, b.hash, b.signature, b.sealed_at";
/// Their types.
pub(crate) type BlockSql = (BigInt, BigInt, Binary, Binary, BigInt, Binary, Nullable<Binary>, BigInt);

#[derive(Queryable)]
pub(crate) struct BlockRow {
    book_id: i64,
    n: i64,
    prev_hash: Vec<u8>,
    root: Vec<u8>,
    transfers: i64,
    hash: Vec<u8>,
    signature: Option<Vec<u8>>,
    sealed_at: i64,
}

impl TryFrom<BlockRow> for Block {
    type Error = StoreError;

    fn try_from(row: BlockRow) -> Result<Self, StoreError> {
        let place = Place { table: "ledger_blocks", row: &row.n };
        let count = |column, number: i64| place.sound(column, u64::try_from(number).ok(), number);
        let header = Header {
            book: row.book_id,
            n: count("n", row.n)?,
            prev: place.hash("prev_hash", &row.prev_hash)?,
            root: place.hash("root", &row.root)?,
            count: count("transfers", row.transfers)?,
            sealed_at: row.sealed_at,
        };
        let signature = row.signature.map(|bytes| {
            let read = bytes.as_slice().try_into().ok();
            place.sound("signature", read, format_args!("{} bytes", bytes.len()))
        });
        Ok(Self { header, hash: place.hash("hash", &row.hash)?, signature: signature.transpose()? })
    }
}

/// The columns of a [`LeafRow`].
pub(crate) const LEAF_COLUMNS: &str =
    "t.book_id, t.transfer_id, t.transaction_id, t.kind, t.origin, t.origin_id, t.leg,
  t.debit_account, t.debit_system, t.credit_account, t.credit_system, t.currency, t.amount, t.referral_id,
  t.effective_at, t.recorded_at";
/// Their types.
pub(crate) type LeafSql = (
    BigInt,
    Binary,
    Binary,
    Text,
    Text,
    Text,
    BigInt,
    Nullable<Binary>,
    Nullable<Text>,
    Nullable<Binary>,
    Nullable<Text>,
    Text,
    BigInt,
    Nullable<Binary>,
    BigInt,
    BigInt,
);
/// A place in a block, if any, and a transfer.
pub(crate) type SealedSql = (Nullable<BigInt>, Nullable<BigInt>, LeafSql);

#[derive(Queryable)]
pub(crate) struct LeafRow {
    pub(crate) book_id: i64,
    pub(crate) transfer_id: Key,
    transaction_id: Key,
    kind: String,
    origin: String,
    origin_id: String,
    leg: i64,
    debit_account: Option<Key>,
    debit_system: Option<String>,
    credit_account: Option<Key>,
    credit_system: Option<String>,
    currency: String,
    amount: i64,
    referral_id: Option<Key>,
    effective_at: i64,
    recorded_at: i64,
}

impl LeafRow {
    /// The row as it is hashed.
    pub(crate) fn leaf(&self) -> Leaf<'_> {
        let id = |key: Key| key.0.into_bytes();
        Leaf {
            book: self.book_id,
            transfer: id(self.transfer_id),
            transaction: id(self.transaction_id),
            kind: &self.kind,
            origin: &self.origin,
            origin_id: &self.origin_id,
            leg: self.leg,
            debit_account: self.debit_account.map(id),
            debit_system: self.debit_system.as_deref(),
            credit_account: self.credit_account.map(id),
            credit_system: self.credit_system.as_deref(),
            currency: &self.currency,
            amount: self.amount,
            referral: self.referral_id.map(id),
            effective_at: self.effective_at,
            recorded_at: self.recorded_at,
        }
    }

    /// The row with where it was sealed.
    pub(crate) fn sealed(&self, place: Option<(i64, i64)>) -> SealedRow {
        let seal = place
            .map(|(block, position)| Seal { block: block.unsigned_abs(), position: position.unsigned_abs() });
        SealedRow { row: Row::from(self.leaf()), seal }
    }
}
