//! The id under which a request is logged and its reply can be found again.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use referral_domain::port::Ids;

/// The header, in requests and replies.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id taken from a caller: it goes into logs.
const CHARACTERS_MAX: usize = 128;

/// A request's id: the caller's when it is sane, else one of ours. Always fit for a header and a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    pub(super) fn of(headers: &HeaderMap, ids: &dyn Ids) -> Self {
        let theirs =
            headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|text| sane(text));
        Self(theirs.map_or_else(|| format!("req_{}", ids.next()), str::to_owned))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static("req_unknown"))
    }
}

/// Nothing that could break a log line or a shell.
fn sane(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(legal)
}

impl FromRequest for RequestId {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().cloned();
        ready(Ok(known.unwrap_or_else(|| Self("req_unknown".to_owned()))))
    }
}
