//! Events a host's servers send.

pub mod email_verified;
pub mod sign_up;
pub mod spend;
mod spend_form;
