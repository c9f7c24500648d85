//! The months of a program's budget: one row each, locked by whoever grants from it.
//!
//! `lock` is one flight of two statements: one makes the row where it is missing and writes nothing where it is not, the
//! other locks it and reads it as it is once the lock is there.

use async_trait::async_trait;
use diesel::sql_types::{BigInt, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use referral_domain::budget::BudgetMonth;
use referral_domain::id::BookId;
use referral_domain::port::{Budgets, StoreError};
use referral_domain::time::Month;

use crate::failure::{Told, touched};
use crate::statement::fixed;
use crate::unit::{PgUnit, call};

/// A month begins with what was granted in it while there was no budget: that is added up once a month, when its row is
/// not there yet.
const MAKE: &str = "INSERT INTO budget_months (book_id, month, granted)
  SELECT $1, $2, (SELECT coalesce(sum(s.amount), 0) FROM reward_steps AS s
    WHERE s.book_id = $1 AND s.n % 2 = 1
      AND s.at >= make_timestamptz(($2 / 12)::integer, ($2 % 12 + 1)::integer, 1, 0, 0, 0, 'UTC')
      AND s.at < make_timestamptz((($2 + 1) / 12)::integer, (($2 + 1) % 12 + 1)::integer, 1, 0, 0, 0, 'UTC'))
  WHERE (SELECT 1 FROM budget_months AS m WHERE m.book_id = $1 AND m.month = $2) IS NULL
  ON CONFLICT (book_id, month) DO NOTHING";

const LOCK: &str = "SELECT m.granted, m.closed_under FROM budget_months AS m
  WHERE m.book_id = $1 AND m.month = $2 FOR NO KEY UPDATE";

async fn make(mut conn: &AsyncPgConnection, book: BookId, month: i64) -> Result<(), StoreError> {
    fixed::<()>(MAKE).bind(book.0).bind(month).execute(&mut conn).await.told()?;
    Ok(())
}

async fn read(
    mut conn: &AsyncPgConnection,
    book: BookId,
    month: i64,
) -> Result<(i64, Option<i64>), StoreError> {
    let query = fixed::<(BigInt, Nullable<BigInt>)>(LOCK).bind(book.0).bind(month);
    query.get_result(&mut conn).await.told()
}

async fn lock(conn: &AsyncPgConnection, book: BookId, month: Month) -> Result<BudgetMonth, StoreError> {
    let number = i64::from(month.number());
    let ((), (granted, closed_under)) = try_join(make(conn, book, number), read(conn, book, number)).await?;
    Ok(BudgetMonth { month, granted, closed_under })
}

const SAVE: &str = "INSERT INTO budget_months (book_id, month, granted, closed_under)
  SELECT $1, unnest($2), unnest($3), unnest($4)
  ON CONFLICT (book_id, month) DO UPDATE SET granted = excluded.granted, closed_under = excluded.closed_under";

/// Replaces months that were locked.
pub(crate) async fn save(
    mut conn: &AsyncPgConnection,
    book: BookId,
    rows: &[BudgetMonth],
) -> Result<(), StoreError> {
    let save = fixed::<()>(SAVE).bind(book.0).column(rows, |row| i64::from(row.month.number()));
    let save = save.column(rows, |row| row.granted).column(rows, |row| row.closed_under);
    touched(save.execute(&mut conn).await.told()?, rows.len(), "budget_months")
}

#[async_trait]
impl Budgets for PgUnit {
    async fn lock(&mut self, book: BookId, month: Month) -> Result<BudgetMonth, StoreError> {
        call!(self, |conn| lock(conn, book, month))
    }
}
