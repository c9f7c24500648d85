//! `GET /api/credits/summary`

use actix_web::web::Data;
use referral_app::{App, BalanceView};
use referral_domain::port::Summary;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Reply;
use crate::resource::{Asking, failed, reply};
use crate::view::{MoneyView, TimeView};

/// A user's history in sums.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditSummary)]
pub struct SummaryView {
    /// The balances now.
    pub balance: SummaryBalance,
    /// Sums over everything.
    pub lifetime: Lifetime,
    /// Sums by type; types without transactions are left out.
    pub by_type: Vec<TypeTotal>,
    /// When it was so.
    pub as_of: TimeView,
}

/// The balances of a summary.
#[derive(Debug, Serialize, ToSchema)]
pub struct SummaryBalance {
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
}

/// Sums over everything, of changes of what is available.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lifetime {
    /// What came in.
    pub credited: MoneyView,
    /// What went out, positive.
    pub debited: MoneyView,
    /// How many transactions.
    pub transaction_count: i64,
}

/// One type's share.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypeTotal {
    /// The type.
    pub r#type: &'static str,
    /// How many transactions.
    pub count: i64,
    /// The change of what is available they made together, signed.
    pub total: MoneyView,
}

impl SummaryView {
    fn of(summary: &Summary, view: &BalanceView) -> Self {
        let money = |minor| MoneyView::from(view.program.money(minor));
        let (balances, payable) = (view.balance.balances, view.balance.payable);
        let total = |kind: &referral_domain::port::KindTotal| TypeTotal {
            r#type: kind.kind.as_str(),
            count: kind.count,
            total: money(kind.total),
        };
        Self {
            balance: SummaryBalance {
                available: money(balances.available),
                held: money(balances.held),
                in_payout: money(balances.in_payout),
                owed: money(balances.owed),
                payable: money(payable),
            },
            lifetime: Lifetime {
                credited: money(summary.credited),
                debited: money(summary.debited),
                transaction_count: summary.by_kind.iter().map(|kind| kind.count).sum(),
            },
            by_type: summary.by_kind.iter().map(total).collect(),
            as_of: view.balance.as_of.into(),
        }
    }
}

/// The user's history in sums.
#[utoipa::path(
    get, path = "/api/credits/summary", tag = "credits",
    params(("user_id" = Option<String>, Query, description = "For services with `users:read`: whose")),
    responses((status = 200, body = SummaryView)),
    security(("bearer" = []), ("api_key" = ["users:read"])),
)]
pub async fn summary(app: Data<App>, asking: Asking) -> Reply {
    asking.query().refuse_any()?;
    let (summary, view) = app.summary(asking.program(), asking.user()).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&SummaryView::of(&summary, &view)))
}
