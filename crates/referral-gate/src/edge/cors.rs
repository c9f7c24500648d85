//! Which pages of which origins may read our replies (`schemas.md`, section 11).
//!
//! `validate` and `click` are for everybody. All else is for the origins of an exact list, empty by default.
//! Credentials are never allowed: a page sends its token itself, and no cookie of ours works across origins.

use actix_web::dev::RequestHead;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};
use actix_web::http::{Method, Uri};

/// Paths that any page may call.
const PUBLIC: [&str; 2] = ["/api/referral/validate/", "/api/referral/click/"];

const ALLOWED_HEADERS: &str = "authorization, content-type, idempotency-key, x-request-id";
const EXPOSED_HEADERS: &str = "x-request-id, retry-after, idempotent-replayed";
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const PUBLIC_METHODS: &str = "GET, HEAD, POST";
const MAX_AGE_SECONDS: &str = "600";

/// The origins that may read replies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsPolicy(Vec<String>);

impl CorsPolicy {
    /// Reads origins separated by commas: `https://app.example.com, http://localhost:5173`.
    ///
    /// # Errors
    /// Every part that is no origin: a path, `*`, `null`, upper case, another scheme.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned);
        let (good, bad): (Vec<_>, Vec<_>) = parts.partition(|part| is_origin(part));
        if bad.is_empty() { Ok(Self(good)) } else { Err(bad) }
    }

    /// Whether this origin is on the list.
    #[must_use]
    pub fn allows(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed == origin)
    }

    pub(super) fn judge(&self, head: &RequestHead) -> Verdict {
        let public = PUBLIC.iter().any(|prefix| head.uri.path().starts_with(prefix));
        let origin = head.headers.get(ORIGIN).cloned();
        let preflight = head.method == Method::OPTIONS
            && origin.is_some()
            && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let listed = origin.filter(|origin| origin.to_str().is_ok_and(|origin| self.allows(origin)));
        let allow = if public { Some(HeaderValue::from_static("*")) } else { listed };
        Verdict { public, preflight, allow }
    }
}

/// Exactly what a browser would send in `Origin`.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let exact = format!("{scheme}://{authority}") == text && text.to_ascii_lowercase() == text;
    let named = authority.host().bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-[]:".contains(&byte));
    let ported = authority.host().len() == authority.as_str().len() || authority.port_u16().is_some();
    exact && matches!(scheme, "http" | "https") && named && ported && !text.contains('@')
}

/// What one request is told.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    public: bool,
    preflight: bool,
    allow: Option<HeaderValue>,
}

impl Verdict {
    /// Whether the request only asks what it may do; such a one is answered here and goes no further.
    pub(super) const fn is_preflight(&self) -> bool {
        self.preflight
    }

    /// Writes the answer. Without an allowed origin it says nothing, and the browser keeps the reply to itself.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        if !self.public {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = &self.allow else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if self.preflight {
            self.write_preflight(headers);
        } else {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        }
    }

    fn write_preflight(&self, headers: &mut HeaderMap) {
        let methods = if self.public { PUBLIC_METHODS } else { METHODS };
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED_HEADERS));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_SECONDS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_exact() {
        let text = "https://app.example.com, http://localhost:5173,https://[::1]:8443";
        let policy = CorsPolicy::parse(text).expect("three origins");
        assert!(policy.allows("https://app.example.com") && policy.allows("http://localhost:5173"));
        for other in ["null", "*", "", "https://app.example.com.evil.example", "http://app.example.com"] {
            assert!(!policy.allows(other), "{other}");
        }
    }

    #[test]
    fn every_part_that_is_no_origin_is_named() {
        let bad = [
            "*",
            "null",
            "app.example.com",
            "https://app.example.com/",
            "https://app.example.com/x",
            "https://App.example.com",
            "ftp://app.example.com",
            "https://user@app.example.com",
            "https://*.example.com:x",
        ];
        assert_eq!(CorsPolicy::parse(&bad.join(",")).expect_err("all are wrong"), bad);
        assert_eq!(CorsPolicy::parse(" ").expect("nobody"), CorsPolicy::default());
    }
}
