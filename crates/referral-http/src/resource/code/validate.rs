//! `GET /api/referral/validate/{code}`

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use referral_app::{App, Offer, Validity};
use referral_domain::code::Unusable;
use referral_domain::reference::Slug;
use serde::Serialize;
use utoipa::ToSchema;

use crate::client::ClientAddress;
use crate::form::{Query, scalar};
use crate::problem::{Problem, Reply};
use crate::resource::failed;
use crate::view::MoneyView;

/// Whether a code may be used. It never says whose it is, nor whether this visitor may use it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Validation {
    /// Whether it may be used.
    pub valid: bool,
    /// Its canonical spelling, when it may.
    pub code: Option<String>,
    /// Why it may not.
    #[schema(examples("unknown", "inactive", "expired", "exhausted", "program-paused"))]
    pub reason: Option<&'static str>,
    /// What it brings, when it may be used.
    pub offer: Option<PublicOffer>,
}

/// What a code brings.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicOffer {
    /// What the referred user is given.
    pub welcome_credit: MoneyView,
    /// What the referrer earns.
    pub referrer_reward: MoneyView,
    /// Net spend that makes the reward due.
    pub spend_threshold: MoneyView,
}

impl Validation {
    fn of(validity: &Validity) -> Self {
        match validity {
            Validity::Valid { code, offer } => {
                Self { valid: true, code: Some(code.to_string()), reason: None, offer: Some(offer.into()) }
            }
            Validity::Unknown => Self::no("unknown"),
            Validity::ProgramPaused => Self::no("program-paused"),
            Validity::Unusable(Unusable::Inactive) => Self::no("inactive"),
            Validity::Unusable(Unusable::Expired) => Self::no("expired"),
            Validity::Unusable(Unusable::Exhausted) => Self::no("exhausted"),
        }
    }

    const fn no(reason: &'static str) -> Self {
        Self { valid: false, code: None, reason: Some(reason), offer: None }
    }
}

impl From<&Offer> for PublicOffer {
    fn from(offer: &Offer) -> Self {
        Self {
            welcome_credit: offer.welcome_credit.into(),
            referrer_reward: offer.referrer_reward.into(),
            spend_threshold: offer.spend_threshold.into(),
        }
    }
}

/// Which program is asked about: `default` unless the query names one.
fn program(query: &Query) -> Result<Slug, Problem> {
    let named = query.read(|params| params.optional("program", scalar::slug))?;
    named.or_else(|| Slug::parse("default")).ok_or_else(Problem::not_found)
}

/// Whether a code, in any spelling, may be used now. Always 200; limited to 60 a minute and address.
#[utoipa::path(
    get, path = "/api/referral/validate/{code}", tag = "referral",
    params(
        ("code" = String, Path, description = "Any text; longer than 64 characters is unknown"),
        ("program" = Option<String>, Query, description = "The program; `default` when not given"),
    ),
    responses((status = 200, body = Validation)),
    security(()),
)]
pub async fn validate(app: Data<App>, text: Path<String>, query: Query, from: ClientAddress) -> Reply {
    let program = program(&query)?;
    let validity = app.validate_code(&program, &text, Some(from.0)).await.map_err(failed(app.now()))?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Validation::of(&validity)))
}
