//! The small pages this service shows: no script, nothing from elsewhere, one inline style whose hash the
//! page's own policy names.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("html.css");

/// The policy of a page: only the one style, known by its hash.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// A whole page, rendered once.
#[derive(Debug, Clone)]
pub struct Page(String);

impl Page {
    /// A page with this title, which is escaped, and this body, which is HTML already.
    #[must_use]
    pub fn new(title: &str, body: &str) -> Self {
        Self(format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <title>{}</title><style>{STYLE}</style></head><body>{body}</body></html>",
            escape(title)
        ))
    }

    /// The page as a reply, with the policy that lets its style in.
    #[must_use]
    pub fn response(&self) -> HttpResponse {
        HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((CONTENT_SECURITY_POLICY, POLICY.as_str()))
            .body(self.0.clone())
    }

    /// Its HTML.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text with everything that HTML would read replaced, fit for element text and quoted attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a href=\"x\">'&'"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;");
    }

    #[test]
    fn the_policy_names_the_hash_of_the_style_that_is_in_the_page() {
        let page = Page::new("t", "<p>b</p>");
        let (_, rest) = page.as_str().split_once("<style>").expect("a style");
        let (style, _) = rest.split_once("</style>").expect("its end");
        let reply = page.response();
        let policy = reply.headers().get(CONTENT_SECURITY_POLICY).expect("a policy");
        let hash = STANDARD.encode(Sha256::digest(style));
        assert!(policy.to_str().expect("text").contains(&format!("style-src 'sha256-{hash}'")));
    }
}
