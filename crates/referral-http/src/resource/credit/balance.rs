//! `GET /api/credits/balance`

use actix_web::web::Data;
use referral_app::{App, BalanceView};
use referral_domain::credit::BalanceSnapshot;
use referral_domain::money::{Currency, Money};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Reply;
use crate::resource::{Asking, failed, reply};
use crate::view::{MoneyView, TimeView};

/// A user's balance.
#[derive(Debug, Serialize, ToSchema)]
pub struct Balance {
    /// Can be used now.
    pub available: MoneyView,
    /// Granted, not usable yet.
    pub held: MoneyView,
    /// Reserved by a payout.
    pub in_payout: MoneyView,
    /// What the user owes.
    pub owed: MoneyView,
    /// What a payout may take.
    pub payable: MoneyView,
    /// Whether the user may redeem.
    pub can_redeem: bool,
    /// Why not: `email-not-verified`.
    pub reason: Option<&'static str>,
    /// When it was so.
    pub as_of: TimeView,
}

impl Balance {
    /// A balance in the program's currency.
    #[must_use]
    pub fn of(snapshot: &BalanceSnapshot, can_redeem: bool, currency: Currency) -> Self {
        let money = |minor| MoneyView::from(Money::of(minor, currency));
        let BalanceSnapshot { balances, payable, as_of } = *snapshot;
        Self {
            available: money(balances.available),
            held: money(balances.held),
            in_payout: money(balances.in_payout),
            owed: money(balances.owed),
            payable: money(payable),
            can_redeem,
            reason: (!can_redeem).then_some("email-not-verified"),
            as_of: as_of.into(),
        }
    }
}

impl From<&BalanceView> for Balance {
    fn from(view: &BalanceView) -> Self {
        Self::of(&view.balance, view.can_redeem, view.program.currency)
    }
}

/// What the user has, and whether it may be used.
#[utoipa::path(
    get, path = "/api/credits/balance", tag = "credits",
    params(("user_id" = Option<String>, Query, description = "For services with `users:read`: whose")),
    responses((status = 200, body = Balance)),
    security(("bearer" = []), ("api_key" = ["users:read"])),
)]
pub async fn balance(app: Data<App>, asking: Asking) -> Reply {
    asking.query().refuse_any()?;
    let view = app.balance(asking.program(), asking.user()).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&Balance::from(&view)))
}
