//! The HTTP shell: parse, one call, render. actix is used here and nowhere further in.

mod accept;
pub mod auth;
pub mod edge;
pub mod openapi;
pub mod resource;
pub mod routing;
pub mod shell;

#[cfg(test)]
mod tests;

pub use referral_wire::{client, form, html, idempotency, page, problem, view};
