//! The proof of the ledger, pure: anybody can recompute it, with this crate or from this page alone.
//!
//! | what | how it is made |
//! |---|---|
//! | a transfer's bytes | [`leaf::Leaf::bytes`]: a version, then 16 fields, each a type, a length and a value |
//! | a leaf | `SHA-256(0x00, bytes)` |
//! | a node | `SHA-256(0x01, left, right)` |
//! | a root | [`merkle`]: the Merkle tree hash of RFC 6962, section 2.1 |
//! | a block | [`block::Header::hash`]: `SHA-256(0x02, 0x01, book, n, prev, root, count, sealed_at)` |
//! | a signature | [`sign`]: Ed25519 over `"referral.ledger.block.v1"` and the block's hash |
//!
//! The first byte keeps leaves, nodes and blocks apart: none can be passed off as another. Every part of a block's hash
//! has a fixed width, and every field of a transfer its length before it, so that no two rows have the same bytes.
//!
//! A [`statement`] carries the path of each of its transfers to a block; whoever kept a block's hash, or knows the public
//! key, needs nothing else to check it.

pub mod block;
pub mod leaf;
pub mod merkle;
pub mod sign;
pub mod statement;
pub mod text;

/// A SHA-256.
pub type Hash = [u8; 32];
