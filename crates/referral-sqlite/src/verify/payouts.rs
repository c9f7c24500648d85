//! Payouts against what they posted, and batches against what they sealed.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use referral_domain::id::BookId;
use referral_domain::ledger::Check;
use referral_domain::money::Currency;

use super::{Finding, equal, stages};
use crate::column::Key;
use crate::payouts;
use crate::statement::fixed;

/// What a step's transaction moved in and out of what is in payout.
macro_rules! moved {
    () => {
        "(SELECT coalesce(sum(iif(e.side = 'C', e.amount, -e.amount)), 0) FROM transfers AS f
          JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
          JOIN accounts AS a ON a.book_id = e.book_id AND a.account_id = e.account_id AND a.purpose = 'in_payout'
          WHERE f.book_id = s.book_id AND f.transaction_id = s.transaction_id)"
    };
}

/// What a step's transaction moved on to whoever is paid.
macro_rules! cleared {
    () => {
        "(SELECT coalesce(sum(f.amount), 0) FROM transfers AS f WHERE f.book_id = s.book_id
          AND f.transaction_id = s.transaction_id AND f.credit_system = 'payout_clearing')"
    };
}

/// The last of these is about the sums of all that those before look at one by one.
pub(super) const PLACES: &[&str] = &[
    stages::STEPS_FOLLOW,
    STEPS,
    stages::PAYOUT_WITHOUT_STEP,
    UNASKED,
    stages::LINES,
    stages::UNSAID,
    stages::ITEMS,
    stages::BATCH_IS_NOT_SO_FAR,
    stages::LEFT_BEHIND,
    BATCHES,
    ENTERED,
    stages::BATCH_STEPS_FOLLOW,
    stages::BATCH_WITHOUT_STEP,
    SETTLED,
    RESERVED,
    CLEARED,
];

