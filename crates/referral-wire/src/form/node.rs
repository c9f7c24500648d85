//! One value and where it stands: what a reader is given.

use std::borrow::Cow;

use serde_json::Value;

use super::{At, Faults, Fields};

/// A value to be read. A method that answers `None` has recorded why.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    value: &'a Value,
    at: &'a At<'a>,
    faults: &'a Faults,
}

impl<'a> Node<'a> {
    /// The whole body.
    #[must_use]
    pub const fn root(value: &'a Value, faults: &'a Faults) -> Self {
        Self { value, at: &At::Body, faults }
    }

    pub(super) const fn new(value: &'a Value, at: &'a At<'a>, faults: &'a Faults) -> Self {
        Self { value, at, faults }
    }

    /// The value as it came.
    #[must_use]
    pub const fn value(self) -> &'a Value {
        self.value
    }

    /// Records a fault of this value; always `None`, so that a reader can end with it.
    pub fn fault<T>(self, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Option<T> {
        self.faults.add(self.at, code, detail);
        None
    }

    /// The text, when it is one.
    pub fn text(self) -> Option<&'a str> {
        match self.value.as_str() {
            Some(text) => Some(text),
            None => self.wrong_type("a string"),
        }
    }

    /// The truth value, when it is one.
    pub fn boolean(self) -> Option<bool> {
        match self.value.as_bool() {
            Some(truth) => Some(truth),
            None => self.wrong_type("true or false"),
        }
    }

    /// Reads an object; fields that `reader` never asked for are refused.
    pub fn object<T>(self, reader: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Option<T> {
        let Some(map) = self.value.as_object() else { return self.wrong_type("an object") };
        let mut fields = Fields::new(map, self.at, self.faults);
        let read = reader(&mut fields);
        fields.refuse_unknown();
        read
    }

    /// Reads an array of `least` to `most` items, each with `reader`; all items are looked at.
    pub fn array<T>(
        self,
        least: usize,
        most: usize,
        reader: impl Fn(Node<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(items) = self.value.as_array() else { return self.wrong_type("an array") };
        if items.len() < least {
            return self.fault("too-few-items", format!("at least {least}"));
        }
        if items.len() > most {
            return self.fault("too-many-items", format!("at most {most}"));
        }
        let read: Vec<_> =
            items.iter().enumerate().map(|(index, item)| self.item(index, item, &reader)).collect();
        read.into_iter().collect()
    }

    fn item<T>(self, index: usize, item: &Value, reader: &impl Fn(Node<'_>) -> Option<T>) -> Option<T> {
        let at = At::Item(self.at, index);
        reader(Node::new(item, &at, self.faults))
    }

    /// Records that another type was expected.
    pub fn wrong_type<T>(self, expected: &str) -> Option<T> {
        self.fault("wrong-type", format!("expected {expected}, got {}", kind(self.value)))
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
