//! Names the host gives: its users, its events, its redemptions. They are keys, so their form is fixed.

use std::fmt;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident: $valid:path;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads it; `None` when the form is wrong.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                $valid(text).then(|| Self(text.to_owned()))
            }

            /// The text as given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )+};
}

names! {
    /// The host's id of a user: 1 to 100 characters, case-sensitive, no control characters, no blank at either end.
    ///
    /// ```
    /// use referral_ledger::reference::HostId;
    /// assert!(HostId::parse("u_ben").is_some());
    /// assert!(HostId::parse(" u_ben").is_none());
    /// ```
    HostId: is_host_id;

    /// The host's id of a spend or refund, unique per program for ever: `[A-Za-z0-9._:-]{1,128}`.
    ///
    /// ```
    /// use referral_ledger::reference::SourceId;
    /// assert!(SourceId::parse("inv_1001").is_some());
    /// assert!(SourceId::parse("a/b").is_none(), "it appears in a path");
    /// ```
    SourceId: is_token;

    /// The host's reference of a redemption or its reversal: `[A-Za-z0-9._:-]{1,128}`.
    ///
    /// ```
    /// use referral_ledger::reference::Reference;
    /// assert!(Reference::parse("order:77").is_some());
    /// assert!(Reference::parse("").is_none());
    /// ```
    Reference: is_token;

    /// A program's public id: `[a-z0-9-]{1,40}`.
    ///
    /// ```
    /// use referral_ledger::reference::Slug;
    /// assert!(Slug::parse("default").is_some());
    /// assert!(Slug::parse("Default").is_none());
    /// ```
    Slug: is_slug;
}

fn is_host_id(text: &str) -> bool {
    let count = text.chars().count();
    (1..=100).contains(&count) && text.trim() == text && !text.chars().any(char::is_control)
}

fn is_token(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(legal)
}

fn is_slug(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(legal)
}
