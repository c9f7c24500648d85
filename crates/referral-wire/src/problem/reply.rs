//! How a problem goes out: its JSON, its headers, and what becomes of actix's own errors.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use super::{FieldFault, Problem, ProblemCode};

/// The media type of every problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What a 401 asks for; it never says which check failed.
const CHALLENGE: &str = "Bearer error=\"invalid_token\"";

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'a str,
    instance: &'a str,
    errors: &'a [FieldFault],
    retry_after_seconds: Option<u64>,
}

impl Problem {
    /// The JSON of `schemas.md`, section 2.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self.body()).unwrap_or_default()
    }

    fn body(&self) -> Body<'_> {
        let entry = self.code.entry();
        Body {
            r#type: entry.address(),
            title: entry.title,
            status: entry.status,
            code: entry.code,
            detail: &self.detail,
            instance: self.instance.as_deref().unwrap_or(""),
            errors: &self.errors,
            retry_after_seconds: self.retry_after_seconds(),
        }
    }

    /// The problem that a bare status stands for: what actix itself answers becomes one of ours.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        Self::new(match status.as_u16() {
            400 => ProblemCode::InvalidQuery,
            401 => ProblemCode::Unauthenticated,
            404 => ProblemCode::NotFound,
            405 => ProblemCode::MethodNotAllowed,
            406 => ProblemCode::NotAcceptable,
            408 => ProblemCode::Timeout,
            413 => ProblemCode::TooLarge,
            415 => ProblemCode::UnsupportedMediaType,
            429 => ProblemCode::TooManyRequests,
            503 => ProblemCode::Busy,
            other => Self::of_class(other),
        })
    }

    /// No status that we did not expect may pass for a success or for the caller's fault when it is ours.
    const fn of_class(status: u16) -> ProblemCode {
        if status < 500 { ProblemCode::InvalidBody } else { ProblemCode::Internal }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut reply = HttpResponse::build(self.status_code());
        reply.content_type(PROBLEM_JSON);
        if let Some(seconds) = self.retry_after_seconds() {
            reply.insert_header((RETRY_AFTER, seconds));
        }
        if self.code == ProblemCode::Unauthenticated {
            reply.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE)));
        }
        reply.body(serde_json::to_vec(&self.body()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use referral_domain::port::StoreError;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_json_is_that_of_the_contract() {
        let problem = Problem::new(ProblemCode::InvalidBody)
            .detail("2 fields are wrong")
            .instance("req_1")
            .errors(vec![FieldFault::parameter("limit", "out-of-range", "1..100")]);
        assert_eq!(
            problem.to_json(),
            json!({
                "type": "/problems/invalid-body", "title": "The body is not what this endpoint takes",
                "status": 400, "code": "invalid-body", "detail": "2 fields are wrong", "instance": "req_1",
                "errors": [{"parameter": "limit", "code": "out-of-range", "detail": "1..100"}],
                "retry_after_seconds": null
            })
        );
    }

    #[test]
    fn retry_after_is_rounded_up_and_equal_in_header_and_body() {
        let problem = Problem::new(ProblemCode::Busy).retry_after(Duration::from_millis(1200));
        let reply = problem.error_response();
        assert_eq!(reply.headers().get(RETRY_AFTER).map(HeaderValue::as_bytes), Some(&b"2"[..]));
        assert_eq!(problem.to_json()["retry_after_seconds"], 2);
    }

    #[test]
    fn only_a_401_challenges() {
        for code in ProblemCode::ALL {
            let reply = Problem::new(*code).error_response();
            assert_eq!(reply.status(), code.status());
            assert_eq!(
                reply.headers().contains_key(WWW_AUTHENTICATE),
                *code == ProblemCode::Unauthenticated,
                "{code:?}"
            );
        }
    }

    #[test]
    fn a_cause_is_never_shown() {
        let problem = Problem::from(StoreError::Unavailable("password=hunter2".into()));
        assert!(!problem.to_json().to_string().contains("hunter2"));
        assert!(problem.chain().contains("hunter2"), "but it is logged");
    }

    #[test]
    fn a_store_s_faults_are_told_apart() {
        for (error, code, wait) in [
            (StoreError::Unavailable("x".into()), "store-unavailable", json!(1)),
            (StoreError::Contended("x".into()), "busy", json!(1)),
            (StoreError::corrupt("t", "c", 1, "x"), "internal", json!(null)),
        ] {
            let problem = Problem::from(error).to_json();
            assert_eq!((&problem["code"], &problem["retry_after_seconds"]), (&json!(code), &wait));
        }
    }

    #[test]
    fn an_unexpected_status_keeps_its_class() {
        let check = |status: u16, code| {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(Problem::of_status(status).code(), code);
        };
        check(404, ProblemCode::NotFound);
        check(418, ProblemCode::InvalidBody);
        check(502, ProblemCode::Internal);
    }
}
