//! A transfer's canonical bytes.
//!
//! One version byte, then the columns of its row in a fixed order. A field is a type byte, its length as a big-endian
//! `u32`, and its value: `0x00` absent (length 0), `0x01` a number (8 bytes, big-endian, two's complement), `0x02` an id
//! (the 16 bytes of the UUID), `0x03` text (UTF-8). Instants are microseconds since 1970 UTC, money is minor units.
//!
//! What is the database's own (`xid`, a row's place) is not in it: the bytes are the same in every store.

use sha2::{Digest, Sha256};

use crate::Hash;

/// The first byte of what a leaf hashes (RFC 6962, section 2.1).
const LEAF: u8 = 0x00;

/// The version of the canonical bytes.
pub const VERSION: u8 = 0x01;

const ABSENT: u8 = 0x00;
const NUMBER: u8 = 0x01;
const ID: u8 = 0x02;
const TEXT: u8 = 0x03;

/// A transfer's row, as it is hashed. Columns are taken as they stand, sound or not: what is hashed is what is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Leaf<'a> {
    /// The book.
    pub book: i64,
    /// The transfer's id.
    pub transfer: [u8; 16],
    /// The business transaction it is a leg of.
    pub transaction: [u8; 16],
    /// What this leg is.
    pub kind: &'a str,
    /// The natural key: which command.
    pub origin: &'a str,
    /// The natural key: of what.
    pub origin_id: &'a str,
    /// The natural key: which leg.
    pub leg: i64,
    /// The user account it comes from.
    pub debit_account: Option<[u8; 16]>,
    /// Or the system account.
    pub debit_system: Option<&'a str>,
    /// The user account it goes to.
    pub credit_account: Option<[u8; 16]>,
    /// Or the system account.
    pub credit_system: Option<&'a str>,
    /// The currency's code.
    pub currency: &'a str,
    /// How much, in minor units.
    pub amount: i64,
    /// For which referral.
    pub referral: Option<[u8; 16]>,
    /// When it took effect, in microseconds since 1970 UTC.
    pub effective_at: i64,
    /// When it was recorded.
    pub recorded_at: i64,
}

impl Leaf<'_> {
    /// The canonical bytes.
    ///
    /// ```
    /// use referral_proof::leaf::Leaf;
    /// let bytes = Leaf { book: 1, currency: "USD", ..Leaf::default() }.bytes();
    /// assert_eq!(bytes[..14], [1, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1], "the version, then the book");
    /// ```
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(300);
        self.write(&mut bytes);
        bytes
    }

    /// The hash of the canonical bytes as a leaf of a tree.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash_with(&mut Vec::with_capacity(300))
    }

    /// The same, by way of a buffer that is used again and again.
    #[must_use]
    pub fn hash_with(&self, buffer: &mut Vec<u8>) -> Hash {
        buffer.clear();
        buffer.push(LEAF);
        self.write(buffer);
        Sha256::digest(buffer).into()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        number(out, self.book);
        field(out, ID, &self.transfer);
        field(out, ID, &self.transaction);
        [self.kind, self.origin, self.origin_id].iter().for_each(|word| field(out, TEXT, word.as_bytes()));
        number(out, self.leg);
        id(out, self.debit_account);
        text(out, self.debit_system);
        id(out, self.credit_account);
        text(out, self.credit_system);
        field(out, TEXT, self.currency.as_bytes());
        number(out, self.amount);
        id(out, self.referral);
        number(out, self.effective_at);
        number(out, self.recorded_at);
    }
}

/// A row that owns its text: what a store answers when it is asked for the rows themselves.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Row {
    /// The numbers and ids; its texts are empty, and those beside it count.
    pub leaf: Leaf<'static>,
    /// What this leg is.
    pub kind: String,
    /// The natural key: which command.
    pub origin: String,
    /// The natural key: of what.
    pub origin_id: String,
    /// The system account it comes from.
    pub debit_system: Option<String>,
    /// The system account it goes to.
    pub credit_system: Option<String>,
    /// The currency's code.
    pub currency: String,
}

impl Row {
    /// The row as it is hashed.
    #[must_use]
    pub fn leaf(&self) -> Leaf<'_> {
        Leaf {
            kind: &self.kind,
            origin: &self.origin,
            origin_id: &self.origin_id,
            debit_system: self.debit_system.as_deref(),
            credit_system: self.credit_system.as_deref(),
            currency: &self.currency,
            ..self.leaf
        }
    }
}

impl From<Leaf<'_>> for Row {
    fn from(leaf: Leaf<'_>) -> Self {
        Self {
            kind: leaf.kind.to_owned(),
            origin: leaf.origin.to_owned(),
            origin_id: leaf.origin_id.to_owned(),
            debit_system: leaf.debit_system.map(ToOwned::to_owned),
            credit_system: leaf.credit_system.map(ToOwned::to_owned),
            currency: leaf.currency.to_owned(),
            leaf: Leaf {
                kind: "",
                origin: "",
                origin_id: "",
                debit_system: None,
                credit_system: None,
                currency: "",
                ..leaf
            },
        }
    }
}

/// A value longer than 4 GiB cannot be stored, nor be told from a shorter one here.
fn field(out: &mut Vec<u8>, kind: u8, value: &[u8]) {
    out.push(kind);
    out.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(value);
}

