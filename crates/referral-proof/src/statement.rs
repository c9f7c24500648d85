//! A statement that proves itself: a user's transfers, the path of each to the block that sealed it, and those blocks.
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

/// A user's transfers with their proof.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Statement {
    /// [`VERSION`].
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
    /// The blocks that sealed them, and those between, by number.
    pub blocks: Vec<Block>,
}

/// A transfer, in the fields that were hashed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
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
    /// RFC 3339, with microseconds.
    pub effective_at: String,
    /// RFC 3339, with microseconds.
    pub recorded_at: String,
    /// Where it was sealed; null while it waits.
    pub sealed: Option<Sealed>,
}

/// Where a transfer was sealed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
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
pub struct Block {
    /// Its place in the chain.
    pub n: u64,
    /// The hash of the block before.
    pub prev: String,
    /// The Merkle root.
    pub root: String,
    /// How many transfers it seals.
    pub count: u64,
    /// RFC 3339, with microseconds.
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
mod tests {
    use super::*;
    use crate::block::GENESIS;
    use crate::merkle::{path, root};
    use crate::sign::SigningKey;

    fn transfer(n: u8) -> Transfer {
        Transfer {
            id: format!("trf_{}", Uuid::from_bytes([n; 16])),
            transaction: format!("txn_{}", Uuid::from_bytes([0x22; 16])),
            kind: "referral_bonus".to_owned(),
            origin: "reward".to_owned(),
            origin_id: format!("ref:{n}"),
            leg: 0,
            debit: "reward_expense".to_owned(),
            credit: format!("acc_{}", Uuid::from_bytes([0x33; 16])),
            amount_minor: 2_500,
            referral: n.is_multiple_of(2).then(|| format!("ref_{}", Uuid::from_bytes([0x44; 16]))),
            effective_at: "2026-01-31T12:00:00.000000Z".to_owned(),
            recorded_at: "2026-01-31T12:00:00.000001Z".to_owned(),
            sealed: None,
        }
    }

    fn block(n: u64, prev: Hash, leaves: &[Hash], key: &SigningKey) -> (Block, Hash) {
        let header = Header {
            book: 7,
            n,
            prev,
            root: root(leaves).expect("a root"),
            count: leaves.len() as u64,
            sealed_at: 1_769_860_800_000_000,
        };
        let told = Block {
            n,
            prev: hex(&prev),
            root: hex(&header.root),
            count: header.count,
            sealed_at: "2026-01-31T12:00:00.000000Z".to_owned(),
            hash: hex(&header.hash()),
            signature: Some(hex(&key.sign(&header.hash()))),
        };
        (told, header.hash())
    }

    fn key() -> SigningKey {
        SigningKey::from_seed([5; 32])
    }

    /// Seven transfers in two blocks, all of one user; answers the hash of the second block too.
    fn told() -> (Statement, Hash) {
        let mut transfers: Vec<_> = (1..=7).map(transfer).collect();
        let leaves: Vec<_> = transfers.iter().map(|row| row.leaf(7, "USD").expect("a leaf")).collect();
        let (first, hash) = block(1, GENESIS, &leaves[..5], &key());
        let (second, head) = block(2, hash, &leaves[5..], &key());
        for (at, transfer) in transfers.iter_mut().enumerate() {
            let (n, start, of) = if at < 5 { (1, 0, &leaves[..5]) } else { (2, 5, &leaves[5..]) };
            let path = path(of, at - start).iter().map(|hash| hex(hash)).collect();
            transfer.sealed = Some(Sealed { block: n, position: (at - start) as u64, path });
        }
        let text = |text: &str| text.to_owned();
        let statement = Statement {
            version: VERSION,
            program: text("default"),
            book: text("7"),
            currency: text("USD"),
            user_id: text("u_ana"),
            from: None,
            to: None,
            transfers,
            blocks: vec![first, second],
        };
        (statement, head)
    }

