//! Codes, as those who administer manage them.

pub mod change;
pub mod create;
pub mod list;
mod view;

pub use view::ManagedCodeView;
