//! The scalars of `schemas.md`, section 1: each reader takes a [`Node`] and answers a domain value or `None`
//! with the fault recorded. Bounds are in characters.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use referral_domain::identity::fold_email;
use referral_domain::reference::{HostId, Reference, Slug, SourceId};
use referral_domain::time::{Day, Timestamp};

use super::Node;

/// The longest address that mail can carry (RFC 5321: 64 + 1 + 255).
const EMAIL_MAX: usize = 320;

/// Text of `least` to `most` characters without control characters.
pub fn text(least: usize, most: usize) -> impl Fn(Node<'_>) -> Option<String> {
    move |node| bounded(node, least, most, char::is_control)
}

/// Text of at most `most` characters in which lines and tabs are allowed: a note.
pub fn lines(most: usize) -> impl Fn(Node<'_>) -> Option<String> {
    move |node| bounded(node, 0, most, |letter| letter.is_control() && !matches!(letter, '\n' | '\t'))
}

/// Text without control characters, cut after `most` characters: what a browser says of itself.
pub fn cut(most: usize) -> impl Fn(Node<'_>) -> Option<String> {
    move |node| bounded(node, 0, usize::MAX, char::is_control).map(|text| text.chars().take(most).collect())
}

fn bounded(node: Node<'_>, least: usize, most: usize, banned: fn(char) -> bool) -> Option<String> {
    let text = node.text()?;
    if text.chars().any(banned) {
        return node.fault("control-character", "control characters are not allowed");
    }
    let length = text.chars().count();
    if length < least {
        return node.fault("too-short", format!("at least {least} characters"));
    }
    if length > most {
        return node.fault("too-long", format!("at most {most} characters"));
    }
    Some(text.to_owned())
}

/// What a movement of credits is for: at most 500 characters.
pub fn description(node: Node<'_>) -> Option<String> {
    text(0, 500)(node)
}

/// What an operator notes: at most 500 characters, with lines and tabs.
pub fn note(node: Node<'_>) -> Option<String> {
    lines(500)(node)
}

/// What a browser calls itself, cut after 1024 characters.
pub fn user_agent(node: Node<'_>) -> Option<String> {
    cut(1024)(node)
}

/// The page a click came from, cut after 2048 characters.
pub fn referrer(node: Node<'_>) -> Option<String> {
    cut(2048)(node)
}

/// A device's or a payment method's fingerprint: opaque, 16 to 256 characters.
pub fn fingerprint(node: Node<'_>) -> Option<String> {
    text(16, 256)(node)
}

/// The host's id of a user.
pub fn user_id(node: Node<'_>) -> Option<HostId> {
    let text = bounded(node, 1, 100, char::is_control)?;
    match HostId::parse(&text) {
        Some(id) => Some(id),
        None => node.fault("blank-ends", "no blank at the beginning or the end"),
    }
}

/// The host's id of an event.
pub fn source_id(node: Node<'_>) -> Option<SourceId> {
    token(node, SourceId::parse)
}

/// The host's reference of a redemption or a reversal.
pub fn reference(node: Node<'_>) -> Option<Reference> {
    token(node, Reference::parse)
}

fn token<T>(node: Node<'_>, parse: fn(&str) -> Option<T>) -> Option<T> {
    match parse(node.text()?) {
        Some(read) => Some(read),
        None => node.fault("bad-format", "1 to 128 of A-Z a-z 0-9 . _ : -"),
    }
}

/// A program's id.
pub fn slug(node: Node<'_>) -> Option<Slug> {
    match Slug::parse(node.text()?) {
        Some(slug) => Some(slug),
        None => node.fault("bad-format", "1 to 40 of a-z 0-9 -"),
    }
}

/// A click's label: at most 64 of `A-Za-z0-9._~-`.
pub fn sub_id(node: Node<'_>) -> Option<String> {
    let text = bounded(node, 0, 64, char::is_control)?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    if text.bytes().all(legal) { Some(text) } else { node.fault("bad-format", "only A-Z a-z 0-9 . _ ~ -") }
}

/// An e-mail address; what it folds to is the domain's business.
pub fn email(node: Node<'_>) -> Option<String> {
    let text = bounded(node, 1, EMAIL_MAX, char::is_control)?;
    match fold_email(&text) {
        Some(_) => Some(text),
        None => node.fault("email-format", "an address like ben@example.com"),
    }
}

/// A network address.
pub fn ip(node: Node<'_>) -> Option<IpAddr> {
    match node.text()?.parse() {
        Ok(address) => Some(address),
        Err(_) => node.fault("ip-format", "an IPv4 or IPv6 address without a port"),
    }
}

/// Ids of our own: `parse` knows the prefix.
pub fn id<T>(parse: fn(&str) -> Option<T>) -> impl Fn(Node<'_>) -> Option<T> {
    move |node| match parse(node.text()?) {
        Some(id) => Some(id),
        None => node.fault("bad-format", "not an id of this kind"),
    }
}

/// One of these words, for the value it stands for.
pub fn one_of<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(Node<'_>) -> Option<T> {
    move |node| {
        let text = node.text()?;
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Some(*value),
            None => node.fault("not-one-of", format!("one of {}", listed(words))),
        }
    }
}

fn listed<T>(words: &[(&'static str, T)]) -> String {
    words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}

/// A whole number within bounds.
pub fn integer(bounds: RangeInclusive<u32>) -> impl Fn(Node<'_>) -> Option<u32> {
    move |node| {
        let Some(number) = node.value().as_i64() else { return node.wrong_type("a whole number") };
        match u32::try_from(number).ok().filter(|number| bounds.contains(number)) {
            Some(number) => Some(number),
            None => node.fault("out-of-range", format!("{} to {}", bounds.start(), bounds.end())),
        }
    }
}

/// A UTC day, `2026-01-31`.
pub fn date(node: Node<'_>) -> Option<Day> {
    match Day::parse(node.text()?) {
        Some(day) => Some(day),
        None => node.fault("date-format", "a day like 2026-01-31, of the years 2000 to 2100"),
    }
}

/// An instant: RFC 3339 with an offset and at most 9 digits, truncated to microseconds.
pub fn timestamp(node: Node<'_>) -> Option<Timestamp> {
    let text = node.text()?;
    match Timestamp::parse(text).filter(|_| fraction_digits(text) <= 9) {
        Some(at) => Some(at),
        None => blame_time(node, text),
    }
}

fn fraction_digits(text: &str) -> usize {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    fraction.bytes().take_while(u8::is_ascii_digit).count()
}

fn blame_time(node: Node<'_>, text: &str) -> Option<Timestamp> {
    let written = chrono::DateTime::parse_from_rfc3339(text).is_ok();
    let offset_less = text.parse::<chrono::NaiveDateTime>().is_ok();
    if text.get(17..19) == Some("60") {
        node.fault("time-leap-second", "second 60 is not accepted")
    } else if offset_less {
        node.fault("time-offset", "an offset is required, like Z or +01:00")
    } else if written && fraction_digits(text) <= 9 && text.contains('T') {
        node.fault("time-range", "of the years 2000 to 2100")
    } else {
        node.fault("time-format", "a time like 2026-01-31T12:34:56.123456Z (RFC 3339)")
    }
}

#[cfg(test)]
#[path = "scalar_tests.rs"]
mod tests;
