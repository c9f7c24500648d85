//! Administration: for people by role, for services by scope.

pub mod audit;
pub mod proof;
