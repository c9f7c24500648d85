//! Text that must never be shown.

use std::fmt;

/// A secret: readable by those who need it, never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// Fewer bytes than this can be guessed.
    pub(crate) const BYTES_MIN: usize = 32;

    /// Takes text of at least [`Self::BYTES_MIN`] bytes as it stands; `None` when it is shorter.
    pub(crate) fn new(text: &str) -> Option<Self> {
        (text.len() >= Self::BYTES_MIN).then(|| Self(text.to_owned()))
    }

    /// Its bytes, for the one place that signs, verifies or hashes with it.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Its text, to be written to its own file.
    pub(crate) fn expose_text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed_and_a_short_one_is_none() {
        let secret = Secret::new("0123456789abcdef0123456789abcdef").expect("32 bytes");
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
        assert!(Secret::new("0123456789abcdef0123456789abcde").is_none());
    }
}
