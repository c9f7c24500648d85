//! Comparing what was printed with what a guide says, where `…` stands for what differs from run to run.

use serde_json::{Deserializer, Value};

const ANY: &str = "…";

/// Compares values one after the other. Both sides may hold several.
pub(super) fn json(place: &str, said: &str, printed: &str) {
    let (said, printed) = (values(place, said), values(place, printed));
    assert_eq!(said.len(), printed.len(), "{place}: {printed:?}");
    for (said, printed) in said.iter().zip(&printed) {
        if let Some(difference) = difference("", said, printed) {
            panic!("{place}: {difference}\nprinted: {printed:#}");
        }
    }
}

/// Compares lines.
pub(super) fn text(place: &str, said: &str, printed: &str) {
    let (said, printed): (Vec<&str>, Vec<&str>) = (said.lines().collect(), printed.lines().collect());
    assert_eq!(said.len(), printed.len(), "{place}: {printed:#?}");
    for (said, printed) in said.iter().zip(&printed) {
        assert!(fits(said, printed), "{place}\n   said: {said}\nprinted: {printed}");
    }
}

fn values(place: &str, text: &str) -> Vec<Value> {
    let read = Deserializer::from_str(text).into_iter().collect::<Result<_, _>>();
    read.unwrap_or_else(|error| panic!("{place}: {error}: {text}"))
}

/// Where the two differ first.
fn difference(at: &str, said: &Value, printed: &Value) -> Option<String> {
    match (said, printed) {
        (Value::String(any), _) if any == ANY => None,
        (Value::String(said), Value::String(printed)) if fits(said, printed) => None,
        (Value::Array(said), Value::Array(printed)) if said.len() == printed.len() => said
            .iter()
            .zip(printed)
            .enumerate()
            .find_map(|(index, (said, printed))| difference(&format!("{at}/{index}"), said, printed)),
        (Value::Object(said), Value::Object(printed)) => {
            let missing = said
                .keys()
                .find(|key| !printed.contains_key(*key))
                .map(|key| format!("{at}/{key} is not there"));
            let unsaid = || {
                printed
                    .keys()
                    .find(|key| !said.contains_key(*key))
                    .map(|key| format!("{at}/{key} is not said"))
            };
            let inside = || {
                said.iter().find_map(|(key, said)| difference(&format!("{at}/{key}"), said, &printed[key]))
            };
            missing.or_else(unsaid).or_else(inside)
        }
        (said, printed) if said == printed => None,
        _ => Some(format!("{at}: said {said}, printed {printed}")),
    }
}

/// Whether a text has the pieces between the dots, in their order, from its beginning to its end.
fn fits(said: &str, printed: &str) -> bool {
    let mut pieces = said.split(ANY);
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    let mut last = None;
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        (rest, last) = (after, Some(piece));
    }
    rest.is_empty() || last == Some("")
}

#[test]
fn dots_stand_for_anything_and_nothing_else_does() {
    for (said, printed) in
        [("a", "a"), ("…", ""), ("ref_…", "ref_1"), ("…/r/…", "http://x/r/1"), ("a…c", "abc"), ("…c", "abc")]
    {
        assert!(fits(said, printed), "{said} {printed}");
    }
    for (said, printed) in
        [("a", "b"), ("a", "ab"), ("ref_…", "txn_1"), ("a…c", "abd"), ("a…c", "abcd"), ("…/r/…", "x")]
    {
        assert!(!fits(said, printed), "{said} {printed}");
    }
}

#[test]
fn a_difference_is_told_with_its_place() {
    let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let tell = |said: &str, printed: &str| difference("", &value(said), &value(printed));
    assert_eq!(tell(r#"{"a": ["…", 1]}"#, r#"{"a": [{"b": 2}, 1]}"#), None);
    assert_eq!(tell(r#"{"a": [1]}"#, r#"{"a": [2]}"#).as_deref(), Some("/a/0: said 1, printed 2"));
    assert_eq!(tell(r#"{"a": 1}"#, "{}").as_deref(), Some("/a is not there"));
    assert_eq!(tell("{}", r#"{"a": 1}"#).as_deref(), Some("/a is not said"));
    assert_eq!(tell("[1]", "[1, 2]").as_deref(), Some(": said [1], printed [1,2]"));
}
