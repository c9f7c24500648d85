//! The fields of one object.

use serde_json::{Map, Value};

use super::near::nearest;
use super::{At, Faults, Node};

/// The fields of an object, asked for by name. What is never asked for is unknown, and refused.
#[derive(Debug)]
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    at: &'a At<'a>,
    faults: &'a Faults,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(map: &'a Map<String, Value>, at: &'a At<'a>, faults: &'a Faults) -> Self {
        Self { map, at, faults, known: Vec::new() }
    }

    /// A field that must be there and not null.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        reader: impl FnOnce(Node<'_>) -> Option<T>,
    ) -> Option<T> {
        match self.find(name) {
            Some(value) => self.read(name, value, reader),
            None => self.fault(name, "required", "this field is required"),
        }
    }

    /// A field that may be missing or null, which are the same.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        reader: impl FnOnce(Node<'_>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.find(name) {
            Some(value) => self.read(name, value, reader).map(Some),
            None => Some(None),
        }
    }

    /// A field that must be there and may be null.
    pub fn nullable<T>(
        &mut self,
        name: &'static str,
        reader: impl FnOnce(Node<'_>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.map.get(name) {
            Some(_) => self.optional(name, reader),
            None => self.required(name, reader).map(Some),
        }
    }

    /// Whether the object has this field, null or not. The field counts as known from now on.
    pub fn has(&mut self, name: &'static str) -> bool {
        self.known.push(name);
        self.map.contains_key(name)
    }

    /// Records a fault of the field `name`; always `None`.
    pub fn fault<T>(
        &self,
        name: &str,
        code: &'static str,
        detail: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Option<T> {
        self.faults.add(&At::Field(self.at, name), code, detail);
        None
    }

    fn find(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn read<T>(&self, name: &str, value: &Value, reader: impl FnOnce(Node<'_>) -> Option<T>) -> Option<T> {
        let at = At::Field(self.at, name);
        reader(Node::new(value, &at, self.faults))
    }

    pub(super) fn refuse_unknown(&self) {
        for name in self.map.keys().filter(|name| !self.known.contains(&name.as_str())) {
            self.fault::<()>(name, "unknown-field", advice(name, &self.known, self.faults));
        }
    }
}

/// What to say of a name nobody knows. Looking for a near one costs time, which a body of nothing but unknown
/// fields must not be able to spend: once no fault is kept any more, nobody looks.
pub(super) fn advice(name: &str, known: &[&'static str], faults: &Faults) -> String {
    let near = if faults.is_full() { None } else { nearest(name, known) };
    match near {
        Some(near) => format!("did you mean {near}?"),
        None => "this endpoint does not know it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::form::{Fields, read_json, scalar};
    use crate::problem::{Place, Problem};

    fn pair(fields: &mut Fields<'_>) -> Option<(String, Option<bool>)> {
        let name = fields.required("name", scalar::text(1, 5));
        let flag = fields.optional("flag", |node| node.boolean());
        Some((name?, flag?))
    }

    fn many(fields: &mut Fields<'_>) -> Option<Vec<(String, Option<bool>)>> {
        fields.required("items", |node| node.array(1, 2, |item| item.object(pair)))
    }

    fn faults(problem: &Problem) -> Vec<(String, &'static str, String)> {
        let text = |place: &Place| match place {
            Place::Pointer(text) | Place::Parameter(text) => text.clone(),
        };
        problem.faults().iter().map(|f| (text(&f.place), f.code, f.detail.to_string())).collect()
    }

    #[test]
    fn missing_and_null_are_the_same_for_an_optional_field() {
        for body in [r#"{"name": "ana"}"#, r#"{"name": "ana", "flag": null}"#] {
            assert_eq!(read_json(body.as_bytes(), pair).expect(body), ("ana".to_owned(), None));
        }
    }

    #[test]
    fn a_required_field_may_not_be_null() {
        for body in ["{}", r#"{"name": null}"#] {
            let problem = read_json(body.as_bytes(), pair).expect_err(body);
            assert_eq!(faults(&problem)[0].1, "required", "{body}");
        }
    }

    #[test]
    fn a_nullable_field_must_be_named() {
        let read = |fields: &mut Fields<'_>| fields.nullable("code", scalar::text(1, 5));
        assert_eq!(read_json(br#"{"code": null}"#, read).expect("null is allowed"), None);
        assert_eq!(read_json(br#"{"code": "a"}"#, read).expect("so is text"), Some("a".to_owned()));
        assert_eq!(faults(&read_json(b"{}", read).expect_err("missing"))[0].1, "required");
    }

    #[test]
    fn all_faults_are_found_at_once_with_their_pointers() {
        let body = br#"{"items": [{"name": 1, "flag": "x"}, {"name": "", "flagg": true}], "extra": 1}"#;
        let found = faults(&read_json(body, many).expect_err("four faults and an unknown one"));
        let brief: Vec<_> = found.iter().map(|(at, code, _)| (at.as_str(), *code)).collect();
        assert_eq!(
            brief,
            [
                ("/items/0/name", "wrong-type"),
                ("/items/0/flag", "wrong-type"),
                ("/items/1/name", "too-short"),
                ("/items/1/flagg", "unknown-field"),
                ("/extra", "unknown-field"),
            ]
        );
        assert_eq!(found[3].2, "did you mean flag?");
        assert_eq!(found[0].2, "expected a string, got a number");
    }

    #[test]
    fn an_array_has_bounds() {
        for (body, code) in [
            (r#"{"items": []}"#, "too-few-items"),
            (r#"{"items": [1, 2, 3]}"#, "too-many-items"),
            (r#"{"items": {}}"#, "wrong-type"),
        ] {
            assert_eq!(faults(&read_json(body.as_bytes(), many).expect_err(body))[0].1, code, "{body}");
        }
    }

    #[test]
    fn a_body_that_is_no_object_is_a_fault_of_the_whole() {
        for body in ["[]", "\"x\"", "null", "7"] {
            let problem = read_json(body.as_bytes(), pair).expect_err(body);
            assert_eq!(faults(&problem)[0], (String::new(), "wrong-type", faults(&problem)[0].2.clone()));
        }
    }
}
