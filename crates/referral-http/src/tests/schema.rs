//! Holding requests and replies against the OpenAPI document.
//!
//! A small reader of JSON Schema: the words that this document uses, and no others, so that a word which nobody checks
//! cannot slip in. Stricter than JSON Schema in one point: a property that the document does not name is a fault.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::{Map, Value};

use super::{Ask, Reply};
use crate::openapi::{Document, Operation};

/// Words that explain and demand nothing.
const SILENT: [&str; 5] = ["description", "examples", "title", "default", "additionalProperties"];

/// Panics when the reply is not what the document says, or when it took a body that the document would not.
pub(super) fn hold(document: &Document, ask: &Ask, reply: &Reply) {
    let Some(operation) = operation(document, ask) else { return unknown(document, ask, reply) };
    let what = format!("{} {} -> {} {}", ask.method, ask.uri, reply.status, reply.body);
    if let Some(schema) = reply_schema(operation.value, reply).filter(|_| ask.method != Method::HEAD) {
        check(document, schema, &reply.value(), &what);
    }
    let body = ask.body.as_ref().filter(|_| reply.status < 300);
    if let Some((schema, body)) =
        operation.value.pointer("/requestBody/content/application~1json/schema").zip(body)
    {
        let body = serde_json::from_slice(body).expect("what was taken is JSON");
        check(document, schema, &body, &format!("{what}: the body {body}"));
    }
}

/// A path without an operation can only be refused, unless it describes the API itself.
fn unknown(document: &Document, ask: &Ask, reply: &Reply) {
    if reply.status >= 400 && ask.method != Method::HEAD {
        let problem = &document.value()["components"]["schemas"]["Problem"];
        check(document, problem, &reply.value(), &ask.uri);
    }
}

fn operation<'a>(document: &'a Document, ask: &Ask) -> Option<Operation<'a>> {
    let method = if ask.method == Method::HEAD { "GET" } else { ask.method.as_str() };
    document.operations().into_iter().find(|one| one.method == method && fits(one.path, ask.path()))
}

/// Whether a path is of this template; a code may hold slashes, and only the last part is one.
fn fits(template: &str, path: &str) -> bool {
    if let Some(start) = template.strip_suffix("{code}") {
        return path.starts_with(start);
    }
    let (wanted, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    wanted.len() == given.len()
        && wanted.iter().zip(given).all(|(wanted, given)| wanted.starts_with('{') || *wanted == given)
}

/// The schema for this status and type; the type must be stated. `None` for what is no JSON.
fn reply_schema<'a>(operation: &'a Value, reply: &Reply) -> Option<&'a Value> {
    let responses = &operation["responses"];
    let response = responses.get(reply.status.to_string()).unwrap_or(&responses["default"]);
    if reply.status == 204 {
        assert!(
            reply.body.is_empty() && responses.get("204").is_some(),
            "204 says nothing, and is in the document"
        );
        return None;
    }
    let kind = reply.header("content-type").split(';').next().unwrap_or_default();
    let content = &response["content"][kind];
    assert!(content.is_object(), "{} as {kind} is not in the document: {response}", reply.status);
    content.get("schema").filter(|_| kind.ends_with("json"))
}

fn check(document: &Document, schema: &Value, value: &Value, what: &str) {
    let found = faults(document, schema, value, "");
    assert!(found.is_empty(), "{what} is not what the document says: {found:#?}");
}

/// Everything in which a value differs from its schema.
pub(super) fn faults(document: &Document, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let words = schema.as_object().unwrap_or_else(|| panic!("{at}: a schema is an object, not {schema}"));
    words.iter().flat_map(|(word, demand)| judge(document, (word, demand), words, value, at)).collect()
}

fn judge(
    document: &Document,
    (word, demand): (&str, &Value),
    schema: &Map<String, Value>,
    value: &Value,
    at: &str,
) -> Vec<String> {
    match word {
        "$ref" => faults(document, target(document, demand), value, at),
        "oneOf" => one_of(document, demand, value, at, 1),
        "anyOf" => one_of(document, demand, value, at, usize::MAX),
        "allOf" => list(demand).iter().flat_map(|part| faults(document, part, value, at)).collect(),
        "properties" => properties(document, demand, value, at),
        "items" => items(document, demand, value, at),
        "required" => missing(demand, value, at),
        word if SILENT.contains(&word) => Vec::new(),
        word => {
            plain(word, demand, schema, value).into_iter().map(|fault| format!("{at}: {fault}")).collect()
        }
    }
}

