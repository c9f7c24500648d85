//! A CSV body, taken off the wire but not yet judged.

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use super::body::{announced, collect};
use super::{BODY_BYTES_MAX, refused};
use crate::problem::{Problem, ProblemCode};

/// A `text/csv` body as it came: UTF-8, at most 1 MiB. As with JSON, taking it never fails and reading it does.
#[derive(Debug)]
pub struct CsvBody(Result<web::Bytes, Problem>);

impl CsvBody {
    /// The text.
    ///
    /// # Errors
    /// `too-large`, `unsupported-media-type`, `timeout`, or `invalid-body` when it is not UTF-8.
    pub fn text(&self) -> Result<&str, Problem> {
        let bytes = self.0.as_ref().map_err(Clone::clone)?;
        std::str::from_utf8(bytes).map_err(|_| refused("not-utf-8", "a CSV file in UTF-8"))
    }
}

impl FromRequest for CsvBody {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let essence = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        let large = announced(request.headers()).is_some_and(|length| length > BODY_BYTES_MAX as u64);
        let payload = payload.take();
        Box::pin(async move {
            let taken = if large { Err(Problem::new(ProblemCode::TooLarge)) } else { collect(payload).await };
            let typed = essence == "text/csv";
            let other = || Problem::new(ProblemCode::UnsupportedMediaType).detail("send text/csv");
            Ok(Self(taken.and_then(|bytes| if typed { Ok(bytes) } else { Err(other()) })))
        })
    }
}
