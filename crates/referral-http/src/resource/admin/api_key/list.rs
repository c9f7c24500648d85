//! `GET /api/admin/api-keys`

use actix_web::web::Data;
use referral_app::App;
use referral_domain::auth::ApiKey;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Reads, Staff};
use crate::form::Params;
use crate::page::{Cursor, List, Page};
use crate::problem::{Problem, Reply};
use crate::resource::reply;
use crate::view::TimeView;

const ENDPOINT: &str = "GET /api/admin/api-keys";

/// An API key as it is kept: never the key, only how it begins.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyView {
    /// Its id.
    pub id: String,
    /// What its maker called it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<&'static str>,
    /// How it begins.
    #[schema(examples("rk_4f9c"))]
    pub prefix: String,
    /// When it was made.
    pub created_at: TimeView,
    /// When it was last used, to the minute.
    pub last_used_at: Option<TimeView>,
    /// From when it is refused.
    pub expires_at: Option<TimeView>,
    /// When it was revoked.
    pub revoked_at: Option<TimeView>,
}

impl From<&ApiKey> for ApiKeyView {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            prefix: key.prefix.clone(),
            created_at: key.created_at.into(),
            last_used_at: key.last_used_at.map(TimeView),
            expires_at: key.expires_at.map(TimeView),
            revoked_at: key.revoked_at.map(TimeView),
        }
    }
}

fn read(params: &mut Params<'_>) -> Option<(u32, Option<Cursor>)> {
    let (limit, cursor) = (params.limit(), params.cursor());
    Some((limit?, cursor?))
}

/// Keys are few: a page is cut from all of them, which come newest first.
fn page(keys: &[ApiKey], staff: &Staff<Reads>) -> Result<Page<ApiKeyView>, Problem> {
    let (limit, cursor) = staff.query.read(read)?;
    let list = List::new(ENDPOINT, &staff.actor.to_string()).filter("program", &staff.program);
    let last = cursor.map(|cursor| list.position(&cursor)).transpose()?;
    let theirs = keys.iter().filter(|key| key.program == staff.program);
    let mut left = theirs.skip_while(|key| last.as_ref().is_some_and(|last| *last != key.id.to_string()));
    if last.is_some() {
        left.next();
    }
    let mut items: Vec<_> = left.collect();
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|key| list.cursor(key.id));
    Ok(Page { items: items.into_iter().map(ApiKeyView::from).collect(), next_cursor })
}

/// The program's API keys, newest first; those that were revoked, too.
#[utoipa::path(
    get, path = "/api/admin/api-keys", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<ApiKeyView>)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn list_api_keys(app: Data<App>, staff: Staff<Reads>) -> Reply {
    app.program::<referral_app::Never>(&staff.program).await.map_err(crate::resource::failed(app.now()))?;
    let keys = app.reports().api_keys().await.map_err(Problem::from)?;
    Ok(reply::ok(&page(&keys, &staff)?))
}
