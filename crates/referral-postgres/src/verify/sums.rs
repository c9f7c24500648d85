//! Whether the great tables agree, by sums that only agreeing rows share: each table is read once, in its own order, by
//! as many workers as the server has, and nothing is looked up by key.
//!
//! Two sets of rows are the same when each row's keyed hash, summed, gives the same number. The keys are drawn anew for
//! each verification, by the server's strong source, so that nobody can make rows for them: what differs agrees by chance
//! once in 2^61. Where an amount is compared, its hash is multiplied by it. A chain needs no order: an entry goes from
//! `(account, seq, balance_before)` to `(account, seq + 1, balance_after)`, and once each head leads back to where its
//! chain begins, each place is left as often as it is reached. So
//!
//! ```text
//! sum over entries of h(from) - h(to)  =  sum over heads of h(account, 1, 0) - h(account, seq + 1, balance)
//! ```
//!
//! holds exactly when each account's entries are one chain, without gap or fork, that ends at its head.
//!
//! Agreement means that [`Check::TransferEntries`], [`EntryChain`](Check::EntryChain), [`Heads`](Check::Heads),
//! [`Bounds`](Check::Bounds), [`Zero`](Check::Zero) and [`Lines`](Check::Lines) hold. Without it, their own queries say
//! which does not, and where.

use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_domain::ledger::Check;
use referral_domain::port::StoreError;

use crate::failure::Told;
use crate::statement::fixed;

/// What the sums are taken by: a prime, so that no amount hides behind a factor of it.
const MODULUS: i128 = (1 << 61) - 1;

/// A sum, and how many rows are wrong by themselves.
type Sum = (BigInt, BigInt);

/// Whether these sums speak for a check.
pub(crate) const fn cover(check: Check) -> bool {
    match check {
        Check::TransferEntries | Check::EntryChain | Check::Heads => true,
        Check::Bounds | Check::Zero | Check::Lines => true,
        Check::RewardSteps | Check::DueRewards | Check::Redemptions | Check::Holds => false,
        Check::Commissions | Check::NetSpend | Check::Budgets | Check::Payouts | Check::Seals => false,
    }
}

/// Whether all of it agrees.
pub(crate) async fn agree(mut conn: &AsyncPgConnection) -> Result<bool, StoreError> {
    let keys = fixed::<(BigInt,)>(KEYS).load::<(i64,)>(&mut conn).await.told()?;
    let mut total = 0;
    for query in [EXTREMES, ENTRIES, HEADS, TRANSFERS, LATER_LEGS, MOVED, TRANSACTIONS, LINES] {
        let asked = fixed::<Sum>(query).column(&keys, |key| key.0);
        let (sum, wrong) = asked.get_result::<(i64, i64)>(&mut conn).await.told()?;
        if wrong > 0 {
            return Ok(false);
        }
        total += i128::from(sum);
    }
    Ok(total % MODULUS == 0)
}

/// Keys of the hashes: of places in a chain, of debits, of credits, of legs, of what a transaction moves, of lines, of
/// what is earned or taken back, of payouts.
const KEYS: &str = "SELECT uuid_hash_extended(gen_random_uuid(), 0) FROM generate_series(1, 8)";

/// A sum of 64-bit hashes, or of products with them, within [`MODULUS`].
macro_rules! within {
    ($($sum:expr),+) => {
        concat!("mod(coalesce(", $($sum),+, ", 0), 2305843009213693951)::bigint")
    };
}

/// The hash of an account's place in its chain.
macro_rules! place {
    ($seq:literal, $balance:literal, $purpose:literal) => {
        concat!(
            "hashint8extended(",
            $balance,
            ", hashint8extended(",
            $seq,
            ", uuid_hash_extended(e.account_id, hashint8extended(e.book_id, hashtextextended(",
            $purpose,
            ", $1[1])))))"
        )
    };
}

/// The hash of one side of a transfer; none of a side that is the system's.
macro_rules! side {
    ($key:literal, $account:literal) => {
        concat!(
            "hashint8extended(e.amount, uuid_hash_extended(e.transfer_id, uuid_hash_extended(",
            $account,
            ", hashint8extended(e.book_id, ",
            $key,
            "))))"
        )
    };
}

