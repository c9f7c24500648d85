//! Locks of what has no row to lock: they are the transaction's, and end with it.
//!
//! Each is known by a number drawn from a name that begins with what it is. Two names may have one number; then units
//! wait that need not, and nothing else.

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::port::StoreError;

use crate::failure::Told;
use crate::statement::fixed;

/// Waits for the locks of these names, one after the other in the order of the names, and holds them until the unit ends.
pub async fn hold_all(mut conn: &AsyncPgConnection, mut names: Vec<String>) -> Result<(), StoreError> {
    names.sort_unstable();
    let hold = fixed::<()>(
        "SELECT count(pg_advisory_xact_lock(w.number)) FROM (
           SELECT hashtextextended(u.name, 0) AS number FROM unnest($1) AS u(name)) AS w",
    );
    hold.bind(names).execute(&mut conn).await.told()?;
    Ok(())
}

/// Waits for the lock of this name, and holds it until the unit ends.
pub async fn hold(conn: &AsyncPgConnection, name: &str) -> Result<(), StoreError> {
    hold_all(conn, vec![name.to_owned()]).await
}
