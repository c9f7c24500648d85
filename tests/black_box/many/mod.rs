//! Several servers on one PostgreSQL, and what may happen to it.
//!
//! Those that load the machine take turns, so that a figure is not another test's noise.

mod at_once;
mod away;
mod fleet;
mod killed;
mod limits;
mod paying;
mod schema;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use referral_testkit::launch::postgres::{Postgres, Settings, Site, given};

use crate::home::Home;

/// One after the other: a test that failed is no reason for the next not to run.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The server of all tests that do it no harm: the one given, or a private one.
fn shared() -> Site {
    static PRIVATE: OnceLock<Postgres> = OnceLock::new();
    given().unwrap_or_else(|| PRIVATE.get_or_init(|| Postgres::private(Settings::quick())).site().clone())
}

/// A database that nobody else uses, empty.
fn an_empty_database(site: &Site) -> String {
    static DATABASES: Mutex<u32> = Mutex::new(0);
    let mut number = DATABASES.lock().unwrap_or_else(PoisonError::into_inner);
    *number += 1;
    let name = format!("black_box_{}_{number}", std::process::id());
    site.create_database(&name, None);
    name
}

/// A home of servers on a fresh, migrated database of this server.
fn a_home(site: &Site) -> (Home, String) {
    let database = an_empty_database(site);
    let home = Home::on(&site.url(&database));
    home.print(&["migrate"]);
    (home, database)
}
