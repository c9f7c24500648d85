//! An affiliate's own pages: where they are paid, and what they are paid.

pub mod cancel;
pub mod list;
pub mod method;
pub mod request;
pub mod set_method;
pub mod show;
pub mod view;
