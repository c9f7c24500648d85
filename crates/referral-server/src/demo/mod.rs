//! The demo host: a small company site that plays the story by calling the referral API as any host would.
//!
//! It shares nothing with the service but the secret that signs users' tokens and an API key of its own. Its accounts
//! are facts in its own file (`demo-host.jsonl` beside the store), so that they last as long as the store does.
//! Mounted only by `serve --demo`; never in the OpenAPI document.

mod account;
mod api;
mod form;
mod host;
mod journal;
mod login;
mod mailbox;
mod page;
mod password;
mod refusal;
mod signup;
mod spend;
mod verify;

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig, post, resource};
use referral_http::routing::get;

pub(crate) use api::Api;
pub(crate) use host::{Host, Settings};
pub(crate) use page::landing;

#[cfg(test)]
mod tests;

/// Mounts the demo host. Called once a worker: each has its own connections.
pub(crate) fn mount(routes: &mut ServiceConfig, host: &Arc<Host>) {
    routes
        .app_data(Data::from(host.clone()))
        .app_data(Data::new(api::client()))
        .service(resource("/demo/signup").route(post().to(signup::sign_up)))
        .service(resource("/demo/login").route(post().to(login::log_in)))
        .service(resource("/demo/mailbox/{email}").route(get().to(mailbox::read)))
        .service(resource("/demo/verify").route(get().to(verify::explain)).route(post().to(verify::verify)))
        .service(resource("/demo/spend").route(post().to(spend::spend)));
}
