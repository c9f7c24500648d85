//! The proof of the ledger: its verification, and the blocks whose hashes are published.

pub mod blocks;
pub mod head;
pub mod verify;