/// What a transaction does to a user's balance of a purpose: its hash by the amount.
macro_rules! moves {
    ($purpose:literal, $amount:literal) => {
        concat!(
            "uuid_hash_extended(m.transaction_id, uuid_hash_extended(m.user_id, hashtextextended(",
            $purpose,
            ", hashint8extended(m.book_id, $1[5]))))::numeric * ",
            $amount
        )
    };
}

/// As [`moves`], of a line, where something moves.
macro_rules! line_moves {
    ($purpose:literal, $amount:literal) => {
        concat!("coalesce(sum(", moves!($purpose, $amount), ") FILTER (WHERE ", $amount, " <> 0), 0)")
    };
}

/// What is so great that a difference of two might not fit is not summed up: it is wrong, and found by its own query.
const EXTREMES: &str = "SELECT 0::bigint, count(*) FROM history_lines WHERE cardinality($1) > 0
  AND (greatest(n, available_before, held_before, in_payout_before, owed_before, available_after, held_after,
      in_payout_after, owed_after, earned, taken, paid_out) > 1000000000000000000
    OR least(n, available_before, held_before, in_payout_before, owed_before, available_after, held_after,
      in_payout_after, owed_after, earned, taken, paid_out) < -1000000000000000000)";

/// The hash of a place in a user's history.
macro_rules! line_place {
    ($n:literal, $available:literal, $held:literal, $in_payout:literal, $owed:literal) => {
        concat!(
            "hashint8extended(",
            $n,
            ", hashint8extended(",
            $available,
            ", hashint8extended(",
            $held,
            ", hashint8extended(",
            $in_payout,
            ", hashint8extended(",
            $owed,
            ", $1[1])))))"
        )
    };
}

const ENTRIES: &str = concat!(
    "SELECT ",
    within!(
        "sum(",
        place!("e.seq", "e.balance_before", "e.purpose"),
        ") - sum(",
        place!("least(e.seq, 1000000000000000000) + 1", "e.balance_after", "e.purpose"),
        ") + sum(",
        side!("CASE e.side WHEN 'C' THEN $1[3] ELSE $1[2] END", "e.account_id"),
        ")"
    ),
    ", count(*) FILTER (WHERE e.seq > 1000000000000000000 OR e.balance_after::numeric - e.balance_before
         <> CASE e.side WHEN 'C' THEN e.amount ELSE -e.amount END
       OR CASE e.purpose WHEN 'owed' THEN e.balance_after > 0 ELSE e.balance_after < 0 END) FROM entries AS e"
);

const HEADS: &str = concat!(
    "SELECT ",
    within!(
        "sum(",
        place!("least(e.seq, 1000000000000000000) + 1", "e.balance", "a.purpose"),
        ") - sum(",
        place!("1", "0", "a.purpose"),
        ")"
    ),
    ", 0::bigint FROM account_heads AS e
     JOIN accounts AS a ON a.book_id = e.book_id AND a.account_id = e.account_id"
);

/// With one debit and one credit each, and the entries of both, all accounts sum to zero.
const TRANSFERS: &str = concat!(
    "SELECT ",
    within!(
        "- coalesce(sum(",
        side!("$1[2]", "e.debit_account"),
        "), 0) - coalesce(sum(",
        side!("$1[3]", "e.credit_account"),
        "), 0) + sum(hash_record_extended((e.book_id, e.transaction_id, e.referral_id, e.effective_at,
           e.recorded_at), $1[4])) FILTER (WHERE e.leg = 0)"
    ),
    ", count(*) FILTER (WHERE (e.debit_account IS NULL) = (e.debit_system IS NULL)
       OR (e.credit_account IS NULL) = (e.credit_system IS NULL)) FROM transfers AS e"
);

/// The first legs are compared with their transactions; few have others.
const LATER_LEGS: &str = "SELECT 0::bigint, count(*) FROM transfers AS f
  LEFT JOIN LATERAL (SELECT t.* FROM transfers AS t
    WHERE t.book_id = f.book_id AND t.transaction_id = f.transaction_id AND t.leg = 0 LIMIT 1) AS t ON true
  WHERE f.leg <> 0 AND cardinality($1) > 0 AND (t.transaction_id IS NULL
    OR (t.referral_id, t.effective_at, t.recorded_at) IS DISTINCT FROM (f.referral_id, f.effective_at, f.recorded_at))";

