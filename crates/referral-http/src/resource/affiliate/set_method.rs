//! `PUT /api/affiliate/payout-method`

use actix_web::web::Data;
use referral_app::{App, SetPayoutMethod};
use referral_domain::payout::{Destination, MethodFault, MethodKind, PayoutMethod};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::MethodView;
use crate::form::{Fields, JsonBody, Query, scalar};
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;
use crate::resource::asking::CountedUser;
use crate::resource::{Once, reply};

/// Where to pay: `paypal` with `email`, `sepa` with `name`, `iban` and perhaps `bic`, or `external` with `reference`.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MethodRequest {
    /// `paypal`, `sepa` or `external`.
    #[schema(pattern = "^(paypal|sepa|external)$")]
    pub kind: String,
    /// For `paypal`: the account's address.
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// For `sepa`: whose account it is.
    #[schema(max_length = 70)]
    pub name: Option<String>,
    /// For `sepa`: the account, of a SEPA country.
    #[schema(max_length = 64)]
    pub iban: Option<String>,
    /// For `sepa`: the bank, when it must be named.
    #[schema(max_length = 11)]
    pub bic: Option<String>,
    /// For `external`: what whoever pays knows it by.
    #[schema(pattern = "^[A-Za-z0-9._:-]{1,128}$")]
    pub reference: Option<String>,
}

const KINDS: &[(&str, MethodKind)] =
    &[("paypal", MethodKind::Paypal), ("sepa", MethodKind::Sepa), ("external", MethodKind::External)];

/// Fields of another kind are unknown ones.
fn read(fields: &mut Fields<'_>) -> Option<Destination> {
    let read = match fields.required("kind", scalar::one_of(KINDS))? {
        MethodKind::Paypal => Destination::paypal(&fields.required("email", scalar::text(1, 254))?),
        MethodKind::Sepa => {
            let name = fields.required("name", scalar::text(1, 70));
            let iban = fields.required("iban", scalar::text(1, 64));
            let bic = fields.optional("bic", scalar::text(1, 11));
            Destination::sepa(&name?, &iban?, bic?.as_deref())
        }
        MethodKind::External => {
            Destination::external(fields.required("reference", scalar::reference)?.as_str())
        }
    };
    match read {
        Ok(destination) => Some(destination),
        Err(fault) => fields.fault(place(fault), "bad-format", fault.to_string()),
    }
}

const fn place(fault: MethodFault) -> &'static str {
    match fault {
        MethodFault::Email => "email",
        MethodFault::Name => "name",
        MethodFault::Iban => "iban",
        MethodFault::Bic => "bic",
        MethodFault::Reference => "reference",
    }
}

fn render(method: &PayoutMethod) -> (u16, String) {
    (200, reply::text(&MethodView::of(Some(method))))
}

/// Sets where the user is paid. It is sealed at rest, and usable 72 hours later; the same again changes nothing.
#[utoipa::path(
    put, path = "/api/affiliate/payout-method", tag = "affiliate", request_body = MethodRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    responses((status = 200, body = MethodView)),
    security(("bearer" = [])),
)]
pub async fn set_method(
    app: Data<App>,
    CountedUser(user): CountedUser,
    query: Query,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    query.refuse_any()?;
    let once = Once::new(key, user.label(), body.bytes()?);
    let destination = body.read(read)?;
    let command = SetPayoutMethod { program: user.program, user: user.user_id, destination };
    reply::once(&app, app.set_payout_method(&command, once.under(&render).as_ref()).await, render)
}
