//! How answers go out.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use referral_app::{App, Failure, Replayable};
use serde::Serialize;

use super::refusal::{Explain, failed};
use crate::problem::Reply;

/// What is one person's is kept by nobody on the way.
pub(super) const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// 200 with JSON that no cache may keep.
pub(super) fn ok(view: &impl Serialize) -> HttpResponse {
    json(StatusCode::OK, view)
}

/// JSON that no cache may keep.
pub(super) fn json(status: StatusCode, view: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status).insert_header((CACHE_CONTROL, PRIVATE)).json(view)
}

/// 201 for what was done now, 200 for what was done before.
pub(super) fn created(replayed: bool, view: &impl Serialize) -> HttpResponse {
    json(made(replayed), view)
}

/// The JSON text of a view, as it is kept for an idempotency key.
pub(super) fn text(view: &impl Serialize) -> String {
    serde_json::to_string(view).unwrap_or_default()
}

/// The status of what was done now, or was done before.
pub(super) const fn made(replayed: bool) -> StatusCode {
    if replayed { StatusCode::OK } else { StatusCode::CREATED }
}

/// What came of a command that may be repeated under a key.
pub(super) fn once<R, E: Explain>(
    app: &App,
    receipt: Result<Replayable<R>, Failure<E>>,
    render: impl Fn(&R) -> (u16, String),
) -> Reply {
    Ok(replayable(receipt.map_err(failed(app.now()))?, render))
}

/// A receipt rendered, or the reply that was given before, marked as such.
pub(super) fn replayable<R>(receipt: Replayable<R>, render: impl Fn(&R) -> (u16, String)) -> HttpResponse {
    match receipt {
        Replayable::Fresh(receipt) => {
            let (status, body) = render(&receipt);
            builder(status).body(body)
        }
        Replayable::Replayed(stored) => {
            builder(stored.status).insert_header(("idempotent-replayed", "true")).body(stored.body)
        }
    }
}

/// A reply of which only the body is missing; 204 has none, nor says what it would be.
fn builder(status: u16) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut reply = HttpResponse::build(status);
    reply.insert_header((CACHE_CONTROL, PRIVATE));
    if status != StatusCode::NO_CONTENT {
        reply.content_type("application/json");
    }
    reply
}
