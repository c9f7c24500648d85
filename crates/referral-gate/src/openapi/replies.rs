//! A reply always has all its properties, null when one does not apply. The derives would mark what is an
//! `Option` as optional; here it is made required, so that a generated client has `T | null` and never
//! `T | undefined`. Requests keep what they say: there, `Option` means optional.

use std::collections::BTreeSet;

use serde_json::Value;

const PREFIX: &str = "#/components/schemas/";

/// A fault has one of `pointer` and `parameter`: the one shape that stays as it is.
const EITHER: &str = "FieldFault";

/// Marks all properties required in every schema that replies use and requests do not.
pub(super) fn require_every_property(document: &mut Value) {
    let names = only_in_replies(document);
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let replies = schemas.into_iter().flatten().filter(|(name, _)| names.contains(*name));
    replies.for_each(|(_, schema)| require(schema));
}

fn only_in_replies(document: &Value) -> BTreeSet<String> {
    let operations = super::walk::operations(document);
    let used = |part: &str| -> BTreeSet<String> {
        let parts = operations.iter().filter_map(|operation| operation.value.get(part));
        parts.flat_map(|part| reachable(document, part)).collect()
    };
    let mut names: BTreeSet<_> = used("responses").difference(&used("requestBody")).cloned().collect();
    names.remove(EITHER);
    names
}

/// The names of all schemas that `start` leads to.
fn reachable(document: &Value, start: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = references(start);
    while let Some(name) = waiting.pop() {
        let schema = document.pointer(&format!("/components/schemas/{name}"));
        waiting.extend(schema.filter(|_| !found.contains(&name)).map(references).unwrap_or_default());
        found.insert(name);
    }
    found
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(fields) => fields.iter().flat_map(|(name, value)| reference(name, value)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn reference(name: &str, value: &Value) -> Vec<String> {
    let target = value.as_str().filter(|_| name == "$ref").and_then(|text| text.strip_prefix(PREFIX));
    target.map_or_else(|| references(value), |target| vec![target.to_owned()])
}

/// The same for objects that are written in place, inside of others.
fn require(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(require),
        Value::Object(fields) => {
            let names =
                fields.get("properties").and_then(Value::as_object).map(|map| map.keys().cloned().collect());
            fields.values_mut().for_each(require);
            fields.extend(names.map(|names: Vec<String>| ("required".to_owned(), names.into())));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
