//! The resources: one endpoint a file, with its body, view, handler and OpenAPI; all mounted here.

pub mod asking;
pub mod code;
pub mod credit;
pub mod event;
pub mod health;
pub mod referral;
mod refusal;
mod reply;

use actix_web::web;
use utoipa::OpenApi;

use crate::openapi::Document;
use crate::routing::{describe, get};

pub use asking::Asking;
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
    health::healthz,
    health::readyz,
))]
struct Operations;

/// The API's document.
#[must_use]
pub fn document() -> Document {
    Document::complete(Operations::openapi())
}

/// Mounts every endpoint of the API.
pub fn mount(config: &mut web::ServiceConfig) {
    use web::{post, resource};
    config
        .service(resource("/api/referral/validate/{code:.*}").route(get().to(code::validate::validate)))
        .service(resource("/api/referral/code").route(get().to(code::show::show)))
        .service(resource("/api/codes").route(post().to(code::make::make)))
        .service(resource("/api/referral/apply").route(post().to(referral::apply::apply)))
        .service(resource("/api/referral/stats").route(get().to(referral::stats::stats)))
        .service(resource("/api/referral/my-referrer").route(get().to(referral::my_referrer::my_referrer)))
        .service(resource("/api/credits/balance").route(get().to(credit::balance::balance)))
        .service(resource("/api/credits/history").route(get().to(credit::history::history)))
        .service(resource("/api/credits/summary").route(get().to(credit::summary::summary)))
        .service(resource("/api/credits/export").route(get().to(credit::export::export)))
        .service(resource("/api/credits/redeem").route(post().to(credit::redeem::redeem)))
        .service(resource("/api/credits/redemptions/{id}/reverse").route(post().to(credit::reverse::reverse)))
        .service(resource("/api/events/signup").route(post().to(event::sign_up::sign_up)))
        .service(
            resource("/api/events/email-verified").route(post().to(event::email_verified::email_verified)),
        )
        .service(resource("/api/events/spend").route(post().to(event::spend::spend)))
        .service(resource("/healthz").route(get().to(health::healthz)))
        .service(resource("/readyz").route(get().to(health::readyz)));
    describe(config);
}
