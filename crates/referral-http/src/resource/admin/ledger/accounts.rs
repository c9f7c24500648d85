//! `GET /api/admin/ledger/accounts`

use actix_web::web::Data;
use referral_app::{App, UserAccounts};
use referral_domain::ledger::{Account, Balances, Head, Purpose};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::as_of;
use crate::auth::{Reads, Staff};
use crate::form::{Params, scalar};
use crate::problem::Reply;
use crate::resource::credit::BalancesView;
use crate::resource::{failed, reply};
use crate::view::{MoneyView, TimeView};

/// What a user has in each of their accounts, and what they had at an instant.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerAccounts {
    /// Their accounts; those that were never needed are left out.
    pub items: Vec<AccountView>,
    /// Their balances at `as_of`.
    pub balances: BalancesView,
    /// At which instant.
    pub as_of: TimeView,
}

/// One account of a user, as it is now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserAccount)]
pub struct AccountView {
    /// Its id.
    pub id: String,
    /// `available`, `held`, `in_payout` or `owed`.
    pub name: &'static str,
    /// How many entries it has.
    pub entries: i64,
    /// What is in it; what is owed is shown positive.
    pub balance: MoneyView,
    /// When it was first needed.
    pub created_at: TimeView,
}

fn view(found: &UserAccounts, as_of: Timestamp) -> LedgerAccounts {
    let UserAccounts { accounts, balances, program } = found;
    let one = |(account, head): &(Account, Head)| {
        let owed = account.purpose == Purpose::Owed;
        let balance = if owed { -head.balance } else { head.balance };
        AccountView {
            id: account.id.to_string(),
            name: account.purpose.as_str(),
            entries: head.seq,
            balance: program.money(balance).into(),
            created_at: account.created_at.into(),
        }
    };
    let balances: &Balances = balances;
    LedgerAccounts {
        items: accounts.iter().map(one).collect(),
        balances: BalancesView::of(balances, program.currency),
        as_of: as_of.into(),
    }
}

fn read(params: &mut Params<'_>) -> Option<(HostId, Option<Timestamp>)> {
    let (user, as_of) = (params.required("user_id", scalar::user_id), as_of(params));
    Some((user?, as_of?))
}

/// A user's accounts as they are now, and their balances at any past instant.
#[utoipa::path(
    get, path = "/api/admin/ledger/accounts", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("user_id" = String, Query, description = "Whose"),
        ("as_of" = Option<String>, Query, description = "An instant (RFC 3339), or a UTC day for its end; now when not given"),
    ),
    responses((status = 200, body = LedgerAccounts)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn accounts(app: Data<App>, staff: Staff<Reads>) -> Reply {
    let now = app.now();
    let (user, as_of) = staff.query.read(read)?;
    let found = app.user_accounts(&staff.program, &user, as_of).await.map_err(failed(now))?;
    Ok(reply::ok(&view(&found, as_of.unwrap_or(now))))
}
