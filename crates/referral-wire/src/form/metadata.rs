//! What a caller may attach without our reading it.

use serde_json::{Map, Value};

use super::Node;

/// The most bytes of metadata once serialised.
const BYTES_MAX: usize = 4 * 1024;

/// How deep metadata may be nested, its own object being the first level.
const DEPTH_MAX: usize = 3;

/// An object of at most 4 KiB and depth 3: stored, never interpreted.
pub fn metadata(node: Node<'_>) -> Option<Map<String, Value>> {
    let Some(map) = node.value().as_object() else { return node.wrong_type("an object") };
    if depth(node.value()) > DEPTH_MAX {
        return node.fault("metadata-depth", "nested at most 3 levels");
    }
    if node.value().to_string().len() > BYTES_MAX {
        return node.fault("metadata-size", "at most 4096 bytes");
    }
    Some(map.clone())
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::read_json;

    fn fault(json: &str) -> Option<&'static str> {
        let body = format!(r#"{{"metadata": {json}}}"#);
        let read = read_json(body.as_bytes(), |fields| fields.required("metadata", metadata));
        read.err().map(|problem| problem.faults()[0].code)
    }

    #[test]
    fn metadata_has_bounds() {
        let large = |length: usize| format!(r#"{{"k":"{}"}}"#, "x".repeat(length));
        for (json, code) in [
            ("{}".to_owned(), None),
            (r#"{"a": {"b": {"c": 1}}}"#.to_owned(), None),
            (r#"{"a": {"b": [[1]]}}"#.to_owned(), Some("metadata-depth")),
            (large(4096 - 8), None),
            (large(4096 - 7), Some("metadata-size")),
            ("[]".to_owned(), Some("wrong-type")),
            (r#"{"a": "\u0000"}"#.to_owned(), Some("nul-character")),
        ] {
            assert_eq!(fault(&json), code, "{}", &json[..json.len().min(40)]);
        }
    }
}
