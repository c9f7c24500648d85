//! `POST /api/admin/api-keys`

use actix_web::http::StatusCode;
use actix_web::web::Data;
use referral_app::{App, CreateApiKey, NewApiKey};
use referral_domain::audit::Actor;
use referral_domain::auth::Scope;
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Governs, Staff};
use crate::form::{Fields, JsonBody, Node, scalar};
use crate::problem::Reply;
use crate::resource::{failed, reply};
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
    /// The key itself.
    pub key: String,
    /// When it was made.
    pub created_at: TimeView,
    /// From when it is refused.
    pub expires_at: Option<TimeView>,
}

impl From<NewApiKey> for NewApiKeyView {
    fn from(NewApiKey { stored, key }: NewApiKey) -> Self {
        Self {
            id: stored.id.to_string(),
            name: stored.name,
            scopes: stored.scopes.iter().map(|scope| scope.as_str()).collect(),
            prefix: stored.prefix,
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

/// Makes an API key and tells it, this once. It is kept as a hash, so an `Idempotency-Key` cannot bring it back: asking
/// again makes another.
#[utoipa::path(
    post, path = "/api/admin/api-keys", tag = "administration", request_body = CreateApiKeyBody,
    params(("program" = Option<String>, Query, description = "Required for a token of all programs")),
    responses((status = 201, body = NewApiKeyView)),
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn create_api_key(app: Data<App>, staff: Staff<Governs>, body: JsonBody) -> Reply {
    staff.query.refuse_any()?;
    let command = body.read(|fields| read(fields, staff.program, staff.actor, app.now()))?;
    let made = app.create_api_key(&command).await.map_err(failed(app.now()))?;
    Ok(reply::json(StatusCode::CREATED, &NewApiKeyView::from(made)))
}
