//! `GET /api/admin/payouts`

use actix_web::web::Data;
use referral_app::{App, PayoutPage, PayoutQuery};
use referral_domain::id::PayoutId;
use referral_domain::reference::HostId;

use super::view::StaffPayout;
use crate::auth::{Reads, Staff};
use crate::form::{Params, scalar};
use crate::page::{List, Page};
use crate::problem::{Problem, Reply};
use crate::resource::affiliate::list::{Asked, read as read_page};
use crate::resource::{failed, reply};

const ENDPOINT: &str = "GET /api/admin/payouts";

fn read(params: &mut Params<'_>) -> Option<(Option<HostId>, Asked)> {
    let user = params.optional("user_id", scalar::user_id);
    let asked = read_page(params);
    Some((user?, asked?))
}

fn list(staff: &Staff<Reads>, user: Option<&HostId>, asked: &Asked) -> List {
    let list = List::new(ENDPOINT, &staff.actor.to_string()).filter("program", &staff.program);
    let list = user.iter().fold(list, |list, user| list.filter("user", user));
    asked.status.iter().fold(list, |list, status| list.filter("status", status))
}

fn page(page: &PayoutPage, list: &List) -> Page<StaffPayout> {
    let items = page.items.iter().map(|item| StaffPayout::of(item, page.program.currency)).collect();
    Page { items, next_cursor: page.next.map(|before| list.cursor(before)) }
}

async fn found(app: &App, staff: &Staff<Reads>) -> Result<Page<StaffPayout>, Problem> {
    let (user, asked) = staff.query.read(read)?;
    let list = list(staff, user.as_ref(), &asked);
    let (program, before) = (staff.program.clone(), list.continued(asked.cursor.as_ref(), PayoutId::parse)?);
    let query = PayoutQuery { program, user, status: asked.status, before, limit: asked.limit };
    Ok(page(&app.payouts(&query).await.map_err(failed(app.now()))?, &list))
}

/// Payouts of everybody, newest first.
#[utoipa::path(
    get, path = "/api/admin/payouts", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("status" = Option<String>, Query, description = "Only those that stand here"),
        ("user_id" = Option<String>, Query, description = "Only this user's"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<StaffPayout>)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn list_payouts(app: Data<App>, staff: Staff<Reads>) -> Reply {
    Ok(reply::ok(&found(&app, &staff).await?))
}
