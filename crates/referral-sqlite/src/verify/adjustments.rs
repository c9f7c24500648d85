//! Adjustments against what they posted, and retractions by hand against what they take back.

/// By how much a transaction changed what its user has: what they owe counts against them.
macro_rules! change {
    ($transaction:literal) => {
        concat!(
            "(SELECT coalesce(sum(iif(e.side = 'C', e.amount, -e.amount)), 0) FROM transfers AS f
              JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
              WHERE f.book_id = t.book_id AND f.transaction_id = ",
            $transaction,
            ")"
        )
    };
}

pub(super) const PLACES: &[&str] =
    &[STEPS_FOLLOW, POSTED, WITHOUT_STEP, DECIDED_BY_WHO_ASKED, UNASKED, TAKES_BACK_NOTHING, RETRACTIONS];

/// An adjustment is asked for, and what waits is decided once; what is posted, and nothing else, has a transaction.
const STEPS_FOLLOW: &str = "
SELECT format('adjustment_steps %s n %d of book %d', lower(hex(s.adjustment_id)), s.n, s.book_id) AS place,
  format('what may follow n %d, %s, %s', b.n, b.status,
    iif(s.status = 'posted', 'by a transaction', 'by none')) AS expected,
  format('%s after n %d, %s, by %s', s.status, s.prev_n, s.prev_status,
    iif(s.transaction_id IS NULL, 'none', 'a transaction')) AS found
FROM adjustment_steps AS s
LEFT JOIN adjustment_steps AS b ON b.book_id = s.book_id AND b.adjustment_id = s.adjustment_id AND b.n = s.n - 1
WHERE (s.prev_n, s.prev_status) IS NOT (b.n, b.status)
  OR coalesce(b.status, '') || '>' || s.status NOT IN ('>waiting', '>posted', 'waiting>posted', 'waiting>rejected')
  OR (s.n > 1) <> (b.n IS NOT NULL) OR (s.status = 'posted') <> (s.transaction_id IS NOT NULL)
ORDER BY s.book_id, s.adjustment_id, s.n LIMIT 1";

const POSTED: &str = concat!(
    "SELECT format('adjustment_steps %s n %d of book %d', lower(hex(s.adjustment_id)), s.n, s.book_id) AS place,
       format('manual_adjustment of %d for user %s', a.amount, lower(hex(a.user_id))) AS expected,
       format('%s of %d for user %s', t.kind, ",
    change!("t.transaction_id"),
    ", lower(hex(t.user_id))) AS found
     FROM adjustment_steps AS s
     LEFT JOIN adjustments AS a ON a.book_id = s.book_id AND a.adjustment_id = s.adjustment_id
     LEFT JOIN ledger_transactions AS t ON t.book_id = s.book_id AND t.transaction_id = s.transaction_id
     WHERE a.adjustment_id IS NULL OR (s.transaction_id IS NOT NULL
       AND ('manual_adjustment', a.user_id, a.amount) IS NOT (t.kind, t.user_id, ",
    change!("t.transaction_id"),
    ")) ORDER BY s.book_id, s.adjustment_id, s.n LIMIT 1"
);

const WITHOUT_STEP: &str = "
SELECT format('adjustments %s of book %d', lower(hex(a.adjustment_id)), a.book_id) AS place,
  'a step that asked for it' AS expected, 'none' AS found
FROM adjustments AS a
WHERE NOT EXISTS (SELECT 1 FROM adjustment_steps AS s
  WHERE s.book_id = a.book_id AND s.adjustment_id = a.adjustment_id AND s.n = 1)
LIMIT 1";

const DECIDED_BY_WHO_ASKED: &str = "
SELECT format('adjustment_steps %s n %d of book %d', lower(hex(s.adjustment_id)), s.n, s.book_id) AS place,
  format('another than %s %s', asked.actor_kind, coalesce(asked.actor_id, lower(hex(asked.user_id)))) AS expected,
  format('%s %s', decided.actor_kind, coalesce(decided.actor_id, lower(hex(decided.user_id)))) AS found
FROM adjustment_steps AS s
JOIN adjustment_steps AS b ON b.book_id = s.book_id AND b.adjustment_id = s.adjustment_id AND b.n = s.n - 1
LEFT JOIN audit_log AS asked ON asked.book_id = b.book_id AND asked.audit_id = b.audit_id
LEFT JOIN audit_log AS decided ON decided.book_id = s.book_id AND decided.audit_id = s.audit_id
WHERE (asked.actor_kind, asked.user_id, asked.actor_id) IS (decided.actor_kind, decided.user_id, decided.actor_id)
LIMIT 1";

const UNASKED: &str = "
SELECT format('ledger_transactions %s of book %d', lower(hex(t.transaction_id)), t.book_id) AS place,
  'a step of an adjustment' AS expected, 'none' AS found
FROM ledger_transactions AS t
WHERE t.kind = 'manual_adjustment' AND NOT EXISTS
  (SELECT 1 FROM adjustment_steps AS s WHERE s.book_id = t.book_id AND s.transaction_id = t.transaction_id)
LIMIT 1";

/// Whatever retracts names what of the same user it takes back.
const TAKES_BACK_NOTHING: &str = "
SELECT format('ledger_transactions %s of book %d', lower(hex(t.transaction_id)), t.book_id) AS place,
  format('it takes something back of user %s', lower(hex(t.user_id))) AS expected,
  format('it takes back %s of user %s', lower(hex(t.reverses)), lower(hex(r.user_id))) AS found
FROM ledger_transactions AS t
LEFT JOIN ledger_transactions AS r ON r.book_id = t.book_id AND r.transaction_id = t.reverses
WHERE t.kind = 'credit_retraction' AND r.user_id IS NOT t.user_id
LIMIT 1";

/// What an operator takes back is an adjustment, the one that the leg is of, and whole.
const RETRACTIONS: &str = concat!(
    "SELECT format('ledger_transactions %s of book %d', lower(hex(l.transaction_id)), l.book_id) AS place,
       format('credit_retraction of manual_adjustment %s by %d', replace(substr(l.origin_id, 5), '-', ''), -",
    change!("r.transaction_id"),
    ") AS expected,
       format('%s of %s %s by %d', t.kind, r.kind, lower(hex(t.reverses)), ",
    change!("t.transaction_id"),
    ") AS found
     FROM books AS b
     JOIN transfers AS l ON l.book_id = b.book_id AND l.origin = 'retraction' AND l.leg = 0
     LEFT JOIN ledger_transactions AS t ON t.book_id = l.book_id AND t.transaction_id = l.transaction_id
     LEFT JOIN ledger_transactions AS r ON r.book_id = t.book_id AND r.transaction_id = t.reverses
     WHERE ('credit_retraction', 'manual_adjustment', replace(substr(l.origin_id, 5), '-', ''), -",
    change!("r.transaction_id"),
    ") IS NOT (t.kind, r.kind, lower(hex(t.reverses)), ",
    change!("t.transaction_id"),
    ") LIMIT 1"
);
