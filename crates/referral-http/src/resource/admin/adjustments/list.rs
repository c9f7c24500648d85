//! `GET /api/admin/adjustments`

use actix_web::web::Data;
use referral_app::{AdjustmentPage, App};
use referral_domain::adjustment::AdjustmentStatus;
use referral_domain::id::AdjustmentId;
use referral_domain::port::AdjustmentFilter;
use referral_domain::reference::HostId;

use super::AdjustmentView;
use crate::auth::{Reads, Staff};
use crate::form::{Params, scalar};
use crate::page::{Cursor, List, Page};
use crate::problem::Reply;
use crate::resource::admin::filtered;
use crate::resource::{failed, reply};

const STATUSES: &[(&str, AdjustmentStatus)] = &[
    ("posted", AdjustmentStatus::Posted),
    ("waiting", AdjustmentStatus::Waiting),
    ("rejected", AdjustmentStatus::Rejected),
];

/// Which adjustments are asked for.
struct Asked {
    user: Option<HostId>,
    status: Option<AdjustmentStatus>,
    limit: u32,
    cursor: Option<Cursor>,
}

fn read(params: &mut Params<'_>) -> Option<Asked> {
    let user = params.optional("user_id", scalar::user_id);
    let status = params.optional("status", scalar::one_of(STATUSES));
    let (limit, cursor) = (params.limit(), params.cursor());
    Some(Asked { user: user?, status: status?, limit: limit?, cursor: cursor? })
}

/// The list a cursor of these filters belongs to.
fn list(staff: &Staff<Reads>, asked: &Asked) -> List {
    let list = List::new("GET /api/admin/adjustments", &staff.actor.to_string());
    let user = asked.user.as_ref().map(ToString::to_string);
    let status = asked.status.map(|status| status.to_string());
    filtered(list.filter("program", &staff.program), [("user_id", user), ("status", status)])
}

fn page(page: &AdjustmentPage, list: &List) -> Page<AdjustmentView> {
    let items = page.items.iter().map(|report| AdjustmentView::of(report, &page.program)).collect();
    Page { items, next_cursor: page.next.map(|after| list.cursor(after)) }
}

/// Adjustments, newest first.
#[utoipa::path(
    get, path = "/api/admin/adjustments", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("user_id" = Option<String>, Query, description = "Only of this user"),
        ("status" = Option<String>, Query, description = "`posted`, `waiting` or `rejected`"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<AdjustmentView>)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn list_adjustments(app: Data<App>, staff: Staff<Reads>) -> Reply {
    let asked = staff.query.read(read)?;
    let list = list(&staff, &asked);
    let after = list.continued(asked.cursor.as_ref(), AdjustmentId::parse)?;
    let filter = AdjustmentFilter { user: None, status: asked.status, after, limit: asked.limit };
    let found = app.adjustments(&staff.program, asked.user.as_ref(), &filter).await;
    Ok(reply::ok(&page(&found.map_err(failed(app.now()))?, &list)))
}
