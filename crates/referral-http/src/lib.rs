//! The HTTP shell: parse, one call, render. actix is used here and nowhere further in.

pub mod auth;
pub mod client;
pub mod edge;
pub mod form;
pub mod html;
pub mod idempotency;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod resource;
pub mod routing;
pub mod shell;
pub mod view;
