//! `GET /api/admin/audit`

use actix_web::web::Data;
use referral_app::{App, AuditPage};
use referral_domain::audit::ActorKind;
use referral_domain::id::AuditId;
use referral_domain::port::{AuditFilter, AuditItem};
use referral_domain::time::{Day, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::{Reads, Staff};
use crate::form::{Params, scalar};
use crate::page::{Cursor, List, Page};
use crate::problem::{Problem, Reply};
use crate::resource::{day_range, failed, reply};
use crate::view::TimeView;

const ENDPOINT: &str = "GET /api/admin/audit";

/// One change by a person or a key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditView {
    /// Its id.
    pub id: String,
    /// Who.
    pub actor: ActorView,
    /// What, as `resource.verb`.
    #[schema(examples("code.update"))]
    pub action: String,
    /// To what: its id.
    pub subject: String,
    /// What it was before; null when it did not exist.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// What it was after; null when it no longer exists.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// When.
    pub created_at: TimeView,
}

/// Who made a change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
pub struct ActorView {
    /// `user`, `key`, `staff` or `command`.
    pub kind: &'static str,
    /// The host's id of the person, the id of the key; null once the person was erased.
    pub id: Option<String>,
}

impl From<AuditItem> for AuditView {
    fn from(item: AuditItem) -> Self {
        let object = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        Self {
            id: item.id.to_string(),
            actor: ActorView { kind: item.kind.as_str(), id: item.actor },
            action: item.action,
            subject: item.subject,
            before: object(item.before),
            after: object(item.after),
            created_at: item.at.into(),
        }
    }
}

/// Which entries are asked for.
struct Asked {
    actor: Option<String>,
    action: Option<String>,
    subject: Option<String>,
    from: Option<Day>,
    to: Option<Day>,
    limit: u32,
    cursor: Option<Cursor>,
}

fn read(params: &mut Params<'_>) -> Option<Asked> {
    let actor = params.optional("actor", scalar::text(1, 120));
    let action = params.optional("action", scalar::text(1, 80));
    let subject = params.optional("subject", scalar::text(1, 200));
    let range = day_range(params);
    let (limit, cursor) = (params.limit(), params.cursor());
    let (from, to) = range?;
    Some(Asked {
        actor: actor?,
        action: action?,
        subject: subject?,
        from,
        to,
        limit: limit?,
        cursor: cursor?,
    })
}

/// The list a cursor of these filters belongs to.
fn list(staff: &Staff<Reads>, asked: &Asked) -> List {
    let list = List::new(ENDPOINT, &staff.actor.to_string()).filter("program", &staff.program);
    let texts = [("actor", &asked.actor), ("action", &asked.action), ("subject", &asked.subject)];
    let given = texts.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
    let list = given.fold(list, |list, (name, text)| list.filter(name, text));
    let days = [("from", asked.from), ("to", asked.to)];
    let given = days.into_iter().filter_map(|(name, day)| Some((name, day?)));
    given.fold(list, |list, (name, day)| list.filter(name, day))
}

/// `staff:u_ada`, or an id alone for any kind of actor.
fn actor(text: Option<&str>) -> (Option<ActorKind>, Option<String>) {
    let told = text.and_then(|text| text.split_once(':'));
    match told.and_then(|(kind, id)| Some((ActorKind::parse(kind)?, id))) {
        Some((kind, id)) => (Some(kind), Some(id.to_owned())),
        None => (None, text.map(ToOwned::to_owned)),
    }
}

fn filter(asked: &Asked, list: &List) -> Result<AuditFilter, Problem> {
    let (kind, actor) = actor(asked.actor.as_deref());
    Ok(AuditFilter {
        kind,
        actor,
        action: asked.action.clone(),
        subject: asked.subject.clone(),
        from: asked.from.map(Day::start),
        until: asked.to.map(|day| day.next().start()),
        before: list.continued(asked.cursor.as_ref(), before)?,
        limit: asked.limit,
    })
}

fn before(position: &str) -> Option<(Timestamp, AuditId)> {
    let (micros, id) = position.split_once(' ')?;
    Some((Timestamp::from_micros(micros.parse().ok()?), AuditId::parse(id)?))
}

fn page(page: AuditPage, list: &List) -> Page<AuditView> {
    let next = page.next.map(|(at, id)| list.cursor(format_args!("{} {id}", at.micros())));
    Page { items: page.items.into_iter().map(AuditView::from).collect(), next_cursor: next }
}

/// The audit log: every change by a person or a key, newest first. It never changes.
#[utoipa::path(
    get, path = "/api/admin/audit", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("actor" = Option<String>, Query, description = "An id, or `staff:`, `user:`, `key:`, `command:` and an id"),
        ("action" = Option<String>, Query, description = "Like `code.update`"),
        ("subject" = Option<String>, Query, description = "The id of what was changed"),
        ("from" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("to" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<AuditView>)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn list_entries(app: Data<App>, staff: Staff<Reads>) -> Reply {
    let asked = staff.query.read(read)?;
    let list = list(&staff, &asked);
    let found = app.audit(&staff.program, &filter(&asked, &list)?).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&page(found, &list)))
}
