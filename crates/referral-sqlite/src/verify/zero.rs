//! Everything against zero: the users' balances by the heads, the system's by the transfers, book by book.

use std::collections::BTreeMap;

use diesel::prelude::*;
use referral_domain::ledger::Check;

use super::{Finding, equal};
use crate::schema::{account_heads as heads, transfers};

pub(super) fn accounts_sum_to_zero(conn: &mut SqliteConnection) -> Finding {
    let mut sums = BTreeMap::<i64, i128>::new();
    for head in heads::table.select((heads::book_id, heads::balance)).load_iter::<(i64, i64), _>(conn)? {
        let (book, balance) = head?;
        *sums.entry(book).or_default() += i128::from(balance);
    }
    let (from_system, to_system) =
        (transfers::debit_system.is_not_null(), transfers::credit_system.is_not_null());
    let query = transfers::table.select((transfers::book_id, transfers::amount, from_system, to_system));
    for transfer in query.load_iter::<(i64, i64, bool, bool), _>(conn)? {
        let (book, amount, from_system, to_system) = transfer?;
        let sum = sums.entry(book).or_default();
        *sum -= i128::from(amount) * i128::from(from_system);
        *sum += i128::from(amount) * i128::from(to_system);
    }
    sums.iter().try_for_each(|(book, sum)| equal(Check::Zero, || format!("book {book}"), &0, sum))
}
