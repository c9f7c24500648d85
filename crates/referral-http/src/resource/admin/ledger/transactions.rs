//! `GET /api/admin/ledger/transactions`

use actix_web::web::Data;
use referral_app::{App, Found};
use referral_domain::id::{ReferralId, TransactionId};
use referral_domain::ledger::{CreatedBy, TransactionKind};
use referral_domain::money::{Currency, Money, MoneyFault};
use referral_domain::port::{TransactionFilter, TransactionReport};
use referral_domain::reference::HostId;
use referral_domain::time::Day;

use super::LedgerTransaction;
use crate::auth::{Reads, Staff};
use crate::form::{Node, Params, scalar};
use crate::page::{Cursor, List, Page};
use crate::problem::{Problem, Reply};
use crate::resource::admin::filtered;
use crate::resource::credit::{currency_of, kinds};
use crate::resource::{day_range, failed, reply};

const CREATORS: &[(&str, CreatedBy)] = &[
    ("system", CreatedBy::System),
    ("user", CreatedBy::User),
    ("service", CreatedBy::Service),
    ("operator", CreatedBy::Operator),
];

/// Which transactions are asked for.
struct Asked {
    id: Option<TransactionId>,
    user: Option<HostId>,
    kinds: Vec<TransactionKind>,
    referral: Option<ReferralId>,
    reference: Option<String>,
    created_by: Option<CreatedBy>,
    days: (Option<Day>, Option<Day>),
    least: Option<i64>,
    most: Option<i64>,
    limit: u32,
    cursor: Option<Cursor>,
}

fn read(params: &mut Params<'_>, currency: Currency) -> Option<Asked> {
    let id = params.optional("id", scalar::id(TransactionId::parse));
    let user = params.optional("user_id", scalar::user_id);
    let kinds = kinds(params);
    let referral = params.optional("referral_id", scalar::id(ReferralId::parse));
    let reference = params.optional("reference", scalar::text(1, 128));
    let created_by = params.optional("created_by", scalar::one_of(CREATORS));
    let days = day_range(params);
    let least = params.optional("min_amount", |node| minor(node, currency));
    let most = params.optional("max_amount", |node| minor(node, currency));
    let (limit, cursor) = (params.limit(), params.cursor());
    Some(Asked {
        id: id?,
        user: user?,
        kinds: kinds?,
        referral: referral?,
        reference: reference?,
        created_by: created_by?,
        days: days?,
        least: least?,
        most: most?,
        limit: limit?,
        cursor: cursor?,
    })
}

/// An amount of the program's currency, signed, in minor units.
fn minor(node: Node<'_>, currency: Currency) -> Option<i64> {
    match Money::parse(node.text()?, currency) {
        Ok(money) => Some(money.minor()),
        Err(fault @ MoneyFault::TooManyDigits(_)) => node.fault("money-digits", fault.to_string()),
        Err(fault) => node.fault("money-format", fault.to_string()),
    }
}

/// The list a cursor of these filters belongs to.
fn list(staff: &Staff<Reads>, asked: &Asked) -> List {
    let list = List::new("GET /api/admin/ledger/transactions", &staff.actor.to_string());
    let list = asked
        .kinds
        .iter()
        .fold(list.filter("program", &staff.program), |list, kind| list.filter("type", kind));
    let text = |value: Option<&dyn std::fmt::Display>| value.map(ToString::to_string);
    let (from, to) = asked.days;
    filtered(
        list,
        [
            ("id", text(asked.id.as_ref().map(|id| id as _))),
            ("user_id", text(asked.user.as_ref().map(|user| user as _))),
            ("referral_id", text(asked.referral.as_ref().map(|id| id as _))),
            ("reference", asked.reference.clone()),
            ("created_by", text(asked.created_by.as_ref().map(|by| by as _))),
            ("from", text(from.as_ref().map(|day| day as _))),
            ("to", text(to.as_ref().map(|day| day as _))),
            ("min_amount", text(asked.least.as_ref().map(|minor| minor as _))),
            ("max_amount", text(asked.most.as_ref().map(|minor| minor as _))),
        ],
    )
}

fn filter(asked: &Asked, list: &List) -> Result<TransactionFilter, Problem> {
    Ok(TransactionFilter {
        id: asked.id,
        user: None,
        kinds: asked.kinds.clone(),
        referral: asked.referral,
        reference: asked.reference.clone(),
        created_by: asked.created_by,
        from: asked.days.0.map(Day::start),
        until: asked.days.1.map(|day| day.next().start()),
        least: asked.least,
        most: asked.most,
        after: list.continued(asked.cursor.as_ref(), TransactionId::parse)?,
        limit: asked.limit,
    })
}

fn page(found: &Found<TransactionReport, TransactionId>, list: &List) -> Page<LedgerTransaction> {
    let one = |report| LedgerTransaction::of(report, found.program.currency);
    Page {
        items: found.items.iter().map(one).collect(),
        next_cursor: found.next.map(|after| list.cursor(after)),
    }
}

/// Transactions of the program, newest first. Amounts are changes of what is available.
#[utoipa::path(
    get, path = "/api/admin/ledger/transactions", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("id" = Option<String>, Query, description = "Only this one, `txn_...`"),
        ("user_id" = Option<String>, Query, description = "Only of this user"),
        ("type" = Option<Vec<String>>, Query, description = "Only these types; may be repeated"),
        ("referral_id" = Option<String>, Query, description = "Only for this referral"),
        ("reference" = Option<String>, Query, description = "Only with this reference"),
        ("created_by" = Option<String>, Query, description = "`system`, `user`, `service` or `operator`"),
        ("from" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("to" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("min_amount" = Option<String>, Query, description = "A signed amount like `-5.00`: at least"),
        ("max_amount" = Option<String>, Query, description = "A signed amount like `25.00`: at most"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<LedgerTransaction>)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn transactions(app: Data<App>, staff: Staff<Reads>) -> Reply {
    let currency = currency_of(&app, &staff.program).await?;
    let asked = staff.query.read(|params| read(params, currency))?;
    let list = list(&staff, &asked);
    let filter = filter(&asked, &list)?;
    let found = app.search_transactions(&staff.program, asked.user.as_ref(), &filter).await;
    Ok(reply::ok(&page(&found.map_err(failed(app.now()))?, &list)))
}
