//! The document as one page: no script, nothing from elsewhere; searched with the browser.

use serde_json::{Map, Value};

use super::walk::{Operation, operations};
use crate::html::escape;

/// The body of the page.
pub(super) fn render(document: &Value) -> String {
    let all = operations(document);
    let title = text(document, "/info/title");
    let mut page = format!(
        "<h1>{title} {}</h1><p>{}</p>",
        text(document, "/info/version"),
        prose(document.pointer("/info/description"))
    );
    page += "<p>Machines read <a href=\"/api/openapi.json\">openapi.json</a>.</p>";
    page += &format!("<nav><ul>{}</ul></nav>", all.iter().map(entry).collect::<String>());
    page += &format!("<h2>Operations</h2>{}", all.iter().map(operation).collect::<String>());
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    page + &format!("<h2>Schemas</h2>{}", schemas.map(all_schemas).unwrap_or_default())
}

fn text(value: &Value, pointer: &str) -> String {
    escape(value.pointer(pointer).and_then(Value::as_str).unwrap_or(""))
}

/// Escaped, with `code` between backticks.
fn prose(value: Option<&Value>) -> String {
    let escaped = escape(value.and_then(Value::as_str).unwrap_or(""));
    let parts = escaped.split('`').enumerate();
    parts
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect()
}

fn anchor(operation: &Operation<'_>) -> String {
    let legal = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    format!("{}{}", operation.method.to_lowercase(), operation.path.chars().map(legal).collect::<String>())
}

fn entry(operation: &Operation<'_>) -> String {
    let path = escape(operation.path);
    format!(
        "<li><a href=\"#{}\"><span class=\"method\">{}</span> {path}</a></li>",
        anchor(operation),
        operation.method
    )
}

fn operation(one: &Operation<'_>) -> String {
    let heading = format!(
        "<h3 id=\"{}\"><span class=\"method\">{}</span> <code>{}</code></h3><p>{}</p><p>{}</p><p class=\"muted\">{}</p>",
        anchor(one),
        one.method,
        escape(one.path),
        prose(one.value.get("summary")),
        prose(one.value.get("description")),
        escape(&callers(one))
    );
    heading + &parameters(one.value) + &body(one.value) + &replies(one.value)
}

fn callers(operation: &Operation<'_>) -> String {
    let ways: Vec<_> = operation.security().into_iter().map(|(name, scopes)| caller(name, &scopes)).collect();
    if ways.is_empty() {
        "Anybody may call this.".to_owned()
    } else {
        format!("Called by {}.", ways.join(" or "))
    }
}

fn caller(scheme: &str, scopes: &[&str]) -> String {
    match scheme {
        "bearer" => "a user with a bearer token".to_owned(),
        _ => format!("a service with an API key with {}", scopes.join(", ")),
    }
}

fn parameters(operation: &Value) -> String {
    let list = operation.get("parameters").and_then(Value::as_array);
    let rows: String = list.into_iter().flatten().map(parameter).collect();
    table("Parameters", "<th>Name</th><th>In</th><th>Type</th><th>Meaning</th>", &rows)
}

fn parameter(one: &Value) -> String {
    let name = text(one, "/name") + star(one.get("required").and_then(Value::as_bool));
    let kind = one.get("schema").map(kind).unwrap_or_default();
    format!(
        "<tr><td><code>{name}</code></td><td>{}</td><td>{kind}</td><td>{}</td></tr>",
        text(one, "/in"),
        prose(one.get("description"))
    )
}

/// Marks what must be there.
const fn star(required: Option<bool>) -> &'static str {
    if matches!(required, Some(true)) { "*" } else { "" }
}

fn body(operation: &Value) -> String {
    let shape = operation.pointer("/requestBody/content").map(content).unwrap_or_default();
    if shape.is_empty() { shape } else { format!("<h4>Body</h4><p>{shape}</p>") }
}

fn replies(operation: &Value) -> String {
    let list = operation.get("responses").and_then(Value::as_object);
    let rows: String = list.into_iter().flatten().map(|(status, reply)| reply_row(status, reply)).collect();
    table("Replies", "<th>Status</th><th>Meaning</th><th>Body</th>", &rows)
}

fn reply_row(status: &str, reply: &Value) -> String {
    let shape = reply.get("content").map(content).unwrap_or_default();
    format!(
        "<tr><td>{}</td><td>{}</td><td>{shape}</td></tr>",
        escape(status),
        prose(reply.get("description"))
    )
}

fn table(title: &str, head: &str, rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("<h4>{title}</h4><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
}

fn content(types: &Value) -> String {
    let shapes = types.as_object().into_iter().flatten().map(|(media, content)| {
        let shape = content.get("schema").map(kind).unwrap_or_default();
        format!("{shape} <span class=\"muted\">{}</span>", escape(media))
    });
    shapes.collect::<Vec<_>>().join("<br>")
}

/// A schema in a few words, with links to those that have a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        let name = escape(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    let choices = ["oneOf", "anyOf", "allOf"].iter().find_map(|word| schema.get(*word)?.as_array());
    match (choices, schema.get("items")) {
        (Some(choices), _) => choices.iter().map(kind).collect::<Vec<_>>().join(" | "),
        (None, Some(items)) => format!("array of {}", kind(items)) + or_null(schema),
        (None, None) => plain(schema),
    }
}

fn or_null(schema: &Value) -> &'static str {
    let types = schema.get("type").and_then(Value::as_array);
    if types.is_some_and(|types| types.iter().any(|one| one == "null")) { " | null" } else { "" }
}

fn plain(schema: &Value) -> String {
    let words = match schema.get("type") {
        Some(Value::String(word)) => escape(word),
        Some(Value::Array(words)) => {
            words.iter().filter_map(Value::as_str).map(escape).collect::<Vec<_>>().join(" | ")
        }
        _ => "any".to_owned(),
    };
    let format = schema.get("format").and_then(Value::as_str).map(|format| format!(" ({})", escape(format)));
    let choices =
        schema.get("enum").and_then(Value::as_array).map(|choices| format!(": {}", listed(choices)));
    words + &format.unwrap_or_default() + &choices.unwrap_or_default()
}

fn listed(choices: &[Value]) -> String {
    choices
        .iter()
        .map(|choice| format!("<code>{}</code>", escape(choice.as_str().unwrap_or("null"))))
        .collect::<Vec<_>>()
        .join(", ")
}

fn all_schemas(schemas: &Map<String, Value>) -> String {
    schemas.iter().map(|(name, schema)| one_schema(name, schema)).collect()
}

fn one_schema(name: &str, schema: &Value) -> String {
    let name = escape(name);
    let heading = format!("<h3 id=\"schema-{name}\">{name}</h3><p>{}</p>", prose(schema.get("description")));
    match schema.get("properties").and_then(Value::as_object) {
        Some(fields) => heading + &properties(fields, schema),
        None => format!("{heading}<p>{}</p>", kind(schema)),
    }
}

fn properties(fields: &Map<String, Value>, schema: &Value) -> String {
    let required = schema.get("required").and_then(Value::as_array);
    let rows: String = fields.iter().map(|(name, field)| property(name, field, required)).collect();
    table("Properties", "<th>Name</th><th>Type</th><th>Meaning</th>", &rows)
}

fn property(name: &str, field: &Value, required: Option<&Vec<Value>>) -> String {
    let must = required.is_some_and(|names| names.iter().any(|one| one == name));
    let name = escape(name) + star(Some(must));
    format!(
        "<tr><td><code>{name}</code></td><td>{}</td><td>{}</td></tr>",
        kind(field),
        prose(field.get("description"))
    )
}
