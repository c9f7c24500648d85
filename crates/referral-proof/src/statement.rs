//! A statement that proves what it holds: a user's transfers, the path of each to the block that sealed it, and those
//! blocks. That none was left out it does not prove.
//!
//! [`Statement::check`] needs no store. It recomputes each leaf from the transfer's own fields, each root from the path,
//! each block's hash, and the links between blocks. Whether the blocks are the ledger's is known from outside: by a
//! published hash, by the public key, or by neither, and then the answer says so.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Hash;
use crate::block::Header;
use crate::leaf::Leaf;
use crate::merkle::root_from;
use crate::sign::PublicKey;
use crate::text::{bytes, hash, hex};

/// The version of the form.
pub const VERSION: u32 = 1;

/// A user's transfers, the path of each to the block that sealed it, and those blocks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ProvenStatement))]
pub struct Statement {
    /// The version of the form: 1.
    pub version: u32,
    /// The program's slug.
    pub program: String,
    /// The book's number, as text: it may exceed what JSON numbers hold.
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
    pub transfers: Vec<Transfer>,
    /// The blocks that sealed them, and those after them to the end of the chain unless they are too many, by number.
    pub blocks: Vec<Block>,
}

/// A transfer, in the fields that were hashed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ProvenTransfer))]
pub struct Transfer {
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
    /// When it took effect, in RFC 3339 with microseconds.
    pub effective_at: String,
    /// When it was recorded, in RFC 3339 with microseconds.
    pub recorded_at: String,
    /// Where it was sealed; null while it waits.
    pub sealed: Option<Sealed>,
}

/// Where a transfer was sealed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = SealedTransfer))]
pub struct Sealed {
    /// The block.
    pub block: u64,
    /// Its place in the block.
    pub position: u64,
    /// The path to the root, from the leaf upward, in hexadecimal.
    pub path: Vec<String>,
}

/// A block.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = StatementBlock))]
pub struct Block {
    /// Its place in the chain.
    pub n: u64,
    /// The hash of the block before.
    pub prev: String,
    /// The Merkle root.
    pub root: String,
    /// How many transfers it seals.
    pub count: u64,
    /// When it was sealed, in RFC 3339 with microseconds.
    pub sealed_at: String,
    /// Its hash.
    pub hash: String,
    /// The signature of its hash; null when no key was configured.
    pub signature: Option<String>,
}

/// What is known from outside.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    /// A hash that was published.
    pub head: Option<Hash>,
    /// Keys that sign blocks.
    pub keys: Vec<PublicKey>,
}

/// The first place that does not hold.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("broken at {place}\nexpected: {expected}\nfound: {found}")]
pub struct Broken {
    /// Where.
    pub place: String,
    /// What should be there.
    pub expected: String,
    /// What is.
    pub found: String,
}

/// What was checked, when all of it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// Transfers that lead to a block that is known from outside, by a published hash or a signature.
    pub proven: usize,
    /// Transfers that lead to a block of which nothing is known from outside.
    pub unanchored: usize,
    /// Transfers that no block seals yet.
    pub waiting: usize,
    /// Blocks.
    pub blocks: usize,
}

impl Checked {
    /// Whether every transfer is proven.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.unanchored == 0 && self.waiting == 0
    }
}

impl Statement {
    /// Reads a statement: the text is one, or an object whose property `proof` is one.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(text: &str) -> Result<Self, Broken> {
        let fault = |error: serde_json::Error| broken("the file", "a statement", &error.to_string());
        let mut value: serde_json::Value = serde_json::from_str(text).map_err(fault)?;
        if let Some(proof) = value.get_mut("proof") {
            value = proof.take();
        }
        serde_json::from_value(value).map_err(fault)
    }

    /// Recomputes everything, and compares it with what is known from outside.
    ///
    /// # Errors
    /// The first place that does not hold.
    pub fn check(&self, known: &Known) -> Result<Checked, Broken> {
        equal("version", &VERSION, &self.version)?;
        let book = self.book.parse().map_err(|_| broken("book", "a number", &self.book))?;
        let blocks = self.blocks.iter().map(|block| block.sound(book)).collect::<Result<Vec<_>, _>>()?;
        self.blocks.iter().try_for_each(|block| block.signed_by_none_else(known))?;
        linked(&blocks)?;
        let anchored = self.anchored(&blocks, known)?;
        let mut checked = Checked { blocks: blocks.len(), ..Checked::default() };
        for transfer in &self.transfers {
            match &transfer.sealed {
                None => checked.waiting += 1,
                Some(sealed) => {
                    transfer.leads_to(sealed, book, &self.currency, &blocks)?;
                    let is_known = anchored.get(&sealed.block) == Some(&true);
                    *(if is_known { &mut checked.proven } else { &mut checked.unanchored }) += 1;
                }
            }
        }
        Ok(checked)
    }

    /// For each block, whether it is known from outside: by its own hash or signature, or by way of the block after.
    fn anchored(&self, blocks: &[(Header, Hash)], known: &Known) -> Result<BTreeMap<u64, bool>, Broken> {
        let mut anchored = BTreeMap::new();
        let mut after: Option<(&Header, bool)> = None;
        for ((header, hash), told) in blocks.iter().zip(&self.blocks).rev() {
            let by_link = after.is_some_and(|(next, is)| is && next.n == header.n + 1 && next.prev == *hash);
            let itself = known.head == Some(*hash) || (told.signature.is_some() && !known.keys.is_empty());
            anchored.insert(header.n, by_link || itself);
            after = Some((header, by_link || itself));
        }
        match known.head {
            Some(head) if !blocks.iter().any(|(_, hash)| *hash == head) => {
                Err(broken("blocks", &format!("one whose hash is {}", hex(&head)), "none"))
            }
            _ => Ok(anchored),
        }
    }
}

