//! What a caller accepts.
//!
//! Lenient: without an `Accept` header, or with an empty one, everything is accepted; quality matters only when it is 0.

use actix_web::http::header::{ACCEPT, HeaderMap};

/// Whether the `Accept` header excludes this media type.
pub(crate) fn excludes(headers: &HeaderMap, kind: &str) -> bool {
    let lines = headers.get_all(ACCEPT).map(|line| String::from_utf8_lossy(line.as_bytes()));
    let text = lines.collect::<Vec<_>>().join(",");
    !text.trim().is_empty() && !text.split(',').any(|range| takes(range, kind))
}

/// Whether one media range of the header takes this type.
fn takes(range: &str, kind: &str) -> bool {
    let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let refused = parts.any(|part| part.strip_prefix("q=").is_some_and(is_zero));
    let whole_family = |family: &str| kind.split_once('/').is_some_and(|(ours, _)| ours == family);
    let matches = match essence.split_once('/') {
        Some(("*", "*")) => true,
        Some((family, "*")) => whole_family(family),
        Some(_) | None => essence == kind,
    };
    matches && !refused
}

fn is_zero(quality: &str) -> bool {
    quality.starts_with('0') && quality.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn excluded(accept: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        accept.iter().for_each(|line| headers.append(ACCEPT, HeaderValue::from_static(line)));
        excludes(&headers, "application/json")
    }

    #[test]
    fn only_a_header_without_our_type_excludes_it() {
        for accept in [
            &[][..],
            &[""],
            &["*/*"],
            &["application/json"],
            &["Application/JSON; charset=utf-8"],
            &["application/*;q=0.1"],
            &["text/html,application/xhtml+xml,*/*;q=0.8"],
            &["text/html", "application/json;q=0.001"],
        ] {
            assert!(!excluded(accept), "{accept:?}");
        }
        for accept in [
            &["text/html"][..],
            &["text/*, image/png"],
            &["application/json;q=0"],
            &["*/*; q=0.000"],
            &["application/problem+json"],
            &["json"],
        ] {
            assert!(excluded(accept), "{accept:?}");
        }
    }
}
