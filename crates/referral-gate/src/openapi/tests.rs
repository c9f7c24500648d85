use actix_web::body::to_bytes;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::web;
use serde::Serialize;
use serde_json::json;
use utoipa::{OpenApi as _, ToSchema};

use super::*;
use crate::page::Page as ListPage;
use crate::problem::{FieldFault, Problem, ProblemCode};
use crate::view::{MoneyView, TimeView};

/// What a thing is.
#[derive(Serialize, ToSchema)]
struct Thing {
    /// Whose <b>thing</b> it is, or `null`.
    owner: Option<String>,
    price: Option<MoneyView>,
    made_at: TimeView,
}

/// What is asked.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the derive alone")]
struct Question {
    name: String,
    note: Option<String>,
}

/// Lists the things of a user.
#[utoipa::path(get, path = "/things/{kind}", params(("kind" = String, Path), ("limit" = Option<u32>, Query)),
    responses((status = 200, description = "A page", body = ListPage<Thing>)),
    security(("bearer" = []), ("api_key" = ["users:read"])))]
#[expect(dead_code, reason = "read by the derive alone")]
fn list() {}

/// Asks.
#[utoipa::path(post, path = "/ask", request_body = Question, responses((status = 200, body = Thing)))]
#[expect(dead_code, reason = "read by the derive alone")]
fn ask() {}

#[derive(utoipa::OpenApi)]
#[openapi(paths(list, ask))]
struct Operations;

fn document() -> Document {
    Document::complete(Operations::openapi())
}

fn required(document: &Document, schema: &str) -> Value {
    document.value().pointer(&format!("/components/schemas/{schema}/required")).cloned().unwrap_or_default()
}

#[test]
fn a_reply_has_all_its_properties_and_a_request_says_which_it_needs() {
    let document = document();
    assert_eq!(required(&document, "Thing"), json!(["made_at", "owner", "price"]));
    assert_eq!(required(&document, "Page_Thing"), json!(["items", "next_cursor"]));
    assert_eq!(required(&document, "Question"), json!(["name"]));
}

#[test]
fn the_document_says_what_all_share() {
    let document = document();
    assert_eq!(document.value()["openapi"], "3.1.0");
    assert_eq!(document.value()["info"]["title"], "referral");
    assert_eq!(document.value()["info"]["version"], env!("CARGO_PKG_VERSION"));
    for pointer in [
        "/components/securitySchemes/bearer",
        "/components/securitySchemes/api_key",
        "/components/schemas/Money/properties/amount/pattern",
        "/components/schemas/Timestamp/format",
        "/components/schemas/Problem",
        "/paths/~1ask/post/responses/default/content/application~1problem+json",
    ] {
        assert!(document.value().pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let parts: Vec<&str> = document.as_json().split("\"$ref\": \"#").skip(1).collect();
    assert!(!parts.is_empty());
    for part in parts {
        let (pointer, _) = part.split_once('"').expect("a text");
        assert!(document.value().pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn the_schema_of_a_problem_is_what_a_problem_is() {
    let problem =
        Problem::new(ProblemCode::Busy).errors(vec![FieldFault::parameter("a", "b", "c")]).to_json();
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let document = document();
    let mut stated = keys(&document.value()["components"]["schemas"]["Problem"]["properties"]);
    let mut written = keys(&problem);
    stated.sort();
    written.sort();
    assert_eq!(stated, written);
    assert_eq!(required(&document, "FieldFault"), json!(["code", "detail"]));
}

#[test]
fn operations_say_who_may_call_them() {
    let document = document();
    let mut found: Vec<_> = document
        .operations()
        .iter()
        .map(|one| format!("{} {} {:?}", one.method, one.path, one.security()))
        .collect();
    found.sort();
    let expected = ["GET /things/{kind} [(\"bearer\", []), (\"api_key\", [\"users:read\"])]", "POST /ask []"];
    assert_eq!(found, expected);
}

#[actix_web::test]
async fn the_page_shows_everything_and_needs_nothing_from_elsewhere() {
    let reply = docs_page(web::Data::new(document())).await;
    assert!(reply.headers().contains_key(CONTENT_SECURITY_POLICY));
    let bytes = to_bytes(reply.into_body()).await.expect("a body");
    let page = String::from_utf8_lossy(&bytes);
    for expected in [
        "<h3 id=\"get-things--kind-\">",
        "/things/{kind}",
        "Lists the things of a user.",
        "a user with a bearer token or a service with an API key with users:read",
        "Anybody may call this.",
        "<td><code>kind*</code></td>",
        "<a href=\"#schema-Page_Thing\">Page_Thing</a>",
        "Whose &lt;b&gt;thing&lt;/b&gt; it is, or <code>null</code>.",
        "<h3 id=\"schema-Money\">Money</h3>",
        "<td><code>note</code></td>",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    for foreign in ["<script", "http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[actix_web::test]
async fn the_json_is_served_as_it_stands() {
    let document = document();
    let reply = json(web::Data::new(document.clone())).await;
    let bytes = to_bytes(reply.into_body()).await.expect("a body");
    assert_eq!(bytes, document.as_json());
}
