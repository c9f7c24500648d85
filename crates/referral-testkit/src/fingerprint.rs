//! What a store holds, as one text that two runs can be compared by: ids and code texts are numbered by appearance.

use std::collections::HashMap;
use std::fmt::Write as _;

use referral_domain::port::{HistoryFilter, Reports, StoreError};
use referral_domain::program::Program;
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;

/// Everything that reports tell of these users, of the keys, the programs and the whole ledger.
///
/// Two stores with equal facts have equal fingerprints, whatever ids and code texts were drawn; a fact more, less or
/// different makes another.
///
/// # Errors
/// The store's.
pub async fn fingerprint(
    reports: &dyn Reports,
    program: &Program,
    users: &[HostId],
    now: Timestamp,
) -> Result<String, StoreError> {
    let mut text = picture(reports, program, users, now).await?;
    line(&mut text, "programs", &reports.programs(now).await?);
    for mut key in reports.api_keys().await? {
        (key.hash, key.prefix) = ([0; 32], String::new());
        line(&mut text, "key", &key);
    }
    line(&mut text, "ledger", &reports.verify().await?);
    Ok(normalised(&text))
}

/// Everything that reports tell of these users alone.
///
/// # Errors
/// The store's.
pub async fn picture(
    reports: &dyn Reports,
    program: &Program,
    users: &[HostId],
    now: Timestamp,
) -> Result<String, StoreError> {
    let mut text = String::new();
    for host in users {
        portray(&mut text, reports, program, host, now).await?;
    }
    Ok(normalised(&text.replace(&format!("{:?}", program.book), "book")))
}

async fn portray(
    text: &mut String,
    reports: &dyn Reports,
    program: &Program,
    host: &HostId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let book = program.book;
    let Some(facts) = reports.user(book, host).await? else {
        line(text, "nobody", host);
        return Ok(());
    };
    line(text, "user", &facts);
    line(text, "brought", &reports.referrer(book, host).await?);
    line(text, "came by", &reports.my_referral(book, host).await?);
    let everything = HistoryFilter { limit: 10_000, ..HistoryFilter::default() };
    for item in reports.history(book, facts.id, &everything).await? {
        line(text, "line", &item);
    }
    line(text, "summary", &reports.summary(book, host, now).await?);
    Ok(())
}

fn line(text: &mut String, what: &str, value: &(impl std::fmt::Debug + ?Sized)) {
    writeln!(text, "{what}: {value:?}").expect("a text takes every line");
}

/// How long a hyphenated UUID is.
const UUID: usize = 36;

/// The text with each id and code text replaced by its number in the order of appearance: `txn_#1`.
///
/// ```
/// use referral_testkit::fingerprint::normalised;
/// let one = "usr_019c13ec-9e0f-7000-8000-000000000001 usr_019c13ec-9e0f-7000-8000-000000000002";
/// let two = "usr_019c13ec-9e0f-7000-8000-000000000007 usr_019c13ec-9e0f-7000-8000-000000000005";
/// assert_eq!(normalised(one), "usr_#1 usr_#2");
/// assert_eq!(normalised(one), normalised(two));
/// ```
#[must_use]
pub fn normalised(text: &str) -> String {
    let (mut out, mut seen, mut rest) = (String::with_capacity(text.len()), HashMap::new(), text);
    while let Some((before, drawn)) = next_drawn(rest) {
        let next = seen.len() + 1;
        let number = seen.entry(drawn).or_insert(next);
        write!(out, "{before}#{number}").expect("a text takes every line");
        rest = &rest[before.len() + drawn.len()..];
    }
    out + rest
}

/// What stands before the next thing that was drawn, and that thing.
fn next_drawn(text: &str) -> Option<(&str, &str)> {
    let starts = text.char_indices().filter_map(|(at, c)| matches!(c, '_' | '"').then_some(at + 1));
    starts.filter_map(|at| Some((&text[..at], drawn_at(text, at)?))).next()
}

fn drawn_at(text: &str, at: usize) -> Option<&str> {
    if text[..at].ends_with("CodeText(\"") {
        return text[at..].split('"').next();
    }
    let id = text.get(at..at + UUID)?;
    let shaped = id.bytes().enumerate().all(|(n, byte)| match n {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    shaped.then_some(id)
}
