//! What the claims of a token whose signature holds say, and whether they may.

use referral_domain::auth::Role;
use referral_domain::program::FIRST_PROGRAM;
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::{SECOND, Timestamp};
use serde_json::Value;

use super::names::find;
use super::{Refused, TokenIdentity, TokenPolicy};

/// How far the host's clock may be off.
const LEEWAY: i64 = 60 * SECOND;

/// Seconds beyond this are milliseconds in disguise.
const SECONDS_MAX: i64 = 100_000_000_000;

/// The longest address that mail can carry.
const EMAIL_CHARACTERS_MAX: usize = 320;

/// What stands in the place of a program in a token of all of them.
const EVERY_PROGRAM: &str = "*";

/// Judges the claims at `now`. Any claim of the wrong form refuses the token, except a role, which is then `user`.
pub(super) fn judge(claims: &Value, policy: &TokenPolicy, now: Timestamp) -> Result<TokenIdentity, Refused> {
    let expires_at = seconds(claims, "exp")?.ok_or(Refused)?;
    let lives = now <= expires_at.plus_micros(LEEWAY);
    let begun = seconds(claims, "nbf")?.is_none_or(|from| from <= now.plus_micros(LEEWAY));
    let for_us = matches(claims, "iss", policy.issuer.as_deref())
        && matches(claims, "aud", policy.audience.as_deref());
    if lives && begun && for_us { identity(claims, policy, now, expires_at) } else { Err(Refused) }
}

fn identity(
    claims: &Value,
    policy: &TokenPolicy,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<TokenIdentity, Refused> {
    let names = &policy.claims;
    let role = role(claims, policy);
    let (program, every_program) = program(claims, &names.program, role)?;
    Ok(TokenIdentity {
        user_id: text(claims, &names.sub)?.and_then(HostId::parse).ok_or(Refused)?,
        email: email(claims, &names.email)?,
        email_verified: truth(claims, &names.email_verified)?,
        created_at: signed_up(claims, &names.created_at)?.map(|at| at.min(now)),
        role,
        program,
        every_program,
        issued_at: seconds(claims, "iat")?.map(|issued| issued.min(now)),
        expires_at,
    })
}

/// The program, and whether it is all of them: those are for people with a role alone.
fn program(claims: &Value, name: &str, role: Role) -> Result<(Slug, bool), Refused> {
    let named = text(claims, name)?.unwrap_or(FIRST_PROGRAM);
    let every = named == EVERY_PROGRAM && role != Role::User;
    let program = Slug::parse(if every { FIRST_PROGRAM } else { named }).ok_or(Refused)?;
    Ok((program, every))
}

fn text<'a>(claims: &'a Value, name: &str) -> Result<Option<&'a str>, Refused> {
    find(claims, name).map(|value| value.as_str().ok_or(Refused)).transpose()
}

fn truth(claims: &Value, name: &str) -> Result<Option<bool>, Refused> {
    find(claims, name).map(|value| value.as_bool().ok_or(Refused)).transpose()
}

/// Control characters, U+0000 among them, cannot be stored everywhere.
fn email(claims: &Value, name: &str) -> Result<Option<String>, Refused> {
    let Some(address) = text(claims, name)? else { return Ok(None) };
    let sound = address.chars().count() <= EMAIL_CHARACTERS_MAX && !address.chars().any(char::is_control);
    if sound { Ok(Some(address.to_owned())) } else { Err(Refused) }
}

/// Epoch seconds of a registered claim; "never" in far too many digits is as good as far away.
fn seconds(claims: &Value, name: &str) -> Result<Option<Timestamp>, Refused> {
    let number = number(claims, name)?.map(|whole| whole.min(SECONDS_MAX));
    number.map(instant).transpose()
}

/// When the user signed up; never later than now. Milliseconds would put it far into the future and open every window: refused.
fn signed_up(claims: &Value, name: &str) -> Result<Option<Timestamp>, Refused> {
    number(claims, name)?.map(instant).transpose()
}

fn instant(whole: i64) -> Result<Timestamp, Refused> {
    let sound = (0..=SECONDS_MAX).contains(&whole);
    if sound { Ok(Timestamp::from_micros(whole * SECOND)) } else { Err(Refused) }
}

/// A number; a fraction is cut off.
fn number(claims: &Value, name: &str) -> Result<Option<i64>, Refused> {
    let Some(value) = find(claims, name) else { return Ok(None) };
    value.as_i64().or_else(|| value.as_f64().map(cut)).map(Some).ok_or(Refused)
}

/// The cast saturates, and what is out of range is refused or bounded after it.
#[allow(clippy::cast_possible_truncation)]
const fn cut(seconds: f64) -> i64 {
    seconds as i64
}

fn role(claims: &Value, policy: &TokenPolicy) -> Role {
    let claimed = find(claims, &policy.claims.role).and_then(Value::as_str).and_then(Role::parse);
    claimed.filter(|_| policy.honour_roles).unwrap_or(Role::User)
}

/// Whether a claim that is a text or a list of texts holds what is expected, when anything is.
fn matches(claims: &Value, name: &str, expected: Option<&str>) -> bool {
    let Some(expected) = expected else { return true };
    match claims.get(name) {
        Some(Value::String(text)) => text == expected,
        Some(Value::Array(items)) => items.iter().any(|item| item.as_str() == Some(expected)),
        _ => false,
    }
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
