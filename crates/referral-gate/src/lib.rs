//! The gate: who is let in, what every request and every reply passes, how endpoints are mounted and described. It
//! knows no endpoint and no use case.

mod accept;
pub mod auth;
pub mod edge;
pub mod openapi;
pub mod routing;

pub use referral_wire::{client, form, html, idempotency, page, problem, view};
