//! The headers that every reply carries, whatever it is.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// What a reply gets unless its handler said otherwise: nothing may be loaded, framed, guessed or cached.
const DEFAULTS: [(HeaderName, &str); 8] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// One year, for this host alone: its subdomains are not ours to speak for.
const STAY_WITH_HTTPS: &str = "max-age=31536000";

/// Adds what is missing.
pub(super) fn secure(headers: &mut HeaderMap, https: bool) {
    for (name, value) in DEFAULTS {
        add_missing(headers, name, value);
    }
    if https {
        add_missing(headers, STRICT_TRANSPORT_SECURITY, STAY_WITH_HTTPS);
    }
}

fn add_missing(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
