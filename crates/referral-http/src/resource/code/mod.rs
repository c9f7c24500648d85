//! Codes: a user's own, and whether any may be used.

pub mod make;
pub mod show;
pub mod validate;
mod view;

pub use view::{CodeView, Links, OfferView};
