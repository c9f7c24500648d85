//! Reading requests: every fault of a body or a query is found at once, each with its pointer or parameter.
//!
//! A body is described by one function from [`Fields`] to `Option<Body>`: ask for all fields first, then put
//! them together with `?`. A reader answers `None` only after it has recorded a fault, so nothing is lost.
//!
//! ```
//! use referral_wire::form::{self, Fields, scalar};
//! use referral_domain::reference::HostId;
//!
//! struct Apply { code: String, owner: HostId }
//!
//! fn apply(fields: &mut Fields<'_>) -> Option<Apply> {
//!     let code = fields.required("code", scalar::text(1, 64));
//!     let owner = fields.required("user_id", scalar::user_id);
//!     Some(Apply { code: code?, owner: owner? })
//! }
//!
//! let body = form::read_json(br#"{"code": "K7WQ2M9X", "user_id": "u_ben"}"#, apply).expect("well formed");
//! assert_eq!((body.code.as_str(), body.owner.as_str()), ("K7WQ2M9X", "u_ben"));
//! let refused = form::read_json(br#"{"kode": "K7WQ2M9X"}"#, apply).err().expect("refused");
//! assert_eq!(refused.faults().len(), 3, "code and user_id are missing, kode is unknown");
//! ```

mod at;
mod body;
mod csv_body;
mod faults;
mod fields;
mod json;
mod metadata;
mod money;
mod near;
mod node;
mod query;
pub mod scalar;

pub use at::At;
pub use body::{BODY_BYTES_MAX, JsonBody};
pub use csv_body::CsvBody;
pub use faults::Faults;
pub use fields::Fields;
pub use metadata::metadata;
pub use money::{money, money_or_nothing, signed_money};
pub use node::Node;
pub use query::{LIMIT_DEFAULT, Params, Query};

use crate::problem::{FieldFault, Place, Problem, ProblemCode};

/// Reads a JSON object with `reader`; unknown fields are refused.
///
/// # Errors
/// `invalid-json` when it is no JSON, `invalid-body` with every fault otherwise.
pub fn read_json<T>(bytes: &[u8], reader: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Result<T, Problem> {
    let faults = Faults::default();
    let value = json::parse(bytes, &faults)?;
    let read = Node::root(&value, &faults).object(reader);
    conclude(read, faults, ProblemCode::InvalidBody, "field")
}

/// What was read, unless any fault was recorded on the way.
fn conclude<T>(read: Option<T>, faults: Faults, code: ProblemCode, noun: &str) -> Result<T, Problem> {
    match (read, faults.total()) {
        (Some(read), 0) => Ok(read),
        (_, total) => Err(Problem::new(code).detail(tally(total, noun)).errors(faults.into_list())),
    }
}

/// A body that is refused as a whole.
pub(crate) fn refused(code: &'static str, detail: &'static str) -> Problem {
    let fault = FieldFault { place: Place::Pointer(String::new()), code, detail: detail.into() };
    Problem::new(ProblemCode::InvalidBody).detail(detail).errors(vec![fault])
}

fn tally(total: usize, noun: &str) -> String {
    let listed = crate::problem::FAULTS_MAX;
    match total {
        0 | 1 => format!("1 {noun} is wrong"),
        few if few <= listed => format!("{few} {noun}s are wrong"),
        many => format!("{many} {noun}s are wrong; the first {listed} are listed"),
    }
}
