//! The query of a request: known parameters only, each once unless it says otherwise.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde_json::Value;

use super::fields::advice;
use super::{At, Faults, Node, conclude};
use crate::problem::{Problem, ProblemCode};

/// Items of a page when nobody asks for a number.
pub const LIMIT_DEFAULT: u32 = 50;

/// The most items of a page, and with it the most work of one list request.
const LIMIT_MAX: u32 = 100;

/// A query as it came. Having it never fails; reading it with [`Query::read`] does. A value that is not percent-encoded
/// UTF-8 is null: read as text with a stand-in, two ids could become one.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, Value)>);

/// What is said of a parameter that is not percent-encoded UTF-8.
const ENCODING: (&str, &str) = ("bad-encoding", "percent-encoded UTF-8 is expected");

impl Query {
    /// Parses `a=1&b=2`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.split('&').filter(|pair| !pair.is_empty()).map(pair).collect())
    }

    /// Reads the parameters; those that `reader` never asked for are refused.
    ///
    /// # Errors
    /// `invalid-query` with every fault.
    pub fn read<T>(&self, reader: impl FnOnce(&mut Params<'_>) -> Option<T>) -> Result<T, Problem> {
        let faults = Faults::default();
        let mut params = Params { pairs: &self.0, faults: &faults, known: Vec::new() };
        let read = reader(&mut params);
        params.refuse_unknown();
        conclude(read, faults, ProblemCode::InvalidQuery, "parameter")
    }

    /// For an endpoint without parameters.
    ///
    /// # Errors
    /// `invalid-query` when there are any.
    pub fn refuse_any(&self) -> Result<(), Problem> {
        self.read(|_| Some(()))
    }

    /// Takes every pair of this name out.
    ///
    /// # Errors
    /// `invalid-query` when one of them is not percent-encoded UTF-8.
    pub fn take(&mut self, name: &str) -> Result<Vec<String>, Problem> {
        let (taken, rest) = std::mem::take(&mut self.0).into_iter().partition(|(key, _)| key == name);
        self.0 = rest;
        let taken: Vec<(String, Value)> = taken;
        let text = |(_, value): (String, Value)| value.as_str().map(str::to_owned);
        let read: Option<Vec<_>> = taken.into_iter().map(text).collect();
        read.ok_or_else(|| Problem::parameter(name, ENCODING.0, ENCODING.1))
    }
}

/// A pair; a name that cannot be decoded stays as it came, and its value is null.
fn pair(text: &str) -> (String, Value) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    match (decoded(name), decoded(value)) {
        (Some(name), Some(value)) => (name, Value::String(value)),
        (Some(name), None) => (name, Value::Null),
        (None, _) => (name.to_owned(), Value::Null),
    }
}

/// `+` is a blank and `%2B` a byte; `None` unless it comes to UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.bytes();
    while let Some(byte) = left.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(left.next()?)? * 16 + hex(left.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

impl FromRequest for Query {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::parse(request.query_string())))
    }
}

/// The parameters, asked for by name. What is never asked for is unknown, and refused.
#[derive(Debug)]
pub struct Params<'a> {
    pairs: &'a [(String, Value)],
    faults: &'a Faults,
    known: Vec<&'static str>,
}

