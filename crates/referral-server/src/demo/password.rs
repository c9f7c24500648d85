//! Passwords: argon2, off the threads that serve requests.

use actix_web::web;
use anyhow::{Context, anyhow};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// A salted hash of a password, in its standard text form.
///
/// # Errors
/// When the hash cannot be computed.
pub(super) async fn hash(password: String) -> anyhow::Result<String> {
    web::block(move || hash_now(&password)).await.context("hashing was cut short")?
}

/// Whether the password is the one that was hashed. Without a hash it takes as long and answers no, so that an
/// unknown address cannot be told from a wrong password.
///
/// # Errors
/// When the hash is malformed.
pub(super) async fn matches(password: String, hash: Option<String>) -> anyhow::Result<bool> {
    let compare = move || match hash {
        Some(hash) => matches_now(&password, &hash),
        None => hash_now(&password).map(|_| false),
    };
    web::block(compare).await.context("hashing was cut short")?
}

fn hash_now(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| anyhow!("a password cannot be hashed: {error}"))
}

fn matches_now(password: &str, hash: &str) -> anyhow::Result<bool> {
    let hash =
        PasswordHash::new(hash).map_err(|error| anyhow!("a stored password hash is malformed: {error}"))?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn only_the_password_itself_matches_its_hash() {
        let hash = hash("correct horse".to_owned()).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(matches("correct horse".to_owned(), Some(hash.clone())).await.expect("compared"));
        assert!(!matches("wrong horse".to_owned(), Some(hash)).await.expect("compared"));
        assert!(!matches("correct horse".to_owned(), None).await.expect("compared"));
    }
}
