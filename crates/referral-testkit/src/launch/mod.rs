//! Private servers for tests: started from the installed binaries, on free ports or socket files, gone when their process
//! is.
//!
//! A server that is not installed fails the test that needs it, with what to install; nothing is skipped.

mod child;
pub mod postgres;
pub mod redis;

pub use child::{Child, Runner, free_port};
