//! `POST /api/credits/redeem`

use actix_web::web::Data;
use referral_app::{App, RedeemCredits, RedeemReceipt};
use referral_domain::credit::RedeemMode;
use referral_domain::money::{Currency, Money};
use referral_domain::reference::{HostId, Reference, Slug};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CreditItem;
use super::balance::Balance;
use crate::auth::{CreditsRedeem, Scoped};
use crate::form::{Fields, JsonBody, Node, Query, money, scalar};
use crate::problem::{Problem, Reply};
use crate::resource::{failed, reply};
use crate::view::MoneyView;

/// Credits to use against an invoice.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RedeemRequest {
    /// Whose credits.
    #[schema(min_length = 1, max_length = 100)]
    pub user_id: String,
    /// How much, in the program's currency.
    #[schema(value_type = MoneyView)]
    pub amount: serde_json::Value,
    /// The host's reference, unique per program for ever: `[A-Za-z0-9._:-]{1,128}`.
    #[schema(pattern = "^[A-Za-z0-9._:-]{1,128}$")]
    pub reference: String,
    /// What the user reads, at most 500 characters.
    #[schema(max_length = 500)]
    pub description: Option<String>,
    /// `exact` (the default) or `up_to`: at most what is available.
    #[schema(pattern = "^(exact|up_to)$")]
    pub mode: Option<String>,
}

/// What was taken or given back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Redemption)]
pub struct RedemptionView {
    /// The redemption.
    pub redemption_id: String,
    /// The history line of this command; null when nothing was taken.
    pub transaction: Option<CreditItem>,
    /// How much of the redemption stands after this command.
    pub redeemed: MoneyView,
    /// The balance right after it.
    pub balance: Balance,
}

impl RedemptionView {
    /// A receipt in its program's currency.
    #[must_use]
    pub fn of(receipt: &RedeemReceipt) -> Self {
        let currency = receipt.program.currency;
        Self {
            redemption_id: receipt.id.to_string(),
            transaction: receipt.item.as_ref().map(|item| CreditItem::of(item, currency)),
            redeemed: receipt.program.money(receipt.redeemed).into(),
            balance: Balance::of(&receipt.balance, receipt.can_redeem, currency),
        }
    }
}

struct Body {
    user: HostId,
    amount: Money,
    reference: Reference,
    description: Option<String>,
    mode: RedeemMode,
}

const MODES: &[(&str, RedeemMode)] = &[("exact", RedeemMode::Exact), ("up_to", RedeemMode::UpTo)];

fn read(fields: &mut Fields<'_>, currency: Currency) -> Option<Body> {
    let user = fields.required("user_id", scalar::user_id);
    let amount = fields.required("amount", |node| money_of(node, currency));
    let reference = fields.required("reference", scalar::reference);
    let description = fields.optional("description", scalar::description);
    let mode = fields.optional("mode", scalar::one_of(MODES));
    let mode = mode?.unwrap_or(RedeemMode::Exact);
    Some(Body { user: user?, amount: amount?, reference: reference?, description: description?, mode })
}

/// Credits have the program's currency and no other.
pub(in crate::resource) fn money_of(node: Node<'_>, currency: Currency) -> Option<Money> {
    let amount = money(node)?;
    if amount.currency() == currency {
        return Some(amount);
    }
    node.fault("currency-mismatch", format!("this program's currency is {}", currency.code()))
}

fn command(program: Slug, body: Body) -> RedeemCredits {
    let Body { user, amount, reference, description, mode } = body;
    RedeemCredits { program, user, amount: amount.minor(), mode, reference, description }
}

/// The currency that amounts of this program must have.
pub(in crate::resource) async fn currency_of(app: &App, program: &Slug) -> Result<Currency, Problem> {
    let program = app.program::<referral_app::Never>(program).await.map_err(failed(app.now()))?;
    Ok(program.currency)
}

/// Takes credits. 201 the first time; the same reference and body again is 200 with the first answer.
#[utoipa::path(
    post, path = "/api/credits/redeem", tag = "credits", request_body = RedeemRequest,
    responses((status = 201, body = RedemptionView), (status = 200, body = RedemptionView)),
    security(("api_key" = ["credits:redeem"])),
)]
pub async fn redeem(app: Data<App>, service: Scoped<CreditsRedeem>, query: Query, body: JsonBody) -> Reply {
    query.refuse_any()?;
    let currency = currency_of(&app, &service.key.program).await?;
    let body = body.read(|fields| read(fields, currency))?;
    let command = command(service.key.program, body);
    let receipt = app.redeem_credits(&command).await.map_err(failed(app.now()))?;
    Ok(reply::created(receipt.replayed, &RedemptionView::of(&receipt)))
}
