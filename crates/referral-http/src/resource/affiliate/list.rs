//! `GET /api/affiliate/payouts`

use actix_web::web::Data;
use referral_app::{App, PayoutOverview, PayoutPage, PayoutQuery};
use referral_domain::id::PayoutId;
use referral_domain::payout::PayoutStatus;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::PayoutView;
use crate::form::{Node, Params};
use crate::page::{Cursor, List};
use crate::problem::{Problem, Reply};
use crate::resource::{Asking, failed, reply};
use crate::view::MoneyView;

const ENDPOINT: &str = "GET /api/affiliate/payouts";

/// What a user's payouts come to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutSummary)]
pub struct SummaryView {
    /// What they can use.
    pub available: MoneyView,
    /// What of it may be paid out.
    pub payable: MoneyView,
    /// What is reserved by a payout.
    pub in_payout: MoneyView,
    /// What they were paid.
    pub paid: MoneyView,
    /// The least that is paid out.
    pub minimum: MoneyView,
    /// What must become payable before a payout can be asked for.
    pub missing: MoneyView,
    /// The payout that has not ended.
    pub open_payout_id: Option<String>,
}

impl From<&PayoutOverview> for SummaryView {
    fn from(overview: &PayoutOverview) -> Self {
        let money = |minor| overview.balance.program.money(minor).into();
        let (balances, payable) = (overview.balance.balance.balances, overview.balance.balance.payable);
        Self {
            available: money(balances.available),
            payable: money(payable),
            in_payout: money(balances.in_payout),
            paid: money(overview.paid),
            minimum: money(overview.minimum),
            missing: money(overview.missing),
            open_payout_id: overview.open.map(|id| id.to_string()),
        }
    }
}

/// A page of a user's payouts, with what they come to.
#[derive(Debug, Serialize, ToSchema)]
pub struct PayoutList {
    /// The payouts, newest first.
    pub items: Vec<PayoutView>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
    /// What they come to, all of them.
    pub summary: SummaryView,
}

/// Which payouts are asked for.
pub(in crate::resource) struct Asked {
    pub(in crate::resource) status: Option<PayoutStatus>,
    pub(in crate::resource) limit: u32,
    pub(in crate::resource) cursor: Option<Cursor>,
}

pub(in crate::resource) fn read(params: &mut Params<'_>) -> Option<Asked> {
    let status = params.optional("status", status);
    let (limit, cursor) = (params.limit(), params.cursor());
    Some(Asked { status: status?, limit: limit?, cursor: cursor? })
}

fn status(node: Node<'_>) -> Option<PayoutStatus> {
    match PayoutStatus::parse(node.text()?) {
        Some(status) => Some(status),
        None => {
            let words: Vec<_> = PayoutStatus::ALL.iter().map(|status| status.as_str()).collect();
            node.fault("not-one-of", format!("one of {}", words.join(", ")))
        }
    }
}

fn list(asking: &Asking, asked: &Asked) -> List {
    let list = List::new(ENDPOINT, &asking.0.caller.label());
    let list = list.filter("program", asking.program()).filter("user", asking.user());
    asked.status.iter().fold(list, |list, status| list.filter("status", status))
}

fn page(page: &PayoutPage, overview: &PayoutOverview, list: &List) -> PayoutList {
    let currency = page.program.currency;
    PayoutList {
        items: page.items.iter().map(|item| PayoutView::of(item, currency)).collect(),
        next_cursor: page.next.map(|before| list.cursor(before)),
        summary: overview.into(),
    }
}

async fn found(app: &App, asking: &Asking) -> Result<PayoutList, Problem> {
    let asked = asking.query().read(read)?;
    let list = list(asking, &asked);
    let (program, user) = (asking.program().clone(), Some(asking.user().clone()));
    let before = list.continued(asked.cursor.as_ref(), PayoutId::parse)?;
    let query = PayoutQuery { program, user, status: asked.status, before, limit: asked.limit };
    let payouts = app.payouts(&query).await.map_err(failed(app.now()))?;
    let overview = app.payout_overview(asking.program(), asking.user()).await.map_err(failed(app.now()))?;
    Ok(page(&payouts, &overview, &list))
}

/// The user's payouts, newest first, with what is payable and what is missing.
#[utoipa::path(
    get, path = "/api/affiliate/payouts", tag = "affiliate",
    params(
        ("user_id" = Option<String>, Query, description = "For services with `users:read`: whose"),
        ("status" = Option<String>, Query, description = "Only those that stand here"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = PayoutList)),
    security(("bearer" = []), ("api_key" = ["users:read"])),
)]
pub async fn list_payouts(app: Data<App>, asking: Asking) -> Reply {
    Ok(reply::ok(&found(&app, &asking).await?))
}