fn target<'a>(document: &'a Document, reference: &Value) -> &'a Value {
    let pointer = reference.as_str().and_then(|text| text.strip_prefix('#')).expect("a local reference");
    document.value().pointer(pointer).unwrap_or_else(|| panic!("{pointer} leads nowhere"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn one_of(document: &Document, choices: &Value, value: &Value, at: &str, most: usize) -> Vec<String> {
    let tried: Vec<_> = list(choices).iter().map(|choice| faults(document, choice, value, at)).collect();
    let fitting = tried.iter().filter(|found| found.is_empty()).count();
    if (1..=most).contains(&fitting) {
        Vec::new()
    } else {
        vec![format!("{at}: {fitting} choices fit: {tried:?}")]
    }
}

fn properties(document: &Document, named: &Value, value: &Value, at: &str) -> Vec<String> {
    let (Some(named), Some(fields)) = (named.as_object(), value.as_object()) else { return Vec::new() };
    let judged = fields.iter().map(|(name, field)| match named.get(name) {
        Some(schema) => faults(document, schema, field, &format!("{at}/{name}")),
        None => vec![format!("{at}/{name}: the document does not name it")],
    });
    judged.flatten().collect()
}

fn items(document: &Document, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let items = value.as_array().into_iter().flatten().enumerate();
    items.flat_map(|(index, item)| faults(document, schema, item, &format!("{at}/{index}"))).collect()
}

fn missing(names: &Value, value: &Value, at: &str) -> Vec<String> {
    let Some(fields) = value.as_object() else { return Vec::new() };
    let names: BTreeSet<_> = list(names).iter().filter_map(Value::as_str).collect();
    names
        .iter()
        .filter(|name| !fields.contains_key(**name))
        .map(|name| format!("{at}/{name}: missing"))
        .collect()
}

/// Words about one value by itself.
fn plain(word: &str, demand: &Value, schema: &Map<String, Value>, value: &Value) -> Option<String> {
    let number = |value: &Value| value.as_f64().unwrap_or_default();
    let length = value.as_str().map(|text| text.chars().count() as f64);
    let count = value.as_array().map(|items| items.len() as f64);
    let holds = match word {
        "type" => is_of_type(demand, value),
        "enum" => list(demand).contains(value),
        "minimum" => value.as_f64().is_none_or(|value| value >= number(demand)),
        "maximum" => value.as_f64().is_none_or(|value| value <= number(demand)),
        "minLength" => length.is_none_or(|length| length >= number(demand)),
        "maxLength" => length.is_none_or(|length| length <= number(demand)),
        "minItems" => count.is_none_or(|count| count >= number(demand)),
        "maxItems" => count.is_none_or(|count| count <= number(demand)),
        "format" => value.as_str().is_none_or(|text| has_format(demand, schema, text)),
        "pattern" => value.as_str().is_none_or(|text| matches(demand.as_str().expect("a pattern"), text)),
        "propertyNames" => true,
        other => panic!("nobody checks the word {other} of a schema"),
    };
    (!holds).then(|| format!("{value} breaks {word} {demand}"))
}

fn is_of_type(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().expect("a type") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    };
    types.as_array().map_or_else(|| is(types), |types| types.iter().any(is))
}

fn has_format(format: &Value, schema: &Map<String, Value>, text: &str) -> bool {
    match format.as_str().expect("a format") {
        "date-time" => referral_domain::time::Timestamp::parse(text).is_some(),
        "date" => referral_domain::time::Day::parse(text).is_some(),
        "uri-reference" => text.starts_with("/problems/"),
        other => panic!("nobody checks the format {other} in {schema:?}"),
    }
}

/// The patterns of this document, one by one: there are few, and a library for them would be one more.
fn matches(pattern: &str, text: &str) -> bool {
    let token = |most: usize, also: &[u8]| {
        text.len() <= most && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || also.contains(&byte))
    };
    match pattern {
        r"^-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,4})?$" => {
            let widest = referral_domain::money::Currency::pinned("XXX", 4).expect("4 digits");
            let parsed = referral_domain::money::Money::parse(text, widest);
            !matches!(parsed, Err(referral_domain::money::MoneyFault::Malformed))
        }
        "^[A-Z]{3}$" => text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
        "^[a-z0-9-]{1,40}$" => referral_domain::reference::Slug::parse(text).is_some(),
        r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?$" => referral_domain::rules::rate_of(text).is_some(),
        "^[A-Za-z0-9._:-]{1,128}$" => !text.is_empty() && token(128, b"._:-"),
        "^[A-Za-z0-9._~-]{0,64}$" => token(64, b"._~-"),
        words => {
            let words = words.strip_prefix("^(").and_then(|rest| rest.strip_suffix(")$"));
            words
                .unwrap_or_else(|| panic!("nobody checks the pattern {pattern}"))
                .split('|')
                .any(|word| word == text)
        }
    }
}

/// The reader itself would notice.
#[test]
fn a_value_that_differs_from_its_schema_is_noticed() {
    let document = crate::resource::document();
    let schema = serde_json::json!({
        "type": "object", "required": ["a", "b"],
        "properties": {
            "a": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Money"}]},
            "b": {"type": ["integer", "null"], "minimum": 0},
            "c": {"type": "array", "maxItems": 1, "items": {"type": "string", "format": "date-time"}}
        }
    });
    let sound = serde_json::json!({"a": {"amount": "1.00", "currency": "USD"}, "b": null, "c": ["2026-01-31T12:00:00Z"]});
    assert_eq!(faults(&document, &schema, &sound, ""), [""; 0]);
    for (change, place) in [
        (serde_json::json!({"a": {"amount": 1, "currency": "USD"}}), ""),
        (serde_json::json!({"a": {"amount": "1e9", "currency": "USD"}}), ""),
        (serde_json::json!({"a": {"amount": "1"}}), ""),
        (serde_json::json!({"b": -1}), "/b"),
        (serde_json::json!({"b": "1"}), "/b"),
        (serde_json::json!({"c": ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"]}), "/c"),
        (serde_json::json!({"c": ["yesterday"]}), "/c/0"),
        (serde_json::json!({"d": 1}), "/d"),
    ] {
        let mut value = sound.clone();
        value.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let found = faults(&document, &schema, &value, "");
        assert!(found.iter().any(|fault| fault.starts_with(place)), "{change}: {found:?}");
        assert!(!found.is_empty(), "{change}");
    }
    assert_eq!(faults(&document, &schema, &serde_json::json!({"a": null}), ""), ["/b: missing"]);
}
