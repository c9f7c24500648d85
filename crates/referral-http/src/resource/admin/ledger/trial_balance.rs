//! `GET /api/admin/ledger/trial-balance`

use actix_web::web::Data;
use referral_app::App;
use referral_domain::ledger::Side;
use referral_domain::program::Program;
use referral_domain::trial_balance::{Movement, TrialBalance};
use serde::Serialize;
use utoipa::ToSchema;

use super::as_of;
use crate::auth::{Reads, Staff};
use crate::problem::Reply;
use crate::resource::{failed, reply};
use crate::view::{MoneyView, TimeView};

/// Every account of the books at an instant. The columns of debits and credits come to the same sum, so the balances come
/// to zero.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrialBalance)]
pub struct TrialBalanceView {
    /// Of what was recorded at or before.
    pub as_of: TimeView,
    /// Every account: those of all users together by what they are for, then the system's.
    pub accounts: Vec<TrialRow>,
    /// What the columns come to.
    pub total: TrialTotal,
}

/// One account of a trial balance.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialRow {
    /// Its name.
    pub account: &'static str,
    /// `user` or `system`.
    pub kind: &'static str,
    /// What left it.
    pub debits: MoneyView,
    /// What entered it.
    pub credits: MoneyView,
    /// Credits less debits: what users have is positive, what they owe and what was spent on them negative.
    pub balance: MoneyView,
}

/// What the columns of a trial balance come to.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialTotal {
    /// Of all debits.
    pub debits: MoneyView,
    /// Of all credits; the same.
    pub credits: MoneyView,
    /// Zero.
    pub balance: MoneyView,
}

impl TrialBalanceView {
    fn of(trial: &TrialBalance, program: &Program) -> Self {
        let money = |minor| MoneyView::from(program.money(minor));
        let row = |row: &Movement| TrialRow {
            account: row.account.as_str(),
            kind: if matches!(row.account, Side::User(_)) { "user" } else { "system" },
            debits: money(row.debits),
            credits: money(row.credits),
            balance: money(row.balance()),
        };
        let balance = trial.rows.iter().map(Movement::balance).sum();
        let total =
            TrialTotal { debits: money(trial.total), credits: money(trial.total), balance: money(balance) };
        Self { as_of: trial.as_of.into(), accounts: trial.rows.iter().map(row).collect(), total }
    }
}

/// The trial balance, now or as of any past instant, from one snapshot. It looks at every transfer, so that its time grows
/// with the ledger. Of the last minute, postings that were still being recorded may be missing.
#[utoipa::path(
    get, path = "/api/admin/ledger/trial-balance", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("as_of" = Option<String>, Query, description = "An instant (RFC 3339), or a UTC day for its end; now when not given"),
    ),
    responses((status = 200, body = TrialBalanceView)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn trial_balance(app: Data<App>, staff: Staff<Reads>) -> Reply {
    let as_of = staff.query.read(as_of)?;
    let (trial, program) = app.trial_balance(&staff.program, as_of).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&TrialBalanceView::of(&trial, &program)))
}
