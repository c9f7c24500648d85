//! Where time, identifiers and chance come from in a running server. Everything else takes them as arguments.

pub(crate) mod chance;
pub(crate) mod clock;
pub(crate) mod ids;
