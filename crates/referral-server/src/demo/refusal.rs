//! What the demo host answers: what was asked for, or why not.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Responder};
use referral_http::problem::ProblemCode;
use serde_json::{Value, json};

/// The media type of RFC 9457.
const PROBLEM_JSON: &str = "application/problem+json";

/// A "no" of the demo host, or what came back from the API.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The body is not what the endpoint takes.
    Malformed(String),
    /// The address has an account.
    EmailTaken,
    /// No such account, or another password.
    WrongPassword,
    /// No token, or one that does not hold.
    SignedOut,
    /// No mail had this token.
    TokenUnknown,
    /// The referral API refused; its words are passed on.
    Api(StatusCode, Value),
    /// The referral API did not answer.
    ApiAway(anyhow::Error),
    /// The host itself broke down.
    Broken(anyhow::Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(fault) => f.write_str(fault),
            Self::EmailTaken => f.write_str("this e-mail has an account already"),
            Self::WrongPassword => f.write_str("no account has this e-mail and password"),
            Self::SignedOut => f.write_str("sign in first: send the token as Authorization: Bearer"),
            Self::TokenUnknown => f.write_str("no mail had this token"),
            Self::Api(status, _) => write!(f, "the referral API answered {status}"),
            Self::ApiAway(_) => f.write_str("the referral API did not answer: try again"),
            Self::Broken(_) => f.write_str("the demo host broke down"),
        }
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

impl Refusal {
    const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "invalid-body",
            Self::EmailTaken => "email-taken",
            Self::WrongPassword => "wrong-password",
            Self::SignedOut => "unauthenticated",
            Self::TokenUnknown => "token-unknown",
            Self::Api(..) => "api-refused",
            Self::ApiAway(_) => "api-away",
            Self::Broken(_) => "internal",
        }
    }

    /// Type and title: those of the API's own problem of this code, where it has one.
    fn kind(&self) -> (String, String) {
        let known = ProblemCode::parse(self.code()).map(ProblemCode::entry);
        known.map_or_else(
            || ("about:blank".to_owned(), self.to_string()),
            |entry| (entry.address(), entry.title.to_owned()),
        )
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::EmailTaken => StatusCode::CONFLICT,
            Self::WrongPassword | Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::TokenUnknown => StatusCode::NOT_FOUND,
            Self::Api(status, _) => *status,
            Self::ApiAway(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn response(&self) -> HttpResponse {
        if let Self::Broken(error) | Self::ApiAway(error) = self {
            tracing::error!(error = format!("{error:#}"), "{self}");
        }
        HttpResponse::build(self.status()).content_type(PROBLEM_JSON).body(self.body().to_string())
    }

    fn body(&self) -> Value {
        match self {
            Self::Api(_, body) => body.clone(),
            refusal => {
                let (kind, title) = refusal.kind();
                json!({
                    "type": kind, "title": title, "status": refusal.status().as_u16(),
                    "code": refusal.code(), "detail": refusal.to_string(), "errors": [],
                })
            }
        }
    }
}

/// A handler's answer. It renders itself, so that the words of a refusal reach the caller as they are.
#[derive(Debug)]
pub(super) struct Answer(Result<HttpResponse, Refusal>);

impl From<Result<HttpResponse, Refusal>> for Answer {
    fn from(result: Result<HttpResponse, Refusal>) -> Self {
        Self(result)
    }
}

impl Responder for Answer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0.unwrap_or_else(|refusal| refusal.response())
    }
}
