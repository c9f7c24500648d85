//! `GET /api/admin/referrals`

use actix_web::web::Data;
use referral_app::{App, ReferralPage};
use referral_domain::code::FoldedCode;
use referral_domain::id::ReferralId;
use referral_domain::port::ReferralFilter;
use referral_domain::reference::HostId;
use referral_domain::referral::{Review, StateName};
use referral_domain::time::{Day, Timestamp};

use crate::auth::{Reads, Staff};
use crate::form::{Params, scalar};
use crate::page::{Cursor, List, Page};
use crate::problem::{Problem, Reply};
use crate::resource::admin::code::list::folded;
use crate::resource::admin::filtered;
use crate::resource::referral::ReferralView;
use crate::resource::{day_range, failed, reply};

const STATES: &[(&str, StateName)] = &[
    ("pending", StateName::Pending),
    ("active", StateName::Active),
    ("completed", StateName::Completed),
    ("expired", StateName::Expired),
    ("fraud", StateName::Fraud),
];

const REVIEWS: &[(&str, Review)] = &[
    ("none", Review::None),
    ("open", Review::Open),
    ("cleared", Review::Cleared),
    ("confirmed", Review::Confirmed),
];

/// Which referrals are asked for.
struct Asked {
    referrer: Option<HostId>,
    referred: Option<HostId>,
    code: Option<FoldedCode>,
    state: Option<StateName>,
    review: Option<Review>,
    days: (Option<Day>, Option<Day>),
    limit: u32,
    cursor: Option<Cursor>,
}

fn read(params: &mut Params<'_>) -> Option<Asked> {
    let referrer = params.optional("referrer_id", scalar::user_id);
    let referred = params.optional("referred_id", scalar::user_id);
    let code = params.optional("code", folded);
    let state = params.optional("status", scalar::one_of(STATES));
    let review = params.optional("review", scalar::one_of(REVIEWS));
    let days = day_range(params);
    let (limit, cursor) = (params.limit(), params.cursor());
    Some(Asked {
        referrer: referrer?,
        referred: referred?,
        code: code?,
        state: state?,
        review: review?,
        days: days?,
        limit: limit?,
        cursor: cursor?,
    })
}

/// The list a cursor of these filters belongs to.
fn list(staff: &Staff<Reads>, asked: &Asked) -> List {
    let list = List::new("GET /api/admin/referrals", &staff.actor.to_string());
    let (from, to) = asked.days;
    filtered(
        list.filter("program", &staff.program),
        [
            ("referrer_id", asked.referrer.as_ref().map(ToString::to_string)),
            ("referred_id", asked.referred.as_ref().map(ToString::to_string)),
            ("code", asked.code.as_ref().map(|code| code.as_str().to_owned())),
            ("status", asked.state.map(|state| state.to_string())),
            ("review", asked.review.map(|review| review.to_string())),
            ("from", from.map(|day| day.to_string())),
            ("to", to.map(|day| day.to_string())),
        ],
    )
}

fn filter(asked: Asked, list: &List) -> Result<ReferralFilter, Problem> {
    Ok(ReferralFilter {
        before: list.continued(asked.cursor.as_ref(), before)?,
        referrer: asked.referrer,
        referred: asked.referred,
        code: asked.code,
        state: asked.state,
        review: asked.review,
        from: asked.days.0.map(Day::start),
        until: asked.days.1.map(|day| day.next().start()),
        limit: asked.limit,
    })
}

fn before(position: &str) -> Option<(Timestamp, ReferralId)> {
    let (micros, id) = position.split_once(' ')?;
    Some((Timestamp::from_micros(micros.parse().ok()?), ReferralId::parse(id)?))
}

fn page(found: &ReferralPage, list: &List) -> Page<ReferralView> {
    let (slug, currency) = (found.program.slug.as_str(), found.program.currency);
    Page {
        items: found.items.iter().map(|item| ReferralView::of(item, slug, currency)).collect(),
        next_cursor: found.next.map(|(at, id)| list.cursor(format_args!("{} {id}", at.micros()))),
    }
}

/// The program's referrals, newest first: by when they were recorded.
#[utoipa::path(
    get, path = "/api/admin/referrals", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("referrer_id" = Option<String>, Query, description = "Only by this user"),
        ("referred_id" = Option<String>, Query, description = "Only of this user"),
        ("code" = Option<String>, Query, description = "Only by the code that reads like this, in any spelling"),
        ("status" = Option<String>, Query, description = "`pending`, `active`, `completed`, `expired` or `fraud`"),
        ("review" = Option<String>, Query, description = "`none`, `open`, `cleared` or `confirmed`"),
        ("from" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("to" = Option<String>, Query, description = "A UTC day, inclusive"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<ReferralView>)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn list_referrals(app: Data<App>, staff: Staff<Reads>) -> Reply {
    let asked = staff.query.read(read)?;
    let list = list(&staff, &asked);
    let found = app.referrals(&staff.program, &filter(asked, &list)?).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&page(&found, &list)))
}
