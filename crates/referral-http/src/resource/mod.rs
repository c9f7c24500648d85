//! The resources: one endpoint a file, with its body, view, handler and OpenAPI; all mounted here.

pub mod admin;
pub mod affiliate;
pub mod asking;
pub mod code;
pub mod credit;
mod csv;
mod days;
pub mod event;
pub mod health;
mod once;
pub mod referral;
mod refusal;
mod reply;

use actix_web::web;
use utoipa::OpenApi;

use crate::openapi::Document;
use crate::routing::{answering, describe, get, json};

pub use asking::Asking;
use days::day_range;
use once::Once;
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
    credit::statement::statement,
    credit::redeem::redeem,
    credit::reverse::reverse,
    event::sign_up::sign_up,
    event::email_verified::email_verified,
    event::spend::spend,
    event::refund::refund,
    event::explain::explain_event,
    admin::audit::list::list_entries,
    admin::program::list::list_programs,
    admin::program::create::create_program,
    admin::program::show::show_program,
    admin::program::change::change_program,
    admin::rules::list::list_rules,
    admin::rules::publish::publish_rules,
    admin::rules::preview::preview_rules,
    admin::code::list::list_codes,
    admin::code::create::create_code,
    admin::code::change::change_code,
    admin::referral::list::list_referrals,
    admin::referral::show::show_referral,
    admin::user::show::show_user,
    admin::api_key::list::list_api_keys,
    admin::api_key::create::create_api_key,
    admin::api_key::revoke::revoke_api_key,
    affiliate::method::method,
    affiliate::set_method::set_method,
    affiliate::list::list_payouts,
    affiliate::request::request,
    affiliate::show::show,
    affiliate::cancel::cancel,
    admin::payout::list::list_payouts,
    admin::payout::approve::approve,
    admin::payout::reject::reject,
    admin::payout_batch::list::list_batches,
    admin::payout_batch::build::build,
    admin::payout_batch::preview::preview,
    admin::payout_batch::show::show,
    admin::payout_batch::seal::seal,
    admin::payout_batch::approve::approve,
    admin::payout_batch::discard::discard,
    admin::payout_batch::export::export,
    admin::payout_batch::settle::settle,
    admin::adjustments::create::create,
    admin::adjustments::list::list_adjustments,
    admin::adjustments::show::show,
    admin::adjustments::approve::approve,
    admin::adjustments::reject::reject,
    admin::transactions::retract::retract,
    admin::ledger::accounts::accounts,
    admin::ledger::journal::journal,
    admin::ledger::statement::ledger_statement,
    admin::ledger::transaction::transaction,
    admin::ledger::transactions::transactions,
    admin::ledger::transfers::transfers,
    admin::ledger::trial_balance::trial_balance,
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
        .service(json("/api/credits/statement").route(get().to(credit::statement::statement)))
        .service(json("/api/credits/redeem").route(post().to(credit::redeem::redeem)))
        .service(json("/api/credits/redemptions/{id}/reverse").route(post().to(credit::reverse::reverse)))
        .service(json("/api/events/{source_id}/explain").route(get().to(event::explain::explain_event)))
        .service(json("/api/events/signup").route(post().to(event::sign_up::sign_up)))
        .service(json("/api/events/email-verified").route(post().to(event::email_verified::email_verified)))
        .configure(admin::mount)
        .configure(payouts)
        .service(json("/api/admin/audit").route(get().to(admin::audit::list::list_entries)))
        .service(json("/api/admin/ledger/verify").route(get().to(admin::proof::verify::verify)))
        .service(json("/api/admin/ledger/blocks").route(get().to(admin::proof::blocks::list_blocks)))
        .service(json("/api/admin/ledger/blocks/head").route(get().to(admin::proof::head::head)))
        .service(resource("/healthz").route(get().to(health::healthz)))
        .service(resource("/readyz").route(get().to(health::readyz)));
    mount_ledger(config);
    describe(config);
}

/// Payouts: the user's, and those of everybody.
fn payouts(config: &mut web::ServiceConfig) {
    use admin::{payout, payout_batch as batch};
    use web::post;
    let method = json("/api/affiliate/payout-method").route(get().to(affiliate::method::method));
    let payouts = json("/api/affiliate/payouts").route(get().to(affiliate::list::list_payouts));
    let batches = json("/api/admin/payout-batches").route(get().to(batch::list::list_batches));
    config
        .service(method.route(web::put().to(affiliate::set_method::set_method)))
        .service(payouts.route(post().to(affiliate::request::request)))
        .service(json("/api/affiliate/payouts/{id}").route(get().to(affiliate::show::show)))
        .service(json("/api/affiliate/payouts/{id}/cancel").route(post().to(affiliate::cancel::cancel)))
        .service(json("/api/admin/payouts").route(get().to(payout::list::list_payouts)))
        .service(json("/api/admin/payouts/{id}/approve").route(post().to(payout::approve::approve)))
        .service(json("/api/admin/payouts/{id}/reject").route(post().to(payout::reject::reject)))
        .service(batches.route(post().to(batch::build::build)))
        .service(json("/api/admin/payout-batches/preview").route(post().to(batch::preview::preview)))
        .service(json("/api/admin/payout-batches/{id}").route(get().to(batch::show::show)))
        .service(json("/api/admin/payout-batches/{id}/seal").route(post().to(batch::seal::seal)))
        .service(json("/api/admin/payout-batches/{id}/approve").route(post().to(batch::approve::approve)))
        .service(json("/api/admin/payout-batches/{id}/discard").route(post().to(batch::discard::discard)))
        .service(
            web::resource("/api/admin/payout-batches/{id}/export")
                .route(web::get().to(batch::export::export)),
        )
        .service(json("/api/admin/payout-batches/{id}/settle").route(post().to(batch::settle::settle)));
}

/// The books, for finance.
fn mount_ledger(config: &mut web::ServiceConfig) {
    use admin::{adjustments, ledger, transactions};
    use web::post;
    config
        .service(
            json("/api/admin/adjustments")
                .route(get().to(adjustments::list::list_adjustments))
                .route(post().to(adjustments::create::create)),
        )
        .service(json("/api/admin/adjustments/{id}").route(get().to(adjustments::show::show)))
        .service(json("/api/admin/adjustments/{id}/approve").route(post().to(adjustments::approve::approve)))
        .service(json("/api/admin/adjustments/{id}/reject").route(post().to(adjustments::reject::reject)))
        .service(
            json("/api/admin/transactions/{id}/retract").route(post().to(transactions::retract::retract)),
        )
        .service(json("/api/admin/ledger/accounts").route(get().to(ledger::accounts::accounts)))
        .service(answering("/api/admin/ledger/journal", "text/csv").route(get().to(ledger::journal::journal)))
        .service(json("/api/admin/ledger/statement").route(get().to(ledger::statement::ledger_statement)))
        .service(json("/api/admin/ledger/transactions").route(get().to(ledger::transactions::transactions)))
        .service(
            json("/api/admin/ledger/transactions/{id}").route(get().to(ledger::transaction::transaction)),
        )
        .service(json("/api/admin/ledger/transfers").route(get().to(ledger::transfers::transfers)))
        .service(
            json("/api/admin/ledger/trial-balance").route(get().to(ledger::trial_balance::trial_balance)),
        );
}