const MOVED: &str = concat!(
    "SELECT ",
    within!("sum(", moves!("m.purpose", "m.amount"), ")"),
    ", 0::bigint FROM (
       SELECT t.book_id, t.transaction_id, a.user_id, a.purpose,
         CASE a.purpose WHEN 'owed' THEN -t.amount ELSE t.amount END AS amount
       FROM (SELECT book_id, transaction_id, credit_account AS account_id, amount FROM transfers
           WHERE credit_account IS NOT NULL
         UNION ALL SELECT book_id, transaction_id, debit_account, -amount FROM transfers
           WHERE debit_account IS NOT NULL) AS t
       JOIN accounts AS a ON a.book_id = t.book_id AND a.account_id = t.account_id) AS m"
);

/// Which transactions earn is said by their kind, and by that of what they take back.
const TRANSACTIONS: &str = concat!(
    "SELECT ",
    within!(
        "- sum(hash_record_extended((t.book_id, t.transaction_id, t.referral_id, t.effective_at, t.recorded_at),
           $1[4])) - sum(hash_record_extended((t.book_id, t.transaction_id, t.user_id, t.recorded_at), $1[6]))
         - coalesce(sum(uuid_hash_extended(t.transaction_id, $1[7])) FILTER (WHERE CASE t.kind
             WHEN 'credit_retraction' THEN (SELECT r.kind FROM ledger_transactions AS r
               WHERE r.book_id = t.book_id AND r.transaction_id = t.reverses)
             ELSE t.kind END IN ('referral_bonus', 'affiliate_commission')), 0)
         - coalesce(sum(uuid_hash_extended(t.transaction_id, $1[8])) FILTER (WHERE t.kind = 'affiliate_payout'), 0)"
    ),
    ", 0::bigint FROM ledger_transactions AS t"
);

/// A line begins where the one before ended, later; what it adds to the running sums follows from what it moves.
const LINES: &str = concat!(
    "SELECT ",
    within!(
        "sum(hash_record_extended((m.book_id, m.transaction_id, m.user_id, m.at), $1[6]))
         + coalesce(sum(uuid_hash_extended(m.transaction_id, $1[7])) FILTER (WHERE m.earned <> 0 OR m.taken <> 0), 0)
         + coalesce(sum(uuid_hash_extended(m.transaction_id, $1[8])) FILTER (WHERE m.in_payout <> 0), 0) - ",
        line_moves!("'available'", "m.available"),
        " - ",
        line_moves!("'held'", "m.held"),
        " - ",
        line_moves!("'in_payout'", "m.in_payout"),
        " - ",
        line_moves!("'owed'", "m.owed")
    ),
    ", count(*) FILTER (WHERE m.begins <> coalesce(m.ends, ",
    line_place!("1", "0", "0", "0", "0"),
    ") OR m.last_at >= m.at OR m.least < 0 OR m.both
       OR ((m.earned <> 0 OR m.taken <> 0) AND (m.earned, m.taken) <> (greatest(m.gain, 0), greatest(-m.gain, 0)))
       OR m.paid <> CASE WHEN m.in_payout <> 0 THEN m.owed - m.available ELSE 0 END)
     FROM (SELECT l.book_id, l.user_id, l.n, l.transaction_id, l.at,
         l.available_after - l.available_before AS available, l.held_after - l.held_before AS held,
         l.in_payout_after - l.in_payout_before AS in_payout, l.owed_after - l.owed_before AS owed,
         (l.available_after - l.available_before) + (l.held_after - l.held_before)
           + (l.in_payout_after - l.in_payout_before) - (l.owed_after - l.owed_before) AS gain,
         least(l.available_after, l.held_after, l.in_payout_after, l.owed_after) AS least,
         l.available_after > 0 AND l.owed_after > 0 AS both,
         ",
    line_place!("l.n", "l.available_before", "l.held_before", "l.in_payout_before", "l.owed_before"),
    " AS begins, lag(",
    line_place!("l.n + 1", "l.available_after", "l.held_after", "l.in_payout_after", "l.owed_after"),
    ") OVER chain AS ends, lag(l.at) OVER chain AS last_at,
         l.earned - coalesce(lag(l.earned) OVER chain, 0) AS earned,
         l.taken - coalesce(lag(l.taken) OVER chain, 0) AS taken,
         l.paid_out - coalesce(lag(l.paid_out) OVER chain, 0) AS paid
       FROM history_lines AS l WINDOW chain AS (PARTITION BY l.book_id, l.user_id ORDER BY l.n)) AS m"
);
