//! Programs.

pub mod change;
pub mod create;
mod form;
pub mod list;
pub mod show;
mod view;

pub use view::ProgramView;
