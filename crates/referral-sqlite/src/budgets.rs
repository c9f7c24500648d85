//! What the months' budgets have granted: one row a program and month. The writer is the lock.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use referral_domain::budget::BudgetMonth;
use referral_domain::id::BookId;
use referral_domain::port::{Budgets, StoreError};
use referral_domain::time::Month;

use crate::failure::Told;
use crate::schema::budget_months as months;
use crate::statement::fixed;
use crate::unit::SqliteUnit;

/// A month's row, if there is one.
pub(crate) fn find(
    conn: &mut SqliteConnection,
    book: BookId,
    month: Month,
) -> Result<Option<BudgetMonth>, StoreError> {
    let query = months::table.find((book.0, i64::from(month.number())));
    let found = query.select((months::granted, months::closed_under)).first(conn).optional().told()?;
    Ok(found.map(|(granted, closed_under)| BudgetMonth { month, granted, closed_under }))
}

/// Replaces a month's row.
pub(crate) fn save(conn: &mut SqliteConnection, book: BookId, row: &BudgetMonth) -> Result<(), StoreError> {
    let upsert = fixed(
        "INSERT INTO budget_months (book_id, month, granted, closed_under) VALUES (?, ?, ?, ?)
         ON CONFLICT (book_id, month) DO UPDATE SET granted = excluded.granted, closed_under = excluded.closed_under",
    );
    let key = upsert.bind(book.0).bind(i64::from(row.month.number()));
    key.bind(row.granted).bind(row.closed_under).execute(conn).told()?;
    Ok(())
}

#[derive(QueryableByName)]
struct Granted {
    #[diesel(sql_type = BigInt)]
    granted: i64,
}

/// A month that has no row yet: what it granted before a budget was asked counts as well. It is summed up once a month.
fn begin(conn: &mut SqliteConnection, book: BookId, month: Month) -> Result<BudgetMonth, StoreError> {
    let query = fixed(
        "SELECT coalesce(sum(amount), 0) AS granted FROM reward_steps WHERE book_id = ? AND n % 2 = 1
           AND strftime('%Y', at / 1000000, 'unixepoch') * 12 + strftime('%m', at / 1000000, 'unixepoch') - 1 = ?",
    );
    let sum: Granted = query.bind(book.0).bind(i64::from(month.number())).get_result(conn).told()?;
    Ok(BudgetMonth { granted: sum.granted, ..BudgetMonth::untouched(month) })
}

fn of(conn: &mut SqliteConnection, book: BookId, month: Month) -> Result<BudgetMonth, StoreError> {
    match find(conn, book, month)? {
        Some(row) => Ok(row),
        None => begin(conn, book, month),
    }
}

#[async_trait]
impl Budgets for SqliteUnit {
    async fn lock(&mut self, book: BookId, month: Month) -> Result<BudgetMonth, StoreError> {
        self.run(move |conn| of(conn, book, month)).await
    }
}
