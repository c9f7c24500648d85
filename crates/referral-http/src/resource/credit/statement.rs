//! `GET /api/credits/statement`

use actix_web::web::Data;
use referral_app::App;
use referral_domain::ledger::Balances;
use referral_domain::money::{Currency, Money};
use referral_domain::program::Program;
use referral_domain::reference::HostId;
use referral_domain::statement::Statement;
use referral_domain::time::Day;
use serde::Serialize;
use utoipa::ToSchema;

use super::CreditItem;
use crate::form::Params;
use crate::problem::Reply;
use crate::resource::{Asking, day_range, failed, reply};
use crate::view::{DateView, MoneyView, TimeView};

/// How many days the first and the last day of one statement may lie apart.
const APART_MAX: i32 = 366;

/// A user's account over a span of days: `opening`, then each of `lines`, comes to `closing`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct StatementView {
    /// The first day.
    pub from: DateView,
    /// The last day.
    pub to: DateView,
    /// The balances when the first day began.
    pub opening: BalancesView,
    /// Every transaction of these days, the oldest first.
    pub lines: Vec<CreditItem>,
    /// The balances when the last day ended, or now.
    pub closing: BalancesView,
    /// When it was made.
    pub as_of: TimeView,
}

/// The four balances of a user; none is ever negative.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Balances)]
pub struct BalancesView {
    /// Can be used.
    pub available: MoneyView,
    /// Granted, not usable yet.
    pub held: MoneyView,
    /// Reserved by a payout.
    pub in_payout: MoneyView,
    /// What the user owes.
    pub owed: MoneyView,
}

impl BalancesView {
    /// Balances in a currency.
    #[must_use]
    pub fn of(balances: &Balances, currency: Currency) -> Self {
        let money = |minor| MoneyView::from(Money::of(minor, currency));
        let Balances { available, held, in_payout, owed } = *balances;
        Self {
            available: money(available),
            held: money(held),
            in_payout: money(in_payout),
            owed: money(owed),
        }
    }
}

/// The first and last day of a statement: the 30 days up to today unless told otherwise.
pub fn span(params: &mut Params<'_>, today: Day) -> Option<(Day, Day)> {
    let (from, to) = day_range(params)?;
    let to = to.unwrap_or_else(|| from.map_or(today, |from| today.max(from)));
    let from = from.unwrap_or(Day::from_number(to.number() - 30));
    if from > today {
        return params.fault("from", "out-of-range", "must not lie in the future");
    }
    if to.number() - from.number() > APART_MAX {
        return params.fault("to", "out-of-range", "at most 366 days after from, which is today unless told");
    }
    Some((from, to))
}

/// The statement of a user over these days.
pub async fn statement_of(
    app: &App,
    program: &referral_domain::reference::Slug,
    user: &HostId,
    (from, to): (Day, Day),
) -> Reply {
    let now = app.now();
    let found = app.statement(program, user, from.start(), to.next().start()).await;
    let (statement, program) = found.map_err(failed(now))?;
    let Statement { opening, lines, closing, .. } = &statement;
    let Program { currency, .. } = program;
    Ok(reply::ok(&StatementView {
        from: from.into(),
        to: to.into(),
        opening: BalancesView::of(opening, currency),
        lines: lines.iter().map(|item| CreditItem::of(item, currency)).collect(),
        closing: BalancesView::of(closing, currency),
        as_of: now.into(),
    }))
}

/// The user's statement of account: opening balances, every line, closing balances. Of the 30 days up to today unless told
/// otherwise, of at most 366 days and 10,000 lines.
#[utoipa::path(
    get, path = "/api/credits/statement", tag = "credits",
    params(
        ("user_id" = Option<String>, Query, description = "For services with `users:read`: whose"),
        ("from" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("to" = Option<String>, Query, description = "A UTC day, inclusive"),
    ),
    responses((status = 200, body = StatementView)),
    security(("bearer" = []), ("api_key" = ["users:read"])),
)]
pub async fn statement(app: Data<App>, asking: Asking) -> Reply {
    let today = app.now().day();
    let span = asking.query().read(|params| span(params, today))?;
    statement_of(&app, asking.program(), asking.user(), span).await
}