impl<'a> Params<'a> {
    /// A parameter that must be there, once.
    pub fn required<T>(&mut self, name: &'static str, reader: impl Fn(Node<'_>) -> Option<T>) -> Option<T> {
        match self.optional(name, reader)? {
            Some(read) => Some(read),
            None => self.fault(name, "required", "this parameter is required"),
        }
    }

    /// A parameter that may be there, once.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        reader: impl Fn(Node<'_>) -> Option<T>,
    ) -> Option<Option<T>> {
        let mut all = self.repeated(name, reader)?;
        if all.len() > 1 {
            return self.fault(name, "repeated", "this parameter may be given once");
        }
        Some(all.pop())
    }

    /// A parameter that may be there any number of times, in the order given.
    pub fn repeated<T>(
        &mut self,
        name: &'static str,
        reader: impl Fn(Node<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.known.push(name);
        let values = self.pairs.iter().filter(|(key, _)| key == name);
        let read: Vec<_> = values.map(|(_, value)| self.read(name, value, &reader)).collect();
        read.into_iter().collect()
    }

    /// `limit`: 1 to 100, 50 when it is not given; never clamped.
    pub fn limit(&mut self) -> Option<u32> {
        self.optional("limit", limit).map(|limit| limit.unwrap_or(LIMIT_DEFAULT))
    }

    /// Records a fault of the parameter `name`; always `None`.
    pub fn fault<T>(
        &self,
        name: &str,
        code: &'static str,
        detail: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Option<T> {
        self.faults.add(&At::Parameter(name), code, detail);
        None
    }

    fn read<T>(&self, name: &str, value: &Value, reader: &impl Fn(Node<'_>) -> Option<T>) -> Option<T> {
        let at = At::Parameter(name);
        let node = Node::new(value, &at, self.faults);
        if value.is_null() {
            return node.fault(ENCODING.0, ENCODING.1);
        }
        if value.as_str().is_some_and(|text| text.contains('\0')) {
            return node.fault("nul-character", "U+0000 is not allowed in text");
        }
        reader(node)
    }

    fn refuse_unknown(&self) {
        for (name, value) in self.pairs.iter().filter(|(name, _)| !self.known.contains(&name.as_str())) {
            if value.is_null() {
                self.fault::<()>(name, ENCODING.0, ENCODING.1);
                continue;
            }
            self.fault::<()>(name, "unknown-parameter", advice(name, &self.known, self.faults));
        }
    }
}

fn limit(node: Node<'_>) -> Option<u32> {
    let text = node.text()?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse().ok().filter(|number| digits && (1..=LIMIT_MAX).contains(number)) {
        Some(number) => Some(number),
        None => node.fault("out-of-range", "a whole number from 1 to 100"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::scalar;
    use crate::problem::Place;

    type Read = (u32, Vec<String>, Option<String>);

    fn list(params: &mut Params<'_>) -> Option<Read> {
        let limit = params.limit();
        let types = params.repeated("type", scalar::text(1, 20));
        let from = params.optional("from", scalar::date);
        Some((limit?, types?, from?.map(|day| day.to_string())))
    }

    fn faults(query: &str) -> Vec<(String, &'static str)> {
        let problem = Query::parse(query).read(list).expect_err(query);
        assert_eq!(problem.code(), ProblemCode::InvalidQuery);
        let name = |place: &Place| match place {
            Place::Pointer(text) | Place::Parameter(text) => text.clone(),
        };
        problem.faults().iter().map(|fault| (name(&fault.place), fault.code)).collect()
    }

    #[test]
    fn parameters_are_read_and_decoded() {
        let read =
            Query::parse("type=a%20b&limit=100&type=c+d&from=2026-01-31").read(list).expect("well formed");
        assert_eq!(read, (100, vec!["a b".into(), "c d".into()], Some("2026-01-31".into())));
        let read = Query::parse("&type=%C3%a9&&ty%70e=a=b").read(list).expect("well formed");
        assert_eq!(read.1, ["\u{e9}", "a=b"]);
        assert_eq!(Query::parse("").read(list).expect("all are optional"), (LIMIT_DEFAULT, vec![], None));
    }

    #[test]
    fn every_bad_parameter_is_named() {
        for (query, name, code) in [
            ("limit=0", "limit", "out-of-range"),
            ("limit=101", "limit", "out-of-range"),
            ("limit=", "limit", "out-of-range"),
            ("limit=-1", "limit", "out-of-range"),
            ("limit=%2B5", "limit", "out-of-range"),
            ("limit=1.0", "limit", "out-of-range"),
            ("limit=99999999999999999999", "limit", "out-of-range"),
            ("limit=1&limit=1", "limit", "repeated"),
            ("type=", "type", "too-short"),
            ("type=a%00b", "type", "nul-character"),
            ("from=yesterday", "from", "date-format"),
            ("from=2026-02-30", "from", "date-format"),
            ("limt=5", "limt", "unknown-parameter"),
            ("type=%ff", "type", "bad-encoding"),
            ("type=%C3", "type", "bad-encoding"),
            ("type=%ED%A0%80", "type", "bad-encoding"),
            ("type=%zz", "type", "bad-encoding"),
            ("type=%+1", "type", "bad-encoding"),
            ("type=a%", "type", "bad-encoding"),
            ("type=a%4", "type", "bad-encoding"),
            ("%ff=a", "%ff", "bad-encoding"),
        ] {
            assert_eq!(faults(query), [(name.to_owned(), code)], "{query}");
        }
    }

    #[test]
    fn all_faults_are_found_at_once() {
        let expected = [("limit", "out-of-range"), ("from", "date-format"), ("x", "unknown-parameter")];
        assert_eq!(faults("x=1&limit=0&from=1"), expected.map(|(name, code)| (name.to_owned(), code)));
    }

    #[test]
    fn a_required_parameter_is_missed() {
        let read = Query::parse("").read(|params| params.required("user_id", scalar::user_id));
        assert_eq!(read.expect_err("missing").faults()[0].code, "required");
        assert_eq!(
            Query::parse("a=1").refuse_any().expect_err("none are known").faults()[0].code,
            "unknown-parameter"
        );
    }

    #[test]
    fn what_is_taken_out_is_no_longer_there() {
        let mut query = Query::parse("user_id=a&limit=5&user_id=b");
        assert_eq!(query.take("user_id").expect("text"), ["a", "b"]);
        assert_eq!(query.read(list).expect("the rest"), (5, vec![], None));
        let refused = Query::parse("user_id=a&user_id=%ff").take("user_id").expect_err("not UTF-8");
        assert_eq!((refused.code(), refused.faults()[0].code), (ProblemCode::InvalidQuery, "bad-encoding"));
    }
}
