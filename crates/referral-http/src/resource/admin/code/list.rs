//! `GET /api/admin/codes`

use actix_web::web::Data;
use referral_app::{App, CodePage};
use referral_domain::code::FoldedCode;
use referral_domain::id::CodeId;
use referral_domain::port::CodeFilter;
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

use super::ManagedCodeView;
use crate::auth::{Reads, Staff};
use crate::form::{Node, Params, scalar};
use crate::page::{Cursor, List, Page};
use crate::problem::{Problem, Reply};
use crate::resource::code::Links;
use crate::resource::{failed, reply};

const ENDPOINT: &str = "GET /api/admin/codes";

/// Which codes are asked for.
struct Asked {
    user: Option<HostId>,
    code: Option<FoldedCode>,
    limit: u32,
    cursor: Option<Cursor>,
}

fn read(params: &mut Params<'_>) -> Option<Asked> {
    let user = params.optional("user_id", scalar::user_id);
    let code = params.optional("code", folded);
    let (limit, cursor) = (params.limit(), params.cursor());
    Some(Asked { user: user?, code: code?, limit: limit?, cursor: cursor? })
}

/// A code in any spelling.
pub(in crate::resource::admin) fn folded(node: Node<'_>) -> Option<FoldedCode> {
    match FoldedCode::fold(node.text()?) {
        Some(folded) => Some(folded),
        None => node.fault("bad-format", "letters, digits and hyphens"),
    }
}

fn list(staff: &Staff<Reads>, asked: &Asked) -> List {
    let list = List::new(ENDPOINT, &staff.actor.to_string()).filter("program", &staff.program);
    let list = asked.user.iter().fold(list, |list, user| list.filter("user_id", user));
    asked.code.iter().fold(list, |list, code| list.filter("code", code.as_str()))
}

fn filter(asked: &Asked, list: &List) -> Result<CodeFilter, Problem> {
    Ok(CodeFilter {
        id: None,
        owner: asked.user.clone(),
        folded: asked.code.clone(),
        before: list.continued(asked.cursor.as_ref(), before)?,
        limit: asked.limit,
    })
}

fn before(position: &str) -> Option<(Timestamp, CodeId)> {
    let (micros, id) = position.split_once(' ')?;
    Some((Timestamp::from_micros(micros.parse().ok()?), CodeId::parse(id)?))
}

fn page(page: &CodePage, list: &List, links: &Links) -> Page<ManagedCodeView> {
    let next = page.next.map(|(at, id)| list.cursor(format_args!("{} {id}", at.micros())));
    let items = page.items.iter().map(|item| ManagedCodeView::of(item, links)).collect();
    Page { items, next_cursor: next }
}

/// The program's codes, newest first.
#[utoipa::path(
    get, path = "/api/admin/codes", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("user_id" = Option<String>, Query, description = "Only this user's"),
        ("code" = Option<String>, Query, description = "Only the one that reads like this, in any spelling"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<ManagedCodeView>)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn list_codes(app: Data<App>, links: Data<Links>, staff: Staff<Reads>) -> Reply {
    let asked = staff.query.read(read)?;
    let list = list(&staff, &asked);
    let found = app.codes(&staff.program, &filter(&asked, &list)?).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&page(&found, &list, &links)))
}
