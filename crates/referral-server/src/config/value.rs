//! From text to values: one small parser a kind, each saying the rule it applies.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use actix_web::http::Uri;
use referral_domain::adjustment::AdjustmentLimit;
use referral_http::auth::ClaimNames;
use referral_http::client::TrustedProxies;
use referral_http::edge::CorsPolicy;
use referral_proof::sign::SigningKey;

use super::fault::{Wrong, wrong};
use super::secret::Secret;

/// More workers than this would only wait for each other.
const WORKERS_MAX: usize = 256;

/// What to write for the names of claims.
const CLAIMS_REMEDY: &str = "CLAIM is sub, role, created_at, email, email_verified or program; NAME is a name, a \
                             dotted path or a URL";

/// `ADDRESS:PORT`.
pub(super) fn address(text: &str) -> Result<SocketAddr, Wrong> {
    text.parse().map_err(|_| wrong("must be ADDRESS:PORT", "write for instance 127.0.0.1:8000 or [::1]:8000"))
}

/// `ADDRESS:PORT`, or `off`.
pub(super) fn address_or_off(text: &str) -> Result<Option<SocketAddr>, Wrong> {
    if text == "off" { Ok(None) } else { address(text).map(Some) }
}

/// `http://` or `https://` with a host; given back without its trailing slash.
pub(super) fn public_url(text: &str) -> Result<String, Wrong> {
    let shape =
        || wrong("must be an http or https URL without query", "write for instance https://ref.example.com");
    let uri: Uri = text.parse().map_err(|_| shape())?;
    let sound = is_web(&uri) && uri.query().is_none() && !text.contains(['#', '@']);
    sound.then(|| text.trim_end_matches('/').to_owned()).ok_or_else(shape)
}

/// Exact origins, by commas.
pub(super) fn origins(text: &str) -> Result<CorsPolicy, Wrong> {
    let remedy = "write scheme://host[:port] in lower case without a path, such as https://app.example.com; never * or null";
    CorsPolicy::parse(text).map_err(|bad| wrong(format!("{} is not an exact origin", bad.join(", ")), remedy))
}

fn is_web(uri: &Uri) -> bool {
    matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
}

/// Addresses and networks, by commas.
pub(super) fn proxies(text: &str) -> Result<TrustedProxies, Wrong> {
    let rule = |bad: Vec<String>| format!("{} is neither an address nor a network", bad.join(", "));
    TrustedProxies::parse(text).map_err(|bad| wrong(rule(bad), "write for instance 10.0.0.0/8,::1"))
}

/// A file with an Ed25519 key.
pub(super) fn signing_key(text: &str) -> Result<SigningKey, Wrong> {
    let file = std::fs::read(text).map_err(|error| {
        wrong(format!("cannot be read: {error}"), "make one with `referral-server ledger keygen --out FILE`")
    })?;
    SigningKey::read(&file).map_err(|fault| {
        wrong(format!("holds no key: {fault}"), "make one with `referral-server ledger keygen --out FILE`")
    })
}

/// How far one person may adjust alone, in whole units of the program's currency.
pub(super) fn adjustment_limit(text: &str) -> Result<AdjustmentLimit, Wrong> {
    let remedy = "write whole units of the program's currency, such as 100 or 250.50; 0 for never alone";
    AdjustmentLimit::parse(text).ok_or_else(|| wrong("must be an amount of at least zero", remedy))
}

/// A domain of which our cookies are valid.
pub(super) fn domain(text: &str) -> Result<String, Wrong> {
    let label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let bare = text.strip_prefix('.').unwrap_or(text);
    let sound = bare.contains('.') && bare.split('.').all(label);
    let shape = || wrong("must be a domain name", "write for instance example.com");
    sound.then(|| bare.to_ascii_lowercase()).ok_or_else(shape)
}

/// Text that cannot be guessed.
pub(super) fn secret(text: &str) -> Result<Secret, Wrong> {
    let rule = format!("has {} bytes, at least {} are needed", text.len(), Secret::BYTES_MIN);
    Secret::new(text).ok_or_else(|| wrong(rule, "make one with: openssl rand -base64 48"))
}

/// A file that can be read now; it is read again whenever it changes.
pub(super) fn readable_file(text: &str) -> Result<PathBuf, Wrong> {
    let unreadable =
        |error| wrong(format!("cannot be read ({error})"), "name a file that this process may read");
    std::fs::read(text).map_err(unreadable)?;
    Ok(PathBuf::from(text))
}

/// Text of a claim: anything visible.
pub(super) fn name(text: &str) -> Result<String, Wrong> {
    let sound = !text.chars().any(char::is_control);
    sound.then(|| text.to_owned()).ok_or_else(|| wrong("has control characters", "take them out"))
}

/// `true` or `false`.
pub(super) fn yes_or_no(text: &str) -> Result<bool, Wrong> {
    text.parse().map_err(|_| wrong("must be true or false", "write true or false"))
}

/// How many threads serve requests.
pub(super) fn workers(text: &str) -> Result<NonZeroUsize, Wrong> {
    let shape = || wrong(format!("must be a whole number from 1 to {WORKERS_MAX}"), "write for instance 2");
    text.parse().ok().filter(|count: &NonZeroUsize| count.get() <= WORKERS_MAX).ok_or_else(shape)
}

/// Which claim says what: `role=app.role,created_at=since`.
pub(super) fn claims(text: &str) -> Result<ClaimNames, Wrong> {
    let shape = |bad: Vec<String>| wrong(format!("{} is not CLAIM=NAME", bad.join(", ")), CLAIMS_REMEDY);
    ClaimNames::parse(text).map_err(shape)
}

/// A filter as `tracing` reads it.
pub(super) fn log_filter(text: &str) -> Result<String, Wrong> {
    let shape = |error| {
        wrong(format!("is not a log filter ({error})"), "write for instance info,referral_http=debug")
    };
    tracing_subscriber::EnvFilter::try_new(text).map_err(shape)?;
    Ok(text.to_owned())
}

/// The parts of a list that is written by commas, blanks taken off.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}
