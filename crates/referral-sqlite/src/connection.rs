//! Connections: opened in one way, with settings that are set and then asked back.
//!
//! `synchronous=FULL` makes a commit durable before it answers (one fsync of the log); `recursive_triggers` makes
//! `INSERT OR REPLACE` fire the triggers that forbid deletion; `trusted_schema=OFF` keeps a tampered file from running
//! functions. A checkpoint folds the log back every 64 MB, and truncates it to that after a long reader.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use referral_domain::port::StoreError;

use crate::failure::{Told, unavailable};

/// How long a statement waits for another process that holds the file: 5 seconds, then the store is unavailable.
pub(crate) const BUSY_MILLIS: u32 = 5_000;

/// Pages the writer keeps in memory, in KiB. A unit that changes more spills to the log and still commits at once.
const WRITER_CACHE_KIB: u32 = 32_768;
/// After how many pages the log is copied into the database, by the writer, between two units: 62.5 MiB of log, in which a
/// page that many units change is copied once. After a crash that much is read on start.
const CHECKPOINT_PAGES: u32 = 16_000;
/// Pages each reader keeps, in KiB; the system's page cache does the rest.
const READER_CACHE_KIB: u32 = 1_024;

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// The one that writes.
    Writer,
    /// One of those that only read.
    Reader,
}

/// Opens the file and makes sure that every setting holds.
pub(crate) fn open(path: &Path, role: Role) -> Result<SqliteConnection, StoreError> {
    let name = path.to_str().ok_or_else(|| unavailable("the database's path is not UTF-8"))?;
    let mut conn = SqliteConnection::establish(&plain(name)).map_err(unavailable)?;
    conn.batch_execute(&settings(role)).told()?;
    for (name, expected) in expectations(role) {
        check(&mut conn, name, expected)?;
    }
    Ok(conn)
}

/// A name that looks like a URI would be read as one.
fn plain(name: &str) -> String {
    if name.starts_with('/') { name.to_owned() } else { format!("./{name}") }
}

fn settings(role: Role) -> String {
    let (cache, query_only) = match role {
        Role::Writer => (WRITER_CACHE_KIB, "OFF"),
        Role::Reader => (READER_CACHE_KIB, "ON"),
    };
    format!(
        "PRAGMA busy_timeout={BUSY_MILLIS}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON; PRAGMA trusted_schema=OFF;
         PRAGMA cache_size=-{cache}; PRAGMA mmap_size=0; PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES};
         PRAGMA journal_size_limit=67108864; PRAGMA query_only={query_only};"
    )
}

/// What each setting must answer: a guarantee stands on it.
fn expectations(role: Role) -> [(&'static str, &'static str); 7] {
    [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("recursive_triggers", "1"),
        ("trusted_schema", "0"),
        ("ignore_check_constraints", "0"),
        ("query_only", if role == Role::Reader { "1" } else { "0" }),
    ]
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

/// Whether a setting is what it must be.
pub(crate) fn check(conn: &mut SqliteConnection, name: &str, expected: &str) -> Result<(), StoreError> {
    let found = setting(conn, name)?;
    if found == expected {
        return Ok(());
    }
    Err(unavailable(format!("PRAGMA {name} is {found}, not {expected}")))
}

/// What a setting is. The name is one of ours.
pub(crate) fn setting(conn: &mut SqliteConnection, name: &str) -> Result<String, StoreError> {
    let sql = format!("SELECT CAST({name} AS TEXT) AS value FROM pragma_{name}");
    diesel::sql_query(sql).get_result::<Setting>(conn).map(|setting| setting.value).told()
}