const STEPS: &str = concat!(
    "SELECT format('payout_steps %s n %d of book %d', lower(hex(s.payout_id)), s.n, s.book_id) AS place,
       format('affiliate_payout of user %s, %d in payout, %d cleared', lower(hex(p.user_id)),
         iif(s.status = 'requested', p.amount, -p.amount), iif(s.status = 'paid', p.amount, 0)) AS expected,
       format('%s of user %s, %d in payout, %d cleared', t.kind, lower(hex(t.user_id)), ",
    moved!(),
    ", ",
    cleared!(),
    ") AS found
     FROM payout_steps AS s
     JOIN payouts AS p ON p.book_id = s.book_id AND p.payout_id = s.payout_id
     LEFT JOIN ledger_transactions AS t ON t.book_id = s.book_id AND t.transaction_id = s.transaction_id
     WHERE s.transaction_id IS NOT NULL AND ('affiliate_payout', p.user_id,
         iif(s.status = 'requested', p.amount, -p.amount), iif(s.status = 'paid', p.amount, 0))
       IS NOT (t.kind, t.user_id, ",
    moved!(),
    ", ",
    cleared!(),
    ") ORDER BY s.book_id, s.payout_id, s.n LIMIT 1"
);

const UNASKED: &str = "
SELECT format('ledger_transactions %s of book %d', lower(hex(t.transaction_id)), t.book_id) AS place,
  'a step of a payout' AS expected, 'none' AS found
FROM ledger_transactions AS t
WHERE t.kind = 'affiliate_payout' AND NOT EXISTS
  (SELECT 1 FROM payout_steps AS s WHERE s.book_id = t.book_id AND s.transaction_id = t.transaction_id)
LIMIT 1";

/// What an open payout reserved is what its user has in payout.
const RESERVED: &str = "
SELECT format('in payout of user %s of book %d', lower(hex(x.user_id)), x.book_id) AS place,
  format('%d', x.open) AS expected, format('%d', x.balance) AS found
FROM (SELECT a.book_id, a.user_id, h.balance, coalesce((SELECT sum(p.amount) FROM payouts AS p
    WHERE p.book_id = a.book_id AND p.user_id = a.user_id AND NOT EXISTS (SELECT 1 FROM payout_steps AS s
      WHERE s.book_id = p.book_id AND s.user_id = p.user_id AND s.ends = p.n)), 0) AS open
  FROM accounts AS a JOIN account_heads AS h ON h.book_id = a.book_id AND h.account_id = a.account_id
  WHERE a.purpose = 'in_payout') AS x
WHERE x.open <> x.balance LIMIT 1";

/// The sum of what was paid is what left for clearing.
const CLEARED: &str = "
SELECT format('payout_clearing of book %d', x.book_id) AS place, format('%d', x.paid) AS expected,
  format('%d', x.cleared) AS found
FROM (SELECT b.book_id,
    coalesce((SELECT sum(p.amount) FROM payout_steps AS s JOIN payouts AS p
      ON p.book_id = s.book_id AND p.payout_id = s.payout_id WHERE s.book_id = b.book_id AND s.status = 'paid'), 0) AS paid,
    coalesce((SELECT sum(t.amount) FROM transfers AS t
      WHERE t.book_id = b.book_id AND t.credit_system = 'payout_clearing'), 0)
    - coalesce((SELECT sum(t.amount) FROM transfers AS t
      WHERE t.book_id = b.book_id AND t.debit_system = 'payout_clearing'), 0) AS cleared
  FROM books AS b) AS x
WHERE x.paid <> x.cleared LIMIT 1";

const BATCHES: &str = "
SELECT format('payout_batches %s of book %d', lower(hex(x.batch_id)), x.book_id) AS place,
  format('%d payouts of %d', x.count, x.total) AS expected, format('%d payouts of %d', x.items, x.amount) AS found
FROM (SELECT b.book_id, b.batch_id, b.count, b.total, count(i.payout_id) AS items, coalesce(sum(i.amount), 0) AS amount
  FROM payout_batches AS b LEFT JOIN batch_items AS i ON i.book_id = b.book_id AND i.batch_id = b.batch_id
  GROUP BY b.book_id, b.batch_id) AS x
WHERE (x.count, x.total) <> (x.items, x.amount) LIMIT 1";

const ENTERED: &str = "
SELECT format('payout_steps %s n %d of book %d', lower(hex(s.payout_id)), s.n, s.book_id) AS place,
  'an item of its batch' AS expected, 'none' AS found
FROM payout_steps AS s
WHERE s.status = 'batched' AND NOT EXISTS (SELECT 1 FROM batch_items AS i
  WHERE i.book_id = s.book_id AND i.payout_id = s.payout_id AND i.step_n = s.n)
LIMIT 1";

/// A batch that was exported is settled when all of it is.
const SETTLED: &str = "
SELECT format('batch_steps %s of book %d', lower(hex(x.batch_id)), x.book_id) AS place,
  iif(x.waiting = 0, 'settled', 'not settled') AS expected, iif(x.settled, 'settled', 'not settled') AS found
FROM (SELECT b.book_id, b.batch_id, EXISTS (SELECT 1 FROM batch_steps AS t
      WHERE t.book_id = b.book_id AND t.batch_id = b.batch_id AND t.status = 'settled') AS settled,
    (SELECT count(*) FROM batch_items AS i WHERE i.book_id = b.book_id AND i.batch_id = b.batch_id
      AND NOT EXISTS (SELECT 1 FROM settlement_lines AS l
        WHERE l.book_id = i.book_id AND l.payout_id = i.payout_id)) AS waiting
  FROM batch_steps AS b WHERE b.status = 'exported') AS x
WHERE x.settled <> (x.waiting = 0) LIMIT 1";

#[derive(QueryableByName)]
struct Next {
    #[diesel(sql_type = BigInt)]
    book_id: i64,
    #[diesel(sql_type = Binary)]
    batch_id: Key,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    digits: i64,
}

/// Each sealed manifest is recomputed, a batch at a time.
pub(super) fn manifests_hold(conn: &mut SqliteConnection) -> Finding {
    let mut last = (i64::MIN, Key(uuid::Uuid::nil()));
    while let Some(next) = after(conn, last)? {
        last = (next.book_id, next.batch_id);
        let currency = u8::try_from(next.digits).ok();
        let currency = currency.and_then(|digits| Currency::pinned(&next.currency, digits).ok());
        let batch = payouts::batch(conn, BookId(next.book_id), next.batch_id.into())?;
        let (Some(batch), Some(currency)) = (batch, currency) else { continue };
        let expected = batch.manifest().map(|_| batch.digest(currency));
        let place = || format!("manifest of {} of book {}", batch.id, next.book_id);
        equal(Check::Payouts, place, &expected, &batch.manifest())?;
    }
    Ok(())
}

fn after(conn: &mut SqliteConnection, (book, batch): (i64, Key)) -> QueryResult<Option<Next>> {
    let query = fixed(
        "SELECT p.book_id, p.batch_id, b.currency, b.digits FROM payout_batches AS p
         JOIN books AS b ON b.book_id = p.book_id
         WHERE (p.book_id, p.batch_id) > (?, ?) ORDER BY p.book_id, p.batch_id LIMIT 1",
    );
    query.bind(book).bind(batch).get_result(conn).optional()
}
