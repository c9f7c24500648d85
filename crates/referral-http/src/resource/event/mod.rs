//! Events a host's servers send.

pub mod email_verified;
mod events_form;
pub mod refund;
mod refund_form;
pub mod result;
pub mod sign_up;
pub mod spend;
mod spend_form;
