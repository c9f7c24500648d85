//! Users, for operators.

pub mod show;
