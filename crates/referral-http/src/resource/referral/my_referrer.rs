//! `GET /api/referral/my-referrer`

use actix_web::web::Data;
use referral_app::{App, MyReferrer};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::my_status;
use crate::problem::Reply;
use crate::resource::{Asking, failed, reply};
use crate::view::{MoneyView, TimeView};

/// A user's own side of the referral they came by: everything but who and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyReferrer)]
pub struct MyReferrerView {
    /// Whether somebody referred this user.
    pub has_referrer: bool,
    /// `pending`, `active`, `completed`, `expired` or `closed`.
    pub status: Option<&'static str>,
    /// The welcome credit.
    pub welcome_credit: Option<MoneyView>,
    /// Whether it is granted.
    pub welcome_credit_granted: bool,
    /// Whether the user's e-mail counts as verified.
    pub email_verified: bool,
    /// Whether the user may use credits.
    pub can_use_credits: bool,
    /// When the code was applied.
    pub referred_at: Option<TimeView>,
}

impl From<&MyReferrer> for MyReferrerView {
    fn from(mine: &MyReferrer) -> Self {
        let referral = mine.referral.as_ref();
        Self {
            has_referrer: referral.is_some(),
            status: referral.map(|referral| my_status(referral.progress.state)),
            welcome_credit: referral
                .map(|referral| mine.program.money(referral.facts.terms.welcome_credit).into()),
            welcome_credit_granted: referral.is_some_and(|referral| referral.progress.welcome.is_posted()),
            email_verified: mine.email_verified,
            can_use_credits: mine.can_use_credits,
            referred_at: referral.map(|referral| referral.facts.applied_at.into()),
        }
    }
}

/// The referral the user came by.
#[utoipa::path(
    get, path = "/api/referral/my-referrer", tag = "referral",
    params(("user_id" = Option<String>, Query, description = "For services with `users:read`: whose")),
    responses((status = 200, body = MyReferrerView)),
    security(("bearer" = []), ("api_key" = ["users:read"])),
)]
pub async fn my_referrer(app: Data<App>, asking: Asking) -> Reply {
    asking.query().refuse_any()?;
    let mine = app.my_referrer(asking.program(), asking.user()).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&MyReferrerView::from(&mine)))
}
