//! The HTTP shell: parse, one call, render. What knows no endpoint stands in `referral-gate` and `referral-wire`.

pub mod resource;
pub mod shell;

#[cfg(test)]
mod tests;

pub use referral_gate::{auth, edge, openapi, routing};
pub use referral_wire::{client, form, html, idempotency, page, problem, view};
