//! What the API's document says of a problem; [`super::reply`] writes it.

use utoipa::ToSchema;

/// A refusal or a fault (RFC 9457), as `application/problem+json`.
#[derive(Debug, ToSchema)]
#[schema(as = Problem)]
#[expect(
    dead_code,
    reason = "read by the derive alone: it describes what `Body` writes, and a test compares them"
)]
pub struct ProblemSchema {
    /// `/problems/<code>`: a page about this kind of problem.
    #[schema(format = "uri-reference")]
    r#type: String,
    /// The same for every problem of this code.
    title: String,
    /// The HTTP status.
    status: u16,
    /// Stable: branch on this. `docs/PROBLEMS.md` lists them all; new ones may come.
    code: String,
    /// What is wrong this time.
    detail: String,
    /// The request id, as in `x-request-id`.
    instance: String,
    /// The fields to blame, at most 20; empty when there are none.
    #[schema(max_items = 20)]
    errors: Vec<FaultSchema>,
    /// How long to wait, as in `Retry-After`; null when waiting does not help.
    retry_after_seconds: Option<u64>,
}

/// One wrong field of the body (`pointer`) or parameter of the query (`parameter`).
#[derive(Debug, ToSchema)]
#[schema(as = FieldFault)]
#[expect(dead_code, reason = "read by the derive alone: it describes what `FieldFault` writes")]
pub struct FaultSchema {
    /// A JSON pointer (RFC 6901) into the body.
    #[schema(required = false)]
    pointer: String,
    /// The name of a query parameter.
    #[schema(required = false)]
    parameter: String,
    /// What is wrong, as a stable word.
    code: String,
    /// What is wrong, for people.
    detail: String,
}