    #[test]
    fn a_statement_is_proven_by_the_head_or_by_the_key() {
        let (statement, head) = told();
        let by_head = Known { head: Some(head), keys: Vec::new() };
        let by_key = Known { head: None, keys: vec![key().public()] };
        let whole = Checked { proven: 7, blocks: 2, ..Checked::default() };
        assert_eq!(statement.check(&by_head), Ok(whole));
        assert_eq!(statement.check(&by_key), Ok(whole));
        assert!(whole.is_whole());
        let read = Statement::read(&serde_json::to_string(&statement).expect("JSON")).expect("a statement");
        assert_eq!(read, statement);
        let inside = serde_json::json!({"lines": [], "proof": statement}).to_string();
        assert_eq!(Statement::read(&inside), Ok(read));
    }

    #[test]
    fn what_is_not_known_from_outside_is_not_called_proven() {
        let (mut statement, _) = told();
        let unanchored = Checked { unanchored: 7, blocks: 2, ..Checked::default() };
        assert_eq!(statement.check(&Known::default()), Ok(unanchored));
        statement.transfers[6].sealed = None;
        statement.blocks[1].signature = None;
        let known = Known { head: None, keys: vec![key().public()] };
        let partly = Checked { proven: 5, unanchored: 1, waiting: 1, blocks: 2 };
        assert_eq!(statement.check(&known), Ok(partly), "an unsigned block proves nothing by itself");
    }

    /// Who changes what; everything is found, with or without the head.
    #[test]
    fn every_change_is_found() {
        type Change = fn(&mut Statement);
        let changes: [(&str, Change); 17] = [
            ("an amount", |told| told.transfers[2].amount_minor += 1),
            ("an account", |told| told.transfers[2].credit = format!("acc_{}", Uuid::nil())),
            ("a time", |told| told.transfers[2].recorded_at = "2026-01-31T12:00:00.000002Z".to_owned()),
            ("a kind", |told| told.transfers[2].kind = "welcome_credit".to_owned()),
            ("a natural key", |told| told.transfers[2].origin_id.push('x')),
            ("a leg", |told| told.transfers[2].leg = 1),
            ("a referral", |told| told.transfers[2].referral = None.or(Some(format!("ref_{}", Uuid::nil())))),
            ("the currency", |told| told.currency = "EUR".to_owned()),
            ("the book", |told| told.book = "8".to_owned()),
            ("a position", |told| told.transfers[2].sealed.as_mut().expect("sealed").position = 3),
            ("a path", |told| {
                told.transfers[2].sealed.as_mut().expect("sealed").path.pop();
            }),
            ("a block's number", |told| told.transfers[2].sealed.as_mut().expect("sealed").block = 2),
            ("a block that is gone", |told| drop(told.blocks.remove(0))),
            ("a root", |told| told.blocks[0].root = hex(&[0; 32])),
            ("a count", |told| told.blocks[0].count = 6),
            ("a link", |told| told.blocks[1].prev = hex(&[0; 32])),
            ("a signature", |told| told.blocks[0].signature = Some(hex(&[0; 64]))),
        ];
        let known = Known { head: None, keys: vec![key().public()] };
        let mut found = 0;
        for (what, change) in changes {
            let (mut statement, _) = told();
            change(&mut statement);
            let broken = statement.check(&known).expect_err(what);
            assert_ne!(broken.expected, broken.found, "{what}");
            found += 1;
        }
        println!("statement tampers tried={} found={found}", changes.len());
    }

    #[test]
    fn another_head_or_key_is_found() {
        let (statement, head) = told();
        let other = Known { head: Some([1; 32]), keys: Vec::new() };
        assert_eq!(statement.check(&other).expect_err("another head").place, "blocks");
        let other = Known { head: Some(head), keys: vec![SigningKey::from_seed([6; 32]).public()] };
        assert_eq!(statement.check(&other).expect_err("another key").place, "block 1: signature");
    }
}
