//! Reading what a browser or curl sends to the demo host.

use actix_web::web::Bytes;
use serde::de::DeserializeOwned;

use super::refusal::Refusal;

/// The longest address that mail can carry.
const EMAIL_CHARACTERS_MAX: usize = 320;
/// Longer passwords only make the host sweat.
const PASSWORD_CHARACTERS_MAX: usize = 256;

/// Reads a JSON body, whose fields are told to whoever sends another.
///
/// # Errors
/// [`Refusal::Malformed`], saying what is needed.
pub(super) fn read<T: DeserializeOwned>(body: &Bytes, fields: &str) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| {
        Refusal::Malformed(format!(
            "the body must be a JSON object of {fields}, each as text, and of nothing else"
        ))
    })
}

/// An address that mail could be sent to.
///
/// # Errors
/// [`Refusal::Malformed`].
pub(super) fn email(text: &str) -> Result<&str, Refusal> {
    let text = text.trim();
    let parts = text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let sound = parts && plain && text.chars().count() <= EMAIL_CHARACTERS_MAX;
    sound
        .then_some(text)
        .ok_or_else(|| Refusal::Malformed("email must be an address like ana@example.com".to_owned()))
}

/// A password of any but no length.
///
/// # Errors
/// [`Refusal::Malformed`].
pub(super) fn password(text: &str) -> Result<&str, Refusal> {
    let sound = (1..=PASSWORD_CHARACTERS_MAX).contains(&text.chars().count());
    let rule = || format!("password must have 1 to {PASSWORD_CHARACTERS_MAX} characters");
    sound.then_some(text).ok_or_else(|| Refusal::Malformed(rule()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_sides_and_no_blank() {
        assert_eq!(email(" ana@example.com ").expect("an address"), "ana@example.com");
        for text in ["", "ana", "@example.com", "ana@example", "a na@example.com", "ana@exa\nmple.com"] {
            assert!(email(text).is_err(), "{text}");
        }
        assert!(password("").is_err() && password("x").is_ok());
    }
}
