//! `GET /api/admin/ledger/transfers`

use actix_web::web::Data;
use referral_app::{App, Found};
use referral_domain::id::{AccountId, TransactionId, TransferId};
use referral_domain::ledger::TransactionKind;
use referral_domain::port::{LegReport, TransferFilter};
use referral_domain::time::Day;

use super::TransferView;
use crate::auth::{Reads, Staff};
use crate::form::{Params, scalar};
use crate::page::{Cursor, List, Page};
use crate::problem::{Problem, Reply};
use crate::resource::admin::filtered;
use crate::resource::credit::kind;
use crate::resource::{day_range, failed, reply};

/// Which transfers are asked for.
struct Asked {
    account: Option<AccountId>,
    transaction: Option<TransactionId>,
    kind: Option<TransactionKind>,
    days: (Option<Day>, Option<Day>),
    limit: u32,
    cursor: Option<Cursor>,
}

fn read(params: &mut Params<'_>) -> Option<Asked> {
    let account = params.optional("account_id", scalar::id(AccountId::parse));
    let transaction = params.optional("transaction_id", scalar::id(TransactionId::parse));
    let kind = params.optional("type", kind);
    let days = day_range(params);
    let (limit, cursor) = (params.limit(), params.cursor());
    Some(Asked {
        account: account?,
        transaction: transaction?,
        kind: kind?,
        days: days?,
        limit: limit?,
        cursor: cursor?,
    })
}

/// The list a cursor of these filters belongs to.
fn list(staff: &Staff<Reads>, asked: &Asked) -> List {
    let list = List::new("GET /api/admin/ledger/transfers", &staff.actor.to_string());
    let (from, to) = asked.days;
    filtered(
        list.filter("program", &staff.program),
        [
            ("account_id", asked.account.map(|id| id.to_string())),
            ("transaction_id", asked.transaction.map(|id| id.to_string())),
            ("type", asked.kind.map(|kind| kind.to_string())),
            ("from", from.map(|day| day.to_string())),
            ("to", to.map(|day| day.to_string())),
        ],
    )
}

fn filter(asked: &Asked, list: &List) -> Result<TransferFilter, Problem> {
    Ok(TransferFilter {
        account: asked.account,
        transaction: asked.transaction,
        kind: asked.kind,
        from: asked.days.0.map(Day::start),
        until: asked.days.1.map(|day| day.next().start()),
        after: list.continued(asked.cursor.as_ref(), TransferId::parse)?,
        limit: asked.limit,
    })
}

fn page(found: &Found<LegReport, TransferId>, list: &List) -> Page<TransferView> {
    let one = |leg| TransferView::of(leg, found.program.currency);
    Page {
        items: found.items.iter().map(one).collect(),
        next_cursor: found.next.map(|after| list.cursor(after)),
    }
}

/// Transfers of the program, newest first: the legs of its transactions.
#[utoipa::path(
    get, path = "/api/admin/ledger/transfers", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("account_id" = Option<String>, Query, description = "Only to or from this account, `acc_...`"),
        ("transaction_id" = Option<String>, Query, description = "Only of this transaction, `txn_...`"),
        ("type" = Option<String>, Query, description = "Only of this type"),
        ("from" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("to" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<TransferView>)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn transfers(app: Data<App>, staff: Staff<Reads>) -> Reply {
    let asked = staff.query.read(read)?;
    let list = list(&staff, &asked);
    let filter = filter(&asked, &list)?;
    let found = app.search_transfers(&staff.program, &filter).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&page(&found, &list)))
}
