use std::fmt::Debug;

use referral_domain::id::ClickId;

use super::*;
use crate::form::read_json;

/// What `reader` makes of a JSON value: its debug text, or the fault's code.
fn check<T: Debug>(reader: impl Fn(Node<'_>) -> Option<T>, json: &str, expected: Result<&str, &str>) {
    let body = format!(r#"{{"field": {json}}}"#);
    let read = read_json(body.as_bytes(), |fields| fields.required("field", reader));
    let read = read.map(|value| format!("{value:?}")).map_err(|problem| problem.faults()[0].code);
    assert_eq!(read.as_deref().map_err(|code| *code), expected, "{json}");
}

fn quoted(length: usize) -> String {
    format!("\"{}\"", "é".repeat(length))
}

#[test]
fn a_user_id_has_one_to_a_hundred_characters_and_no_blank_ends() {
    check(user_id, r#""u_ben""#, Ok(r#""u_ben""#));
    check(user_id, r#""a b@c.example""#, Ok(r#""a b@c.example""#));
    check(|node| user_id(node).map(|id| id.as_str().chars().count()), &quoted(100), Ok("100"));
    check(user_id, &quoted(101), Err("too-long"));
    for (json, code) in [
        (r#""""#, "too-short"),
        (r#"" u""#, "blank-ends"),
        (r#""u\u00a0""#, "blank-ends"),
        (r#""u\n""#, "control-character"),
        (r#""a\u0085b""#, "control-character"),
        (r#""a\u0000b""#, "nul-character"),
        ("7", "wrong-type"),
        ("[]", "wrong-type"),
        ("null", "required"),
    ] {
        check(user_id, json, Err(code));
    }
}

#[test]
fn a_source_id_and_a_reference_fit_in_a_path() {
    check(source_id, r#""inv_1001:a.b-c""#, Ok(r#""inv_1001:a.b-c""#));
    check(reference, r#""order-7""#, Ok(r#""order-7""#));
    for json in [r#""""#, r#""a/b""#, r#""a b""#, r#""a%20b""#, r#""ä""#, r#""a\n""#] {
        check(source_id, json, Err("bad-format"));
        check(reference, json, Err("bad-format"));
    }
    check(source_id, &format!("\"{}\"", "x".repeat(129)), Err("bad-format"));
}

#[test]
fn text_is_bounded_in_characters_and_has_no_control_characters() {
    check(|node| text(0, 4)(node).map(|t| t.chars().count()), &quoted(4), Ok("4"));
    check(text(0, 4), &quoted(5), Err("too-long"));
    check(text(16, 256), r#""short""#, Err("too-short"));
    check(text(0, 9), r#""a\tb""#, Err("control-character"));
    check(lines(9), r#""a\tb\nc""#, Ok(r#""a\tb\nc""#));
    check(lines(9), r#""a\rb""#, Err("control-character"));
    check(lines(9), r#""a\u0000b""#, Err("nul-character"));
    check(cut(3), r#""abcdef""#, Ok(r#""abc""#));
    check(cut(3), r#""a\u001bb""#, Err("control-character"));
}

#[test]
fn texts_have_the_lengths_of_the_contract() {
    let length = |reader: fn(Node<'_>) -> Option<String>| {
        move |node: Node<'_>| reader(node).map(|t| t.chars().count())
    };
    for (reader, most) in
        [(description as fn(Node<'_>) -> Option<String>, 500), (note, 500), (fingerprint, 256)]
    {
        check(length(reader), &quoted(most), Ok(&most.to_string()));
        check(reader, &quoted(most + 1), Err("too-long"));
    }
    check(fingerprint, &quoted(15), Err("too-short"));
    for (reader, most) in [(user_agent as fn(Node<'_>) -> Option<String>, 1024), (referrer, 2048)] {
        check(length(reader), &quoted(most + 1), Ok(&most.to_string()));
    }
}

#[test]
fn a_sub_id_takes_few_letters() {
    check(sub_id, r#""a.b_c~d-9""#, Ok(r#""a.b_c~d-9""#));
    check(sub_id, r#""""#, Ok(r#""""#));
    check(sub_id, r#""a b""#, Err("bad-format"));
    check(sub_id, &format!("\"{}\"", "x".repeat(65)), Err("too-long"));
}

#[test]
fn addresses_are_checked() {
    check(email, r#""Ben@Example.com""#, Ok(r#""Ben@Example.com""#));
    check(email, r#""ben""#, Err("email-format"));
    check(email, &quoted(321), Err("too-long"));
    check(ip, r#""192.0.2.7""#, Ok("192.0.2.7"));
    check(ip, r#""2001:db8::1""#, Ok("2001:db8::1"));
    for json in [r#""192.0.2.7:80""#, r#""192.0.2.07""#, r#""x""#, r#""""#] {
        check(ip, json, Err("ip-format"));
    }
}

#[test]
fn an_id_knows_its_prefix() {
    let text = r#""clk_018f2b7c-0000-7000-8000-000000000001""#;
    check(id(ClickId::parse), text, Ok(text.trim_matches('"')));
    check(id(ClickId::parse), r#""ref_018f2b7c-0000-7000-8000-000000000001""#, Err("bad-format"));
}

#[test]
fn a_word_is_one_of_the_list() {
    const MODES: &[(&str, bool)] = &[("exact", false), ("up_to", true)];
    check(one_of(MODES), r#""up_to""#, Ok("true"));
    check(one_of(MODES), r#""UP_TO""#, Err("not-one-of"));
    check(one_of(MODES), "1", Err("wrong-type"));
}

#[test]
fn an_integer_is_whole_and_within_bounds() {
    check(integer(1..=10), "10", Ok("10"));
    for (json, code) in [("0", "out-of-range"), ("11", "out-of-range"), ("-1", "out-of-range")] {
        check(integer(1..=10), json, Err(code));
    }
    for json in ["1.0", "1e0", "\"1\"", "99999999999999999999"] {
        check(integer(1..=10), json, Err("wrong-type"));
    }
}

#[test]
fn a_date_is_a_day() {
    check(date, r#""2024-02-29""#, Ok("2024-02-29"));
    for json in [r#""2026-02-29""#, r#""2026-1-31""#, r#""1999-12-31""#, r#""2026-01-31T00:00:00Z""#, r#""""#]
    {
        check(date, json, Err("date-format"));
    }
}

#[test]
fn a_time_is_truncated_to_microseconds_in_utc() {
    for (json, expected) in [
        (r#""2026-01-31T12:34:56Z""#, "2026-01-31T12:34:56.000000Z"),
        (r#""2026-01-31T12:34:56.1234569Z""#, "2026-01-31T12:34:56.123456Z"),
        (r#""2026-01-31T12:34:56.999999999Z""#, "2026-01-31T12:34:56.999999Z"),
        (r#""2026-01-31T13:34:56+01:00""#, "2026-01-31T12:34:56.000000Z"),
        (r#""2025-12-31T23:59:59-00:00""#, "2025-12-31T23:59:59.000000Z"),
    ] {
        check(timestamp, json, Ok(expected));
    }
}

#[test]
fn every_bad_time_has_its_own_fault() {
    for (json, code) in [
        (r#""2026-01-31T12:34:56""#, "time-offset"),
        (r#""2026-01-31T12:34:60Z""#, "time-leap-second"),
        (r#""1999-12-31T23:59:59Z""#, "time-range"),
        (r#""2101-01-01T00:00:00Z""#, "time-range"),
        (r#""2000-01-01T00:30:00+01:00""#, "time-range"),
        (r#""2026-01-31T12:34:56.1234567890Z""#, "time-format"),
        (r#""2026-01-31 12:34:56Z""#, "time-format"),
        (r#""2026-01-31""#, "time-format"),
        (r#""2026-02-30T00:00:00Z""#, "time-format"),
        (r#""2026-01-31T24:00:00Z""#, "time-format"),
        (r#""now""#, "time-format"),
        (r#""""#, "time-format"),
        ("1769862896", "wrong-type"),
    ] {
        check(timestamp, json, Err(code));
    }
}
