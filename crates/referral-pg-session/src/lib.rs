//! Sessions with PostgreSQL, for the store that stands on them: where a server is and how it is trusted, connecting,
//! lending and taking back, what passes over the wire, statements that are kept prepared, columns. It knows no table.
//!
//! Only `referral-postgres` uses it, and re-exports its modules under their old paths.

pub mod column;
pub mod connection;
pub mod ending;
pub mod failure;
pub mod location;
pub mod lock;
pub mod pool;
pub mod statement;
mod tls;
pub mod wire;
