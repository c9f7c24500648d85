//! From bytes to a JSON value: nesting is bounded, a repeated field and U+0000 are faults.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, error::Category};

use super::{At, Faults};
use crate::problem::{Problem, ProblemCode};

/// Reads a JSON text (RFC 8259). Nesting is bounded by `serde_json` at 128 levels.
///
/// # Errors
/// `invalid-json`, saying where reading stopped.
pub(super) fn parse(bytes: &[u8], faults: &Faults) -> Result<Value, Problem> {
    let mut text = serde_json::Deserializer::from_slice(bytes);
    let seed = Checked { at: &At::Body, faults };
    let value = seed.deserialize(&mut text).and_then(|value| text.end().map(|()| value));
    value.map_err(|fault| refuse(bytes, &fault))
}

fn refuse(bytes: &[u8], fault: &serde_json::Error) -> Problem {
    let place = format!("line {}, column {}", fault.line(), fault.column());
    let detail = match fault.classify() {
        _ if bytes.is_empty() => "the body is empty".to_owned(),
        Category::Eof => format!("the JSON ends too early, at {place}"),
        Category::Syntax | Category::Data | Category::Io => {
            format!("no JSON, or nested too deep, at {place}")
        }
    };
    Problem::new(ProblemCode::InvalidJson).detail(detail)
}

/// Builds a value and knows where it stands, so that what is wrong inside it can be pointed at.
struct Checked<'a> {
    at: &'a At<'a>,
    faults: &'a Faults,
}

impl Checked<'_> {
    fn text(&self, text: &str) -> Value {
        if text.contains('\0') {
            self.faults.add(self.at, "nul-character", "U+0000 is not allowed in text");
        }
        Value::String(text.to_owned())
    }

    fn note_key(&self, map: &Map<String, Value>, at: &At<'_>, name: &str) {
        if name.contains('\0') {
            self.faults.add(at, "nul-character", "U+0000 is not allowed in a field's name");
        }
        if map.contains_key(name) {
            self.faults.add(at, "duplicate-field", "the field appears more than once");
        }
    }
}

impl<'de> DeserializeSeed<'de> for Checked<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(self.text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let at = At::Item(self.at, list.len());
            match items.next_element_seed(Checked { at: &at, faults: self.faults })? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let at = At::Field(self.at, &name);
            self.note_key(&map, &at, &name);
            let value = entries.next_value_seed(Checked { at: &at, faults: self.faults })?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(text: &str) -> String {
        let problem = parse(text.as_bytes(), &Faults::default()).expect_err(text);
        assert_eq!(problem.code(), ProblemCode::InvalidJson, "{text}");
        problem.to_string()
    }

    fn faults(text: &str) -> Vec<(String, &'static str)> {
        let faults = Faults::default();
        parse(text.as_bytes(), &faults).expect(text);
        let pointer = |place| match place {
            crate::problem::Place::Pointer(text) | crate::problem::Place::Parameter(text) => text,
        };
        faults.into_list().into_iter().map(|fault| (pointer(fault.place), fault.code)).collect()
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        assert!(refused("").contains("empty"));
        assert!(refused("{\"a\": ").contains("ends too early"));
        assert!(refused("{\n \"a\": x}").contains("line 2, column 7"));
        for text in ["{} {}", "{'a': 1}", "[1,]", "NaN", "{\"a\": 1e999}", "\u{feff}{}", "\"\\ud800\"", "01"]
        {
            refused(text);
        }
        let invalid_utf8 = parse(b"\"\xff\"", &Faults::default()).expect_err("not UTF-8");
        assert_eq!(invalid_utf8.code(), ProblemCode::InvalidJson);
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(refused(&"[".repeat(100_000)).contains("column 128"));
        assert!(refused(&"{\"a\":".repeat(100_000)).contains("nested too deep"));
    }

    #[test]
    fn every_kind_of_value_survives() {
        let text = r#"{"a": [null, true, -1, 18446744073709551615, 0.5, "x"], "b": {}}"#;
        let value = parse(text.as_bytes(), &Faults::default()).expect("JSON");
        assert_eq!(value, json!({"a": [null, true, -1, u64::MAX, 0.5, "x"], "b": {}}));
    }

    #[test]
    fn a_repeated_field_is_pointed_at() {
        assert_eq!(faults(r#"{"a": {"b": 1, "b": 2}}"#), [("/a/b".to_owned(), "duplicate-field")]);
        assert_eq!(faults(r#"{"a": 1, "\u0061": 2}"#), [("/a".to_owned(), "duplicate-field")]);
    }

    #[test]
    fn a_nul_is_pointed_at_wherever_it_hides() {
        let text = r#"{"note": "a\u0000b", "list": ["ok", "\u0000"], "k\u0000": 1}"#;
        let expected = [("/note", "nul-character"), ("/list/1", "nul-character"), ("/k\0", "nul-character")];
        let expected: Vec<_> = expected.map(|(at, code)| (at.to_owned(), code)).into();
        assert_eq!(faults(text), expected);
    }
}
