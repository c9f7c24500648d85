//! One wrong field or parameter.

use std::borrow::Cow;

use serde::Serialize;

/// Which part of the request is wrong, and how.
///
/// In JSON it has `pointer` (RFC 6901) for a field of the body, or `parameter` for one of the query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldFault {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong, as a stable word.
    pub code: &'static str,
    /// What is wrong, for people.
    pub detail: Cow<'static, str>,
}

/// Where a fault lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A JSON pointer into the body.
    Pointer(String),
    /// The name of a query parameter.
    Parameter(String),
}

impl FieldFault {
    /// A fault of the query parameter `name`.
    #[must_use]
    pub fn parameter(name: &str, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { place: Place::Parameter(name.to_owned()), code, detail: detail.into() }
    }
}
