//! `GET /api/credits/statement`

use actix_web::web::Data;
use referral_app::{App, ProveStatement};
use referral_domain::ledger::Balances;
use referral_domain::money::{Currency, Money};
use referral_domain::program::Program;
use referral_domain::reference::HostId;
use referral_domain::statement::Statement;
use referral_domain::time::Day;
use serde::Serialize;
use utoipa::ToSchema;

use super::CreditItem;
use crate::form::{Params, scalar};
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

/// A statement of account, or one with the proof of each transfer in it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum StatementReply {
    /// Without `proof`.
    Plain(Box<StatementView>),
    /// With `proof=true`.
    Proven(Box<referral_proof::statement::Statement>),
}

/// What is asked for.
struct Asked {
    span: (Day, Day),
    proof: bool,
}

fn read(params: &mut Params<'_>, today: Day) -> Option<Asked> {
    let span = span(params, today);
    let proof = params.optional("proof", scalar::one_of(&[("true", true), ("false", false)]));
    Some(Asked { span: span?, proof: proof?.unwrap_or(false) })
}

/// The same days as transfers with their proof.
async fn proven(app: &App, asking: &Asking, (from, to): (Day, Day)) -> Reply {
    let (user, from, until) = (asking.user().clone(), Some(from.start()), Some(to.next().start()));
    let found = app.proven_statement(asking.program(), &ProveStatement { user, from, until }).await;
    Ok(reply::ok(&StatementReply::Proven(Box::new(found.map_err(failed(app.now()))?))))
}

async fn answered(app: &App, asking: &Asking, asked: &Asked) -> Reply {
    if asked.proof {
        return proven(app, asking, asked.span).await;
    }
    statement_of(app, asking.program(), asking.user(), asked.span).await
}

/// The user's statement of account: opening balances, every line, closing balances. Of the 30 days up to today unless told
/// otherwise, of at most 366 days and 10,000 lines. With `proof=true` the transfers of these days instead, each with its
/// path to the block that sealed it: saved to a file, `referral-server ledger verify-statement` checks it without any store.
#[utoipa::path(
    get, path = "/api/credits/statement", tag = "credits",
    params(
        ("user_id" = Option<String>, Query, description = "For services with `users:read`: whose"),
        ("from" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("to" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("proof" = Option<bool>, Query, description = "`true`: the transfers with their proof"),
    ),
    responses((status = 200, body = StatementReply)),
    security(("bearer" = []), ("api_key" = ["users:read"])),
)]
pub async fn statement(app: Data<App>, asking: Asking) -> Reply {
    let today = app.now().day();
    let asked = asking.query().read(|params| read(params, today))?;
    answered(&app, &asking, &asked).await
}
