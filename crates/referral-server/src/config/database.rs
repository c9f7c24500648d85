//! Which store: a SQLite file or a PostgreSQL database.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use referral_domain::port::{StoreError, chain};
use referral_postgres::{PgStore, Sessions};

use super::fault::{Wrong, wrong};

/// What a URL of each store looks like.
const EXAMPLES: &str = "write for instance sqlite://data/referral.db or postgres://user:password@host:5432/referral?sslmode=verify-full";

/// Where facts are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Database {
    /// In the embedded store's file.
    Sqlite(PathBuf),
    /// In a PostgreSQL database.
    Postgres(PostgresUrl),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "sqlite://{}", file.display()),
            Self::Postgres(url) => write!(f, "{url}"),
        }
    }
}

/// The URL of a PostgreSQL database. It may hold a password, so it is shown without who connects.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PostgresUrl(String);

impl PostgresUrl {
    /// All of it, for the one place that connects.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = self.0.split_once('?').map_or(self.0.as_str(), |(bare, _)| bare);
        let place = bare.rsplit_once('@').or_else(|| bare.split_once("://")).map_or("", |(_, place)| place);
        write!(f, "postgres://{place}")
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `sqlite://PATH` or `postgres://...`.
pub(super) fn database(text: &str) -> Result<Database, Wrong> {
    match text.split_once("://") {
        Some(("sqlite", path)) if is_file_path(path) => Ok(Database::Sqlite(path.into())),
        Some(("postgres" | "postgresql", _)) => postgres(text),
        _ => Err(wrong("must be sqlite:// and the path of a file, or a postgres:// URL", EXAMPLES)),
    }
}

/// The store reads its URL itself; its fault names the part that is wrong, and never a password.
fn postgres(text: &str) -> Result<Database, Wrong> {
    match PgStore::open(text, Sessions::default()) {
        Ok(_) => Ok(Database::Postgres(PostgresUrl(text.to_owned()))),
        Err(fault) => Err(wrong(why(&fault), EXAMPLES)),
    }
}

/// The causes: that the store is unavailable says nothing about a store that was not looked for.
fn why(fault: &StoreError) -> String {
    fault.source().map(chain).unwrap_or_default()
}

fn is_file_path(path: &str) -> bool {
    Path::new(path).file_name().is_some() && !path.contains(['?', '#']) && !path.starts_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        let database = database(url).expect(url);
        assert!(!format!("{database:?}").contains("hunter2"));
        database.to_string()
    }

    #[test]
    fn a_url_is_shown_without_who_connects_and_what_is_asked() {
        let url = "postgres://ana:hunter2@db.example.com:5433/referral?sslmode=require";
        assert_eq!(shown(url), "postgres://db.example.com:5433/referral");
        assert_eq!(shown("postgresql://localhost/referral"), "postgres://localhost/referral");
        assert_eq!(shown("sqlite://data/referral.db"), "sqlite://data/referral.db");
    }

    #[test]
    fn a_url_that_the_store_refuses_is_a_fault_with_its_reason_and_without_its_password() {
        for (url, reason) in [
            ("postgres://ana:hunter2@db/referral?sslmode=maybe", "sslmode is disable, prefer"),
            (
                "postgres://ana:hunter2@db/referral?sslmode=verify-full&sslrootcert=/nowhere.pem",
                "nowhere.pem",
            ),
            ("postgres://ana:hunter2@db:port/referral", "not understood"),
            ("mysql://ana:hunter2@db/referral", "must be sqlite://"),
        ] {
            let rule = database(url).expect_err(url).rule;
            assert!(rule.contains(reason) && !rule.contains("hunter2"), "{rule}");
        }
    }
}
