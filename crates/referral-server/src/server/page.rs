//! The page at `/`: what this server is.

use actix_web::HttpResponse;
use actix_web::web::Data;
use referral_http::html::Page;

/// Says what this server is, to somebody who came by browser.
pub(crate) fn plain() -> Page {
    Page::new(
        "referral",
        "<h1>referral</h1><p>This server keeps referral programs: codes, referrals, credits, and a ledger that can be \
         proven. It is an API; a company's own site and servers call it.</p><ul>\
         <li><a href=\"/api/docs\">Every endpoint</a>, and the same as <a href=\"/api/openapi.json\">OpenAPI</a></li>\
         <li><a href=\"/healthz\">Whether it lives</a>, <a href=\"/readyz\">whether it is ready</a></li></ul>\
         <p class=\"muted\"><code>serve --demo</code> adds a small company site that plays the whole story.</p>",
    )
}

/// `GET /`
pub(super) async fn show(page: Data<Page>) -> HttpResponse {
    page.response()
}