impl Block {
    /// Its header and hash, which is the one it states.
    fn sound(&self, book: i64) -> Result<(Header, Hash), Broken> {
        let place = |what: &str| format!("block {}: {what}", self.n);
        let read = |what: &str, text: &str| {
            hash(text).ok_or_else(|| broken(&place(what), "64 hexadecimal digits", text))
        };
        let (prev, root) = (read("prev", &self.prev)?, read("root", &self.root)?);
        let sealed_at = micros(&place("sealed_at"), &self.sealed_at)?;
        let header = Header { book, n: self.n, prev, root, count: self.count, sealed_at };
        equal(&place("hash"), &hex(&header.hash()), &self.hash.to_ascii_lowercase())?;
        Ok((header, header.hash()))
    }

    /// A signature is by one of the keys, when keys are known.
    fn signed_by_none_else(&self, known: &Known) -> Result<(), Broken> {
        let Some(text) = self.signature.as_deref().filter(|_| !known.keys.is_empty()) else { return Ok(()) };
        let place = format!("block {}: signature", self.n);
        let signature = bytes(text).ok_or_else(|| broken(&place, "128 hexadecimal digits", text))?;
        let hash = hash(&self.hash).unwrap_or_default();
        if known.keys.iter().any(|key| key.has_signed(&hash, &signature)) {
            return Ok(());
        }
        Err(broken(&place, "one by a known key", text))
    }
}

/// Blocks come by number, and each names the one before where that is there.
fn linked(blocks: &[(Header, Hash)]) -> Result<(), Broken> {
    for pair in blocks.windows(2) {
        let [(before, hash), (header, _)] = pair else { continue };
        if header.n <= before.n {
            return Err(broken(&format!("block {}", header.n), "blocks by number", "one out of order"));
        }
        if header.n == before.n + 1 {
            equal(&format!("block {}: prev", header.n), &hex(hash), &hex(&header.prev))?;
        }
    }
    Ok(())
}

impl Transfer {
    /// The transfer's leaf is in the block that it names.
    fn leads_to(
        &self,
        sealed: &Sealed,
        book: i64,
        currency: &str,
        blocks: &[(Header, Hash)],
    ) -> Result<(), Broken> {
        let place = |what: &str| format!("transfer {}: {what}", self.id);
        let found = blocks.binary_search_by_key(&sealed.block, |(header, _)| header.n);
        let header = found.ok().and_then(|at| blocks.get(at)).map(|(header, _)| header);
        let Some(header) = header else {
            return Err(broken(&place("block"), &format!("block {}", sealed.block), "none"));
        };
        let path: Option<Vec<Hash>> = sealed.path.iter().map(|text| hash(text)).collect();
        let path = path.ok_or_else(|| broken(&place("path"), "hashes in hexadecimal", "something else"))?;
        let leaf = self.leaf(book, currency)?;
        let root = root_from(&leaf, sealed.position, header.count, &path);
        equal(&place("root"), &hex(&header.root), &root.map_or_else(|| "none".to_owned(), |root| hex(&root)))
    }

    fn leaf(&self, book: i64, currency: &str) -> Result<Hash, Broken> {
        let place = |what: &str| format!("transfer {}: {what}", self.id);
        let id = |what: &str, prefix: &str, text: &str| {
            let uuid = text.strip_prefix(prefix).and_then(|uuid| Uuid::try_parse(uuid).ok());
            let uuid = uuid.ok_or_else(|| broken(&place(what), &format!("{prefix} and a UUID"), text))?;
            Ok(uuid.into_bytes())
        };
        let party = |text| match str::starts_with(text, "acc_") {
            true => Ok((Some(id("account", "acc_", text)?), None)),
            false => Ok((None, Some(text))),
        };
        let (debit_account, debit_system) = party(&self.debit)?;
        let (credit_account, credit_system) = party(&self.credit)?;
        let leaf = Leaf {
            book,
            transfer: id("id", "trf_", &self.id)?,
            transaction: id("transaction", "txn_", &self.transaction)?,
            kind: &self.kind,
            origin: &self.origin,
            origin_id: &self.origin_id,
            leg: self.leg,
            debit_account,
            debit_system,
            credit_account,
            credit_system,
            currency,
            amount: self.amount_minor,
            referral: self.referral.as_deref().map(|text| id("referral", "ref_", text)).transpose()?,
            effective_at: micros(&place("effective_at"), &self.effective_at)?,
            recorded_at: micros(&place("recorded_at"), &self.recorded_at)?,
        };
        Ok(leaf.hash())
    }
}

fn micros(place: &str, text: &str) -> Result<i64, Broken> {
    let at = chrono::DateTime::parse_from_rfc3339(text);
    at.map(|at| at.timestamp_micros()).map_err(|_| broken(place, "RFC 3339", text))
}

fn broken(place: &str, expected: &str, found: &str) -> Broken {
    Broken { place: place.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

fn equal<T: PartialEq + ToString>(place: &str, expected: &T, found: &T) -> Result<(), Broken> {
    if expected == found { Ok(()) } else { Err(broken(place, &expected.to_string(), &found.to_string())) }
}

#[cfg(test)]
mod tests;
