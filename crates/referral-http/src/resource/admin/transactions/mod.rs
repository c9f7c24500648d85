//! Transactions in the hands of operators.

pub mod retract;
