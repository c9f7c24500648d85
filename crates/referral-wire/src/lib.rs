//! What goes over the wire: requests are read with every fault found at once, refusals are answered as problems,
//! lists continue where they ended. It knows the domain's words and actix, and no endpoint.

pub mod client;
pub mod form;
pub mod html;
pub mod idempotency;
pub mod page;
pub mod problem;
pub mod view;