fn optional(out: &mut Vec<u8>, kind: u8, value: Option<&[u8]>) {
    match value {
        Some(value) => field(out, kind, value),
        None => field(out, ABSENT, &[]),
    }
}

fn number(out: &mut Vec<u8>, value: i64) {
    field(out, NUMBER, &value.to_be_bytes());
}

fn id(out: &mut Vec<u8>, value: Option<[u8; 16]>) {
    optional(out, ID, value.as_ref().map(<[u8; 16]>::as_slice));
}

fn text(out: &mut Vec<u8>, value: Option<&str>) {
    optional(out, TEXT, value.map(str::as_bytes));
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::text::hex;

    pub(crate) fn a_leaf() -> Leaf<'static> {
        Leaf {
            book: 7,
            transfer: [0x11; 16],
            transaction: [0x22; 16],
            kind: "referral_bonus",
            origin: "reward",
            origin_id: "ref_1:1",
            leg: 0,
            debit_account: None,
            debit_system: Some("reward_expense"),
            credit_account: Some([0x33; 16]),
            credit_system: None,
            currency: "USD",
            amount: 2_500,
            referral: Some([0x44; 16]),
            effective_at: 1_769_860_800_000_000,
            recorded_at: 1_769_860_800_000_001,
        }
    }

    /// Computed by Python, which knows nothing of this code:
    ///
    /// ```python
    /// import hashlib, struct
    /// f = lambda t, v: bytes([t]) + struct.pack(">I", len(v)) + v
    /// n = lambda v: f(1, struct.pack(">q", v))
    /// u = lambda v: f(0, b"") if v is None else f(2, v)
    /// t = lambda v: f(0, b"") if v is None else f(3, v.encode())
    /// row = b"\x01" + n(7) + u(b"\x11"*16) + u(b"\x22"*16) + t("referral_bonus") + t("reward") + t("ref_1:1") + n(0) \
    ///     + u(None) + t("reward_expense") + u(b"\x33"*16) + t(None) + t("USD") + n(2500) + u(b"\x44"*16) \
    ///     + n(1769860800000000) + n(1769860800000001)
    /// print(row.hex(), hashlib.sha256(b"\x00" + row).hexdigest())
    /// ```
    const BYTES: &str = concat!(
        "010100000008000000000000000702000000101111111111111111111111111111111102000000102222222222222222",
        "2222222222222222030000000e726566657272616c5f626f6e7573030000000672657761726403000000077265665f31",
        "3a31010000000800000000000000000000000000030000000e7265776172645f657870656e7365020000001033333333",
        "33333333333333333333333300000000000300000003555344010000000800000000000009c402000000104444444444",
        "44444444444444444444440100000008000649add44930000100000008000649add4493001",
    );
    const HASH: &str = "74cbfc7af3762be33d725043fd351b8007303535bb1e1d1a16e7b0beb3a98b9b";

    #[test]
    fn the_bytes_and_hash_of_a_row_are_those_computed_elsewhere() {
        assert_eq!(hex(&a_leaf().bytes()), BYTES);
        assert_eq!(hex(&a_leaf().hash()), HASH);
    }

    #[test]
    fn a_buffer_that_was_used_before_changes_nothing() {
        let mut buffer = vec![9; 1_000];
        assert_eq!(a_leaf().hash_with(&mut buffer), a_leaf().hash());
    }

    #[test]
    fn a_row_that_owns_its_text_has_the_same_hash() {
        let row = Row::from(a_leaf());
        assert_eq!(row.leaf(), a_leaf());
        assert_eq!(row.leaf().hash(), a_leaf().hash());
    }

    #[test]
    fn every_field_changes_the_hash() {
        type Change = fn(&mut Leaf<'static>);
        let changes: [Change; 16] = [
            |leaf| leaf.book += 1,
            |leaf| leaf.transfer[15] ^= 1,
            |leaf| leaf.transaction[0] ^= 1,
            |leaf| leaf.kind = "hold_release",
            |leaf| leaf.origin = "redeem",
            |leaf| leaf.origin_id = "ref_1:2",
            |leaf| leaf.leg = 1,
            |leaf| leaf.debit_account = Some([0; 16]),
            |leaf| leaf.debit_system = None,
            |leaf| leaf.credit_account = None,
            |leaf| leaf.credit_system = Some(""),
            |leaf| leaf.currency = "EUR",
            |leaf| leaf.amount = -2_500,
            |leaf| leaf.referral = None,
            |leaf| leaf.effective_at += 1,
            |leaf| leaf.recorded_at += 1,
        ];
        let mut hashes = std::collections::BTreeSet::from([a_leaf().hash()]);
        for change in changes {
            let mut leaf = a_leaf();
            change(&mut leaf);
            hashes.insert(leaf.hash());
        }
        assert_eq!(hashes.len(), 1 + changes.len());
    }

    #[test]
    fn what_moves_from_one_field_to_the_next_changes_the_hash() {
        let joined = |origin, origin_id| Leaf { origin, origin_id, ..a_leaf() }.hash();
        assert_ne!(joined("reward", "ref_1"), joined("rewardr", "ef_1"));
        let swapped = Leaf { debit_account: Some([0x33; 16]), credit_account: None, ..a_leaf() };
        assert_ne!(swapped.hash(), a_leaf().hash());
    }
}
