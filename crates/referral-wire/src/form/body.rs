//! The JSON body of a request, taken off the wire but not yet judged.

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;

use super::{Fields, read_json};
use crate::problem::{Problem, ProblemCode};

/// The most bytes a body may have: 1000 events with metadata fit well.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A body as it came. Taking it never fails, so that credentials, which are extractors that do, are judged
/// before what the body says; reading it with [`JsonBody::read`] does.
#[derive(Debug)]
pub struct JsonBody(Result<web::Bytes, Problem>);

impl JsonBody {
    /// Reads the body's object.
    ///
    /// # Errors
    /// `too-large`, `unsupported-media-type`, `timeout` (the caller stopped sending), `invalid-json` or
    /// `invalid-body` with every fault.
    pub fn read<T>(self, reader: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Result<T, Problem> {
        read_json(&self.0?, reader)
    }

    /// The same for an endpoint whose body is optional: no bytes read like `{}`.
    ///
    /// # Errors
    /// As [`JsonBody::read`].
    pub fn read_or_empty<T>(self, reader: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Result<T, Problem> {
        let bytes = self.0?;
        read_json(if bytes.is_empty() { b"{}" } else { &bytes }, reader)
    }

    /// The bytes, as an idempotency key's fingerprint needs them.
    ///
    /// # Errors
    /// What kept the body from being taken.
    pub fn bytes(&self) -> Result<&[u8], Problem> {
        match &self.0 {
            Ok(bytes) => Ok(bytes),
            Err(problem) => Err(problem.clone()),
        }
    }
}

impl FromRequest for JsonBody {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let head = check_head(request.headers());
        let payload = payload.take();
        Box::pin(async move { Ok(Self(take(head, payload).await)) })
    }
}

async fn take(head: Result<(), Problem>, payload: Payload) -> Result<web::Bytes, Problem> {
    let bytes = if let Err(problem) = &head
        && problem.code() == ProblemCode::TooLarge
    {
        return Err(problem.clone());
    } else {
        collect(payload).await?
    };
    if bytes.is_empty() { Ok(bytes) } else { head.map(|()| bytes) }
}

pub(super) async fn collect(mut payload: Payload) -> Result<web::Bytes, Problem> {
    let mut body = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|fault| Problem::new(ProblemCode::Timeout).caused_by(fault))?;
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Problem::new(ProblemCode::TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// What the headers say against the body; the type of a body that turns out empty does not matter.
fn check_head(headers: &HeaderMap) -> Result<(), Problem> {
    if announced(headers).is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return Err(Problem::new(ProblemCode::TooLarge));
    }
    if headers.contains_key(CONTENT_ENCODING) || !is_json(headers) {
        return Err(Problem::new(ProblemCode::UnsupportedMediaType));
    }
    Ok(())
}

pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().is_some_and(|essence| essence == "application/json");
    let charset =
        parts.all(|part| !part.starts_with("charset=") || part.trim_matches('"').ends_with("utf-8"));
    essence && charset
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::form::scalar;

    async fn read(request: TestRequest) -> Result<String, ProblemCode> {
        let (request, mut payload) = request.to_http_parts();
        let body = JsonBody::from_request(&request, &mut payload).await.expect("taking never fails");
        let read = body.read_or_empty(|fields| fields.optional("a", scalar::text(0, 9)));
        read.map(|text| text.unwrap_or_default()).map_err(|problem| problem.code())
    }

    fn post(content_type: &str, body: impl Into<web::Bytes>) -> TestRequest {
        TestRequest::post().insert_header((CONTENT_TYPE, content_type)).set_payload(body)
    }

    #[actix_web::test]
    async fn only_json_is_taken() {
        for (content_type, expected) in [
            ("application/json", Ok("x".to_owned())),
            ("Application/JSON; charset=UTF-8", Ok("x".to_owned())),
            ("application/json;charset=\"utf-8\"", Ok("x".to_owned())),
            ("application/json; charset=latin1", Err(ProblemCode::UnsupportedMediaType)),
            ("text/plain", Err(ProblemCode::UnsupportedMediaType)),
            ("application/jsonp", Err(ProblemCode::UnsupportedMediaType)),
            ("", Err(ProblemCode::UnsupportedMediaType)),
        ] {
            assert_eq!(read(post(content_type, r#"{"a": "x"}"#)).await, expected, "{content_type}");
        }
    }

    #[actix_web::test]
    async fn a_compressed_body_is_not_taken() {
        let request = post("application/json", "{}").insert_header((CONTENT_ENCODING, "gzip"));
        assert_eq!(read(request).await, Err(ProblemCode::UnsupportedMediaType));
    }

    #[actix_web::test]
    async fn an_empty_body_needs_no_type() {
        assert_eq!(read(TestRequest::post()).await, Ok(String::new()));
    }

    #[actix_web::test]
    async fn a_mebibyte_is_read_and_one_byte_more_is_not() {
        let padded = |length: usize| format!("{{\"a\":\"x\"}}{}", " ".repeat(length - 9));
        assert_eq!(read(post("application/json", padded(BODY_BYTES_MAX))).await, Ok("x".to_owned()));
        let over = post("application/json", padded(BODY_BYTES_MAX + 1));
        assert_eq!(read(over).await, Err(ProblemCode::TooLarge));
        let announced = post("text/plain", "{}").insert_header((CONTENT_LENGTH, BODY_BYTES_MAX + 1));
        assert_eq!(read(announced).await, Err(ProblemCode::TooLarge));
    }
}
