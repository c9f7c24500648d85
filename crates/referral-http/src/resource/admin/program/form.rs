//! What may be said of a program.

use actix_web::http::Uri;
use referral_domain::money::Currency;

use crate::form::{Node, scalar};

/// The longest URL that browsers and mail agree on.
const URL_CHARACTERS_MAX: usize = 2_048;

/// What people call a program.
pub(super) fn name(node: Node<'_>) -> Option<String> {
    let name = scalar::text(1, 100)(node)?;
    if name.trim() == name {
        Some(name)
    } else {
        node.fault("blank-ends", "no blank at the beginning or the end")
    }
}

/// An absolute http or https URL. Everybody is shown it, so it holds no credentials.
pub(super) fn landing_url(node: Node<'_>) -> Option<String> {
    let text = scalar::text(1, URL_CHARACTERS_MAX)(node)?;
    if is_url(&text) {
        Some(text)
    } else {
        node.fault(
            "url-format",
            "a URL like https://app.example.com/signup, without a name or password in it",
        )
    }
}

/// A fragment is the browser's own, and no part of what is asked.
fn is_url(text: &str) -> bool {
    let asked = text.split_once('#').map_or(text, |(asked, _)| asked);
    let sound = |uri: Uri| {
        let names_nobody = uri.authority().is_some_and(|place| !place.as_str().contains('@'));
        let has_host = uri.host().is_some_and(|host| !host.is_empty());
        matches!(uri.scheme_str(), Some("http" | "https")) && has_host && names_nobody
    };
    text.bytes().all(|byte| byte.is_ascii_graphic()) && asked.parse().is_ok_and(sound)
}

/// A currency that ISO 4217 gives a number of digits.
pub(super) fn currency(node: Node<'_>) -> Option<Currency> {
    match Currency::parse(node.text()?) {
        Ok(currency) => Some(currency),
        Err(fault) => node.fault("unknown-currency", fault.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_landing_url_is_absolute() {
        for url in ["https://a.example", "http://localhost:3000/s?x=1#top", "https://a.example/%C3%BC"] {
            assert!(is_url(url), "{url}");
        }
        for text in [
            "",
            "a.example",
            "/signup",
            "ftp://a.example",
            "https://",
            "https://a b",
            "javascript:x",
            "https://ü",
        ] {
            assert!(!is_url(text), "{text}");
        }
    }
}
