//! `POST /api/admin/api-keys`

use actix_web::web::Data;
use referral_app::{App, CreateApiKey, NewApiKey};
use referral_domain::audit::Actor;
use referral_domain::auth::{ApiKey, Scope};
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Governs, Staff};
use crate::form::{Fields, JsonBody, Node, scalar};
use crate::idempotency::IdempotencyHeader;
use crate::problem::Reply;
use crate::resource::{Once, reply};
use crate::view::TimeView;

/// A key to make.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreateApiKeyBody {
    /// What to call it.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it may do: `events:write`, `credits:redeem`, `users:read`, `codes:write`, `admin:read`, `admin:write`,
    /// `payouts:write`.
    #[schema(min_items = 1, max_items = 7)]
    pub scopes: Vec<String>,
    /// From when it is refused; never when it is left out.
    pub expires_at: Option<TimeView>,
}

/// A key that was made: the only time it can be seen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewApiKey)]
pub struct NewApiKeyView {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<&'static str>,
    /// How it begins.
    pub prefix: String,
    /// The key itself; null when the call is repeated under its `Idempotency-Key`: it is kept as a hash alone.
    pub key: Option<String>,
    /// When it was made.
    pub created_at: TimeView,
    /// From when it is refused.
    pub expires_at: Option<TimeView>,
}

impl NewApiKeyView {
    fn of(stored: &ApiKey, key: Option<String>) -> Self {
        Self {
            id: stored.id.to_string(),
            name: stored.name.clone(),
            scopes: stored.scopes.iter().map(|scope| scope.as_str()).collect(),
            prefix: stored.prefix.clone(),
            key,
            created_at: stored.created_at.into(),
            expires_at: stored.expires_at.map(TimeView),
        }
    }
}

fn scope(node: Node<'_>) -> Option<Scope> {
    match Scope::parse(node.text()?) {
        Some(scope) => Some(scope),
        None => node.fault("not-one-of", format!("one of {}", words())),
    }
}

fn words() -> String {
    Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ")
}

fn later(now: Timestamp) -> impl Fn(Node<'_>) -> Option<Timestamp> {
    move |node| {
        let at = scalar::timestamp(node)?;
        if at > now { Some(at) } else { node.fault("out-of-range", "must lie in the future") }
    }
}

fn read(fields: &mut Fields<'_>, program: Slug, by: Actor, now: Timestamp) -> Option<CreateApiKey> {
    let name = fields.required("name", scalar::text(1, 100));
    let scopes = fields.required("scopes", |node| node.array(1, Scope::ALL.len(), scope));
    let expires_at = fields.optional("expires_at", later(now));
    let mut scopes = scopes?;
    scopes.sort_unstable();
    scopes.dedup();
    Some(CreateApiKey { program, name: name?, scopes, expires_at: expires_at?, by })
}

/// What is answered once.
fn told(made: &NewApiKey) -> (u16, String) {
    (201, reply::text(&NewApiKeyView::of(&made.stored, Some(made.key.clone()))))
}

/// What is stored, and answered again.
fn untold(stored: &ApiKey) -> (u16, String) {
    (201, reply::text(&NewApiKeyView::of(stored, None)))
}

/// Makes an API key and tells it, this once: it is kept as a hash. Under an `Idempotency-Key` it is made once, and repeating
/// the call answers the first reply with a `key` of null. A key with `admin:write` or `payouts:write` is made by a person: with
/// the token of an admin, or at the command line.
#[utoipa::path(
    post, path = "/api/admin/api-keys", tag = "administration", request_body = CreateApiKeyBody,
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses((status = 201, body = NewApiKeyView)),
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn create_api_key(
    app: Data<App>,
    staff: Staff<Governs>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> Reply {
    staff.query.refuse_any()?;
    let once = Once::new(key, &staff.actor, body.bytes()?);
    let command = body.read(|fields| read(fields, staff.program, staff.actor, app.now()))?;
    reply::once(&app, app.create_api_key(&command, once.under(&untold).as_ref()).await, told)
}
