//! `GET /api/admin/users/{id}`

use actix_web::web::{Data, Path};
use referral_app::{App, UserView};
use referral_domain::reference::HostId;
use referral_domain::user::EmailStatus;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Reads, Staff};
use crate::problem::{Problem, Reply};
use crate::resource::admin::code::ManagedCodeView;
use crate::resource::admin::payout::view::StaffPayout;
use crate::resource::affiliate::view::MethodView;
use crate::resource::code::Links;
use crate::resource::credit::CreditItem;
use crate::resource::credit::balance::Balance;
use crate::resource::referral::ReferralView;
use crate::resource::referral::stats::StatsView;
use crate::resource::{failed, reply};
use crate::view::{MoneyView, TimeView};

/// All about one user, from one snapshot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserDetail)]
pub struct DetailView {
    /// The host's id.
    pub user_id: String,
    /// When the service first heard of them.
    pub first_seen_at: TimeView,
    /// The earliest sign-up time ever told.
    pub signed_up_at: Option<TimeView>,
    /// Whether their e-mail is verified; null when nobody said.
    pub email_verified: Option<bool>,
    /// Since when it is.
    pub email_verified_at: Option<TimeView>,
    /// What they have.
    pub balance: Balance,
    /// Their codes, newest first; at most 20.
    pub codes: Vec<ManagedCodeView>,
    /// What their primary code brought.
    pub stats: StatsView,
    /// The referral they came by.
    pub referral: Option<ReferralView>,
    /// The last lines of their history, newest first; at most 20.
    pub recent_credits: Vec<CreditItem>,
    /// Where they are paid, masked.
    pub payout_method: MethodView,
    /// The payout that has not ended.
    pub open_payout: Option<StaffPayout>,
    /// What was paid out to them.
    pub paid: MoneyView,
}

impl DetailView {
    fn of(view: &UserView, links: &Links) -> Self {
        let (file, program) = (&view.file, &view.balance.program);
        let status = file.facts.email_status();
        let referral = |report| ReferralView::of(report, program.slug.as_str(), program.currency);
        Self {
            user_id: file.facts.host.to_string(),
            first_seen_at: file.facts.first_seen_at.into(),
            signed_up_at: file.facts.signed_up_at.map(Into::into),
            email_verified: verified(status).0,
            email_verified_at: verified(status).1,
            balance: (&view.balance).into(),
            codes: file.codes.iter().map(|item| ManagedCodeView::of(item, links)).collect(),
            stats: (&view.stats).into(),
            referral: file.came.as_ref().map(referral),
            recent_credits: file.history.iter().map(|item| CreditItem::of(item, program.currency)).collect(),
            payout_method: MethodView::of(file.method.as_ref()),
            open_payout: file.open.as_ref().map(|item| StaffPayout::of(item, program.currency)),
            paid: program.money(file.paid).into(),
        }
    }
}

fn verified(status: EmailStatus) -> (Option<bool>, Option<TimeView>) {
    match status {
        EmailStatus::Unknown => (None, None),
        EmailStatus::Verified(since) => (Some(true), Some(since.into())),
        EmailStatus::Unverified => (Some(false), None),
    }
}

/// All about one user: what they have, share, came by, earned last and are paid.
#[utoipa::path(
    get, path = "/api/admin/users/{id}", tag = "administration",
    params(
        ("id" = String, Path, description = "The host's id of the user"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
    ),
    responses((status = 200, body = DetailView)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn show_user(app: Data<App>, links: Data<Links>, staff: Staff<Reads>, id: Path<String>) -> Reply {
    staff.query.refuse_any()?;
    let user = HostId::parse(&id).ok_or_else(Problem::not_found)?;
    let found = app.user_file(&staff.program, &user).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&DetailView::of(&found.ok_or_else(Problem::not_found)?, &links)))
}
