//! `Idempotency-Key`: what a caller sends so that a write repeated is a write done once.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;

const HEADER: &str = "Idempotency-Key";

/// The longest key: it is stored.
const CHARACTERS_MAX: usize = 255;

/// The key of a request, when it brought one, and what it is a key of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyHeader {
    /// 1 to 255 visible ASCII characters.
    pub key: Option<String>,
    /// The method and path: `POST /api/referral/apply`.
    pub endpoint: String,
}

impl FromRequest for IdempotencyHeader {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = request.headers().get_all(HEADER);
        let key = match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => read(value.as_bytes()).map(Some),
            (Some(_), Some(_)) => {
                Err(Problem::parameter(HEADER, "repeated", "this header may be given once"))
            }
        };
        let endpoint = format!("{} {}", request.method(), request.path());
        ready(key.map(|key| Self { key, endpoint }))
    }
}

fn read(bytes: &[u8]) -> Result<String, Problem> {
    let visible = (1..=CHARACTERS_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    if visible {
        return Ok(String::from_utf8_lossy(bytes).into_owned());
    }
    Err(Problem::parameter(HEADER, "bad-format", "1 to 255 visible ASCII characters"))
}

/// What makes two bodies the same: their bytes.
#[must_use]
pub fn body_hash(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    async fn key(values: &[&[u8]]) -> Result<Option<String>, &'static str> {
        let mut request = TestRequest::post();
        for value in values {
            let value = actix_web::http::header::HeaderValue::from_bytes(value).expect("a value");
            request = request.append_header((HEADER, value));
        }
        let read = IdempotencyHeader::from_request(&request.to_http_request(), &mut Payload::None).await;
        read.map(|header| header.key).map_err(|problem| problem.faults()[0].code)
    }

    #[actix_web::test]
    async fn a_key_is_one_of_a_method_and_a_path() {
        let request = TestRequest::delete().uri("/api/admin/api-keys/key_1?program=acme").to_http_request();
        let header = IdempotencyHeader::from_request(&request, &mut Payload::None).await.expect("no key");
        assert_eq!(header.endpoint, "DELETE /api/admin/api-keys/key_1");
    }

    #[actix_web::test]
    async fn a_key_is_visible_ascii() {
        let longest = "x".repeat(255);
        assert_eq!(key(&[]).await, Ok(None));
        assert_eq!(key(&[b"a-1"]).await, Ok(Some("a-1".to_owned())));
        assert_eq!(key(&[longest.as_bytes()]).await, Ok(Some(longest.clone())));
        for bad in [&b""[..], b"a b", "ä".as_bytes(), "x".repeat(256).as_bytes()] {
            assert_eq!(key(&[bad]).await, Err("bad-format"));
        }
        assert_eq!(key(&[b"a", b"a"]).await, Err("repeated"));
    }
}
