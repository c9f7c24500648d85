//! Administration: for people by role, for services by scope.

pub mod adjustments;
pub mod api_key;
pub mod audit;
pub mod code;
pub mod ledger;
pub mod payout;
pub mod payout_batch;
pub mod program;
pub mod proof;
pub mod referral;
pub mod rules;
pub mod transactions;
pub mod user;

use actix_web::web::{self, ServiceConfig};

use crate::page::List;
use crate::routing::{get, json};

/// Mounts the administration of programs, rules, keys and people.
pub(super) fn mount(config: &mut ServiceConfig) {
    use web::{delete, patch, post};
    config
        .service(
            json("/api/admin/programs")
                .route(get().to(program::list::list_programs))
                .route(post().to(program::create::create_program)),
        )
        .service(
            json("/api/admin/programs/{id}")
                .route(get().to(program::show::show_program))
                .route(patch().to(program::change::change_program)),
        )
        .service(
            json("/api/admin/programs/{id}/rules")
                .route(get().to(rules::list::list_rules))
                .route(post().to(rules::publish::publish_rules)),
        )
        .service(
            json("/api/admin/programs/{id}/rules/preview").route(post().to(rules::preview::preview_rules)),
        )
        .service(
            json("/api/admin/api-keys")
                .route(get().to(api_key::list::list_api_keys))
                .route(post().to(api_key::create::create_api_key)),
        )
        .service(json("/api/admin/api-keys/{id}").route(delete().to(api_key::revoke::revoke_api_key)))
        .service(
            json("/api/admin/codes")
                .route(get().to(code::list::list_codes))
                .route(post().to(code::create::create_code)),
        )
        .service(json("/api/admin/codes/{id}").route(patch().to(code::change::change_code)))
        .service(json("/api/admin/referrals").route(get().to(referral::list::list_referrals)))
        .service(json("/api/admin/referrals/{id}").route(get().to(referral::show::show_referral)))
        .service(json("/api/admin/users/{id}").route(get().to(user::show::show_user)))
        .service(json("/api/admin/audit").route(get().to(audit::list::list_entries)));
}

/// The list with those of its filters that were given.
fn filtered<const N: usize>(list: List, given: [(&'static str, Option<String>); N]) -> List {
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    given.fold(list, |list, (name, value)| list.filter(name, value))
}
