//! Going through the operations of a document.

use serde_json::Value;

/// The methods a path item may have; what else it holds is no operation.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One operation.
#[derive(Debug, Clone, Copy)]
pub struct Operation<'a> {
    /// In capitals, as in a request: `GET`.
    pub method: &'static str,
    /// With its parameters in braces: `/api/referral/validate/{code}`.
    pub path: &'a str,
    /// All that the document says of it.
    pub value: &'a Value,
}

impl Operation<'_> {
    /// The ways of calling it, as names of security schemes with their scopes; none when it is public.
    #[must_use]
    pub fn security(&self) -> Vec<(&str, Vec<&str>)> {
        let requirements = self.value.get("security").and_then(Value::as_array).into_iter().flatten();
        let schemes = requirements.filter_map(Value::as_object).flatten();
        schemes.map(|(name, scopes)| (name.as_str(), texts(scopes))).collect()
    }
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

const fn capitals(method: &str) -> &'static str {
    match method.as_bytes() {
        b"get" => "GET",
        b"post" => "POST",
        b"put" => "PUT",
        b"patch" => "PATCH",
        _ => "DELETE",
    }
}

pub(super) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    paths.flat_map(|(path, item)| of_path(path, item)).collect()
}

fn of_path<'a>(path: &'a str, item: &'a Value) -> impl Iterator<Item = Operation<'a>> {
    let known = METHODS.iter().filter_map(move |method| Some((*method, item.get(*method)?)));
    known.map(move |(method, value)| Operation { method: capitals(method), path, value })
}

/// Calls `change` on every operation.
pub(super) fn each_mut(document: &mut Value, mut change: impl FnMut(&mut Value)) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    let operations = paths.filter_map(|(_, item)| item.as_object_mut()).flatten();
    operations.filter(|(method, _)| METHODS.contains(&method.as_str())).for_each(|(_, value)| change(value));
}
