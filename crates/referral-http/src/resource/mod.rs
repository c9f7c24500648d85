//! The resources: one endpoint a file, with its body, view, handler and OpenAPI; all mounted here.

pub mod admin;
pub mod asking;
pub mod code;
pub mod credit;
mod days;
pub mod event;
pub mod health;
pub mod referral;
mod refusal;
mod reply;

use actix_web::web;
use utoipa::OpenApi;

use crate::openapi::Document;
use crate::routing::{answering, describe, get, json};

pub use asking::Asking;
use days::day_range;
pub use refusal::{Explain, failed};

#[derive(OpenApi)]
#[openapi(paths(
    code::validate::validate,
    code::show::show,
    code::make::make,
    referral::apply::apply,
    referral::stats::stats,
    referral::my_referrer::my_referrer,
    credit::balance::balance,
    credit::history::history,
    credit::summary::summary,
    credit::export::export,
    credit::redeem::redeem,
    credit::reverse::reverse,
    event::sign_up::sign_up,
    event::email_verified::email_verified,
    event::spend::spend,
    event::refund::refund,
    admin::audit::list::list_entries,
    admin::proof::verify::verify,
    admin::proof::blocks::list_blocks,
    admin::proof::head::head,
    health::healthz,
    health::readyz,
))]
struct Operations;

/// The API's document.
#[must_use]
pub fn document() -> Document {
    Document::complete(Operations::openapi())
}

/// Mounts every endpoint of the API, those that are asked most first: a path is held against one after the other. Whoever
/// watches the server's health need not accept its words.
pub fn mount(config: &mut web::ServiceConfig) {
    use web::{post, resource};
    config
        .service(json("/api/events/spend").route(post().to(event::spend::spend)))
        .service(json("/api/events/refund").route(post().to(event::refund::refund)))
        .service(json("/api/credits/balance").route(get().to(credit::balance::balance)))
        .service(json("/api/referral/validate/{code:.*}").route(get().to(code::validate::validate)))
        .service(json("/api/referral/code").route(get().to(code::show::show)))
        .service(json("/api/codes").route(post().to(code::make::make)))
        .service(json("/api/referral/apply").route(post().to(referral::apply::apply)))
        .service(json("/api/referral/stats").route(get().to(referral::stats::stats)))
        .service(json("/api/referral/my-referrer").route(get().to(referral::my_referrer::my_referrer)))
        .service(json("/api/credits/history").route(get().to(credit::history::history)))
        .service(json("/api/credits/summary").route(get().to(credit::summary::summary)))
        .service(answering("/api/credits/export", "text/csv").route(get().to(credit::export::export)))
        .service(json("/api/credits/redeem").route(post().to(credit::redeem::redeem)))
        .service(json("/api/credits/redemptions/{id}/reverse").route(post().to(credit::reverse::reverse)))
        .service(json("/api/events/signup").route(post().to(event::sign_up::sign_up)))
        .service(json("/api/events/email-verified").route(post().to(event::email_verified::email_verified)))
        .service(json("/api/admin/audit").route(get().to(admin::audit::list::list_entries)))
        .service(json("/api/admin/ledger/verify").route(get().to(admin::proof::verify::verify)))
        .service(json("/api/admin/ledger/blocks").route(get().to(admin::proof::blocks::list_blocks)))
        .service(json("/api/admin/ledger/blocks/head").route(get().to(admin::proof::head::head)))
        .service(resource("/healthz").route(get().to(health::healthz)))
        .service(resource("/readyz").route(get().to(health::readyz)));
    describe(config);
}
