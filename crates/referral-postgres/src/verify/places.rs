//! Queries that find the first place where something does not hold: `place`, `expected` and `found`, or no row.
//!
//! Each walks a table and looks others up by key, or folds a chain by a window; the server does it, with what memory it
//! is given, and answers one row. Sums are `numeric`: they do not overflow.

use referral_domain::ledger::Check;

use super::promises;

/// The queries of a check.
pub(super) const fn of(check: Check) -> &'static [&'static str] {
    match check {
        Check::TransferEntries => &[SIDES, ENTRY_WITHOUT_TRANSFER],
        Check::Heads => &[HEADS, CHAIN_WITHOUT_HEAD],
        Check::Bounds => &[ENTRY_BOUNDS, LINE_BOUNDS],
        Check::Lines => &[LEGS, LINES, TRANSACTION_WITHOUT_LINE, LAST_LINES, HEAD_WITHOUT_LINE],
        Check::RewardSteps => {
            &[STEPS, STEP_POSTINGS, REWARDS, WELCOMES, BONUS_WITHOUT_STEP, WELCOME_WITHOUT_REFERRAL]
        }
        Check::Redemptions => {
            &[REDEMPTIONS, REVERSALS, REVERSED_AT_MOST_WHOLLY, REDEMPTION_TRANSACTION_WITHOUT_ROW]
        }
        Check::Payouts => super::payouts::PLACES,
        Check::Adjustments => super::adjustments::PLACES,
        Check::EntryChain => &[CHAINS],
        Check::Zero => &[ZERO],
        Check::Holds => &[
            promises::HOLDS,
            promises::HOLD_STEPS,
            promises::HOLD_ENDS,
            promises::HOLD_STEP_POSTINGS,
            promises::HELD_IS_STEPPED,
            promises::HELD_REWARDS,
        ],
        Check::Commissions => &[
            promises::COMMISSION_STEPS,
            promises::COMMISSION_POSTINGS,
            promises::COMMISSION_WITHOUT_STEP,
            promises::COMMISSIONS,
        ],
        Check::NetSpend => &[promises::NET_SPEND],
        Check::Budgets => &[promises::BUDGET_STEPS, promises::BUDGETS, promises::BUDGET_OF_NOTHING],
        Check::DueRewards | Check::Seals => &[],
    }
}

const SIDES: &str = "
SELECT format('transfers %s of book %s', t.transfer_id, t.book_id) AS place,
  format('debit %s %s, credit %s %s', t.debit_account, CASE WHEN t.debit_account IS NOT NULL THEN t.amount END,
    t.credit_account, CASE WHEN t.credit_account IS NOT NULL THEN t.amount END) AS expected,
  format('debit %s %s, credit %s %s', d.account_id, d.amount, c.account_id, c.amount) AS found
FROM transfers AS t
LEFT JOIN entries AS d ON d.book_id = t.book_id AND d.transfer_id = t.transfer_id AND d.side = 'D'
LEFT JOIN entries AS c ON c.book_id = t.book_id AND c.transfer_id = t.transfer_id AND c.side = 'C'
WHERE t.debit_account IS DISTINCT FROM d.account_id OR t.credit_account IS DISTINCT FROM c.account_id
  OR (d.amount IS NOT NULL AND d.amount <> t.amount) OR (c.amount IS NOT NULL AND c.amount <> t.amount)
LIMIT 1";

const ENTRY_WITHOUT_TRANSFER: &str = "
SELECT format('entries %s seq %s of book %s', e.account_id, e.seq, e.book_id) AS place,
  format('transfer %s', e.transfer_id) AS expected, 'none' AS found
FROM entries AS e
WHERE NOT EXISTS (SELECT 1 FROM transfers AS t WHERE t.book_id = e.book_id AND t.transfer_id = e.transfer_id)
LIMIT 1";

/// Each entry begins where the one before ended, and its sum is right.
const CHAINS: &str = "
SELECT format('entries %s seq %s of book %s', e.account_id, e.seq, e.book_id) AS place,
  format('seq %s from %s to %s', e.last_seq + 1, e.last_balance, e.last_balance + e.moved) AS expected,
  format('seq %s from %s to %s', e.seq, e.balance_before, e.balance_after) AS found
FROM (SELECT e.book_id, e.account_id, e.seq, e.balance_before, e.balance_after,
    CASE e.side WHEN 'C' THEN e.amount ELSE -e.amount END::numeric AS moved,
    coalesce(lag(e.seq) OVER chain, 0) AS last_seq, coalesce(lag(e.balance_after) OVER chain, 0) AS last_balance
  FROM entries AS e WINDOW chain AS (PARTITION BY e.book_id, e.account_id ORDER BY e.seq)) AS e
WHERE (e.seq, e.balance_before, e.balance_after)
  IS DISTINCT FROM (e.last_seq + 1, e.last_balance, e.last_balance + e.moved)
LIMIT 1";

const HEADS: &str = "
SELECT format('account_heads %s of book %s', h.account_id, h.book_id) AS place,
  format('seq %s balance %s', e.seq, e.balance_after) AS expected,
  format('seq %s balance %s', h.seq, h.balance) AS found
FROM account_heads AS h
LEFT JOIN entries AS e ON e.book_id = h.book_id AND e.account_id = h.account_id AND e.seq =
  (SELECT max(x.seq) FROM entries AS x WHERE x.book_id = h.book_id AND x.account_id = h.account_id)
WHERE (h.seq, h.balance) IS DISTINCT FROM (e.seq, e.balance_after)
LIMIT 1";

const CHAIN_WITHOUT_HEAD: &str = "
SELECT format('account_heads %s of book %s', e.account_id, e.book_id) AS place,
  'a head' AS expected, 'none' AS found
FROM entries AS e
WHERE e.seq = 1 AND NOT EXISTS
  (SELECT 1 FROM account_heads AS h WHERE h.book_id = e.book_id AND h.account_id = e.account_id)
LIMIT 1";

const ENTRY_BOUNDS: &str = "
SELECT format('entries %s seq %s of book %s', e.account_id, e.seq, e.book_id) AS place,
  format('a balance of %s within its bounds', a.purpose) AS expected,
  format('%s %s', e.purpose, e.balance_after) AS found
FROM entries AS e LEFT JOIN accounts AS a ON a.book_id = e.book_id AND a.account_id = e.account_id
WHERE a.purpose IS DISTINCT FROM e.purpose
  OR CASE e.purpose WHEN 'owed' THEN e.balance_after > 0 ELSE e.balance_after < 0 END
LIMIT 1";

const LINE_BOUNDS: &str = "
SELECT format('history_lines %s n %s of book %s', user_id, n, book_id) AS place,
  'balances from 0 upward, available and owed not both positive' AS expected,
  format('available %s held %s in_payout %s owed %s', available_after, held_after, in_payout_after, owed_after) AS found
FROM history_lines
WHERE least(available_after, held_after, in_payout_after, owed_after) < 0 OR (available_after > 0 AND owed_after > 0)
LIMIT 1";

const LEGS: &str = "
SELECT format('transfers %s of book %s', f.transfer_id, f.book_id) AS place,
  format('transaction %s of referral %s, effective %s, recorded %s', t.transaction_id,
    t.referral_id, t.effective_at, t.recorded_at) AS expected,
  format('transaction %s of referral %s, effective %s, recorded %s', f.transaction_id,
    f.referral_id, f.effective_at, f.recorded_at) AS found
FROM transfers AS f
LEFT JOIN ledger_transactions AS t ON t.book_id = f.book_id AND t.transaction_id = f.transaction_id
WHERE t.transaction_id IS NULL OR (t.referral_id, t.effective_at, t.recorded_at)
  IS DISTINCT FROM (f.referral_id, f.effective_at, f.recorded_at)
LIMIT 1";

/// Each line follows the one before by what the entries of its transaction moved, its running sums too, and later.
///
/// What a reward or a commission credits is earned; what a retraction of one, or a commission that fell, takes back is
/// taken; what a payout takes from what is available, less what is owed, is paid out.
const LINES: &str = "
SELECT format('history_lines %s n %s of book %s', l.user_id, l.n, l.book_id) AS place,
  format('n %s of %s after %s, from %s to %s, earned %s taken %s paid out %s', l.last_n + 1, t.kind, l.last_at, l.ends,
    ARRAY[l.available_before + m.available, l.held_before + m.held, l.in_payout_before + m.in_payout,
      l.owed_before + m.owed], l.last_earned + s.gained, l.last_taken + s.lost, l.last_paid_out + m.paid) AS expected,
  format('n %s at %s, from %s to %s, earned %s taken %s paid out %s', l.n, l.at, l.begins, ARRAY[l.available_after,
    l.held_after, l.in_payout_after, l.owed_after], l.earned, l.taken, l.paid_out) AS found
FROM (SELECT l.*, ARRAY[l.available_before, l.held_before, l.in_payout_before, l.owed_before] AS begins,
    coalesce(lag(ARRAY[l.available_after, l.held_after, l.in_payout_after, l.owed_after]) OVER chain,
      ARRAY[0, 0, 0, 0]::bigint[]) AS ends,
    coalesce(lag(l.n) OVER chain, 0) AS last_n, lag(l.at) OVER chain AS last_at,
    coalesce(lag(l.earned) OVER chain, 0) AS last_earned, coalesce(lag(l.taken) OVER chain, 0) AS last_taken,
    coalesce(lag(l.paid_out) OVER chain, 0) AS last_paid_out
  FROM history_lines AS l WINDOW chain AS (PARTITION BY l.book_id, l.user_id ORDER BY l.n)) AS l
LEFT JOIN ledger_transactions AS t ON t.book_id = l.book_id AND t.transaction_id = l.transaction_id
  AND t.user_id = l.user_id AND t.recorded_at = l.at
LEFT JOIN ledger_transactions AS r ON r.book_id = t.book_id AND r.transaction_id = t.reverses
CROSS JOIN LATERAL (
  SELECT m.*, CASE t.kind WHEN 'affiliate_payout' THEN m.owed - m.available ELSE 0 END AS paid FROM (
    SELECT coalesce(sum(e.balance_after::numeric - e.balance_before) FILTER (WHERE e.purpose = 'available'), 0) AS available,
      coalesce(sum(e.balance_after::numeric - e.balance_before) FILTER (WHERE e.purpose = 'held'), 0) AS held,
      coalesce(sum(e.balance_after::numeric - e.balance_before) FILTER (WHERE e.purpose = 'in_payout'), 0) AS in_payout,
      coalesce(sum(e.balance_before::numeric - e.balance_after) FILTER (WHERE e.purpose = 'owed'), 0) AS owed
    FROM transfers AS f JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
    WHERE f.book_id = l.book_id AND f.transaction_id = l.transaction_id) AS m) AS m
CROSS JOIN LATERAL (
  SELECT coalesce(sum(f.amount) FILTER (WHERE f.debit_system IS NOT NULL
      AND t.kind IN ('referral_bonus', 'affiliate_commission')), 0) AS gained,
    coalesce(sum(f.amount) FILTER (WHERE f.credit_system IS NOT NULL
      AND CASE t.kind WHEN 'credit_retraction' THEN r.kind ELSE t.kind END
        IN ('referral_bonus', 'affiliate_commission')), 0) AS lost
  FROM transfers AS f WHERE f.book_id = l.book_id AND f.transaction_id = l.transaction_id) AS s
WHERE t.kind IS NULL OR l.n <> l.last_n + 1 OR l.begins <> l.ends OR l.last_at >= l.at
  OR (l.earned, l.taken, l.paid_out)
    IS DISTINCT FROM (l.last_earned + s.gained, l.last_taken + s.lost, l.last_paid_out + m.paid)
  OR (l.available_after, l.held_after, l.in_payout_after, l.owed_after) IS DISTINCT FROM
    (l.available_before + m.available, l.held_before + m.held, l.in_payout_before + m.in_payout, l.owed_before + m.owed)
LIMIT 1";

/// Everything against zero: the users' balances by the heads, the system's by the transfers, book by book.
const ZERO: &str = "
SELECT format('book %s', b.book_id) AS place, '0' AS expected, (users.sum - system.sum)::text AS found
FROM books AS b
CROSS JOIN LATERAL (
  SELECT coalesce(sum(h.balance), 0) AS sum FROM account_heads AS h WHERE h.book_id = b.book_id) AS users
CROSS JOIN LATERAL (
  SELECT coalesce(sum(t.amount) FILTER (WHERE t.debit_system IS NOT NULL), 0)
    - coalesce(sum(t.amount) FILTER (WHERE t.credit_system IS NOT NULL), 0) AS sum
  FROM transfers AS t WHERE t.book_id = b.book_id) AS system
WHERE users.sum <> system.sum
LIMIT 1";

const TRANSACTION_WITHOUT_LINE: &str = "
SELECT format('ledger_transactions %s of book %s', t.transaction_id, t.book_id) AS place,
  '1 history line' AS expected, format('%s', count(l.n)) AS found
FROM ledger_transactions AS t
LEFT JOIN history_lines AS l ON l.book_id = t.book_id AND l.transaction_id = t.transaction_id
GROUP BY t.book_id, t.transaction_id HAVING count(l.n) <> 1
LIMIT 1";

const LAST_LINES: &str = "
SELECT format('history_lines %s n %s of book %s', l.user_id, l.n, l.book_id) AS place,
  format('available %s held %s in_payout %s owed %s', h.available, h.held, h.in_payout, h.owed) AS expected,
  format('available %s held %s in_payout %s owed %s', l.available_after, l.held_after, l.in_payout_after,
    l.owed_after) AS found
FROM history_lines AS l
CROSS JOIN LATERAL (
  SELECT coalesce(max(h.balance) FILTER (WHERE a.purpose = 'available'), 0) AS available,
    coalesce(max(h.balance) FILTER (WHERE a.purpose = 'held'), 0) AS held,
    coalesce(max(h.balance) FILTER (WHERE a.purpose = 'in_payout'), 0) AS in_payout,
    coalesce(-max(h.balance) FILTER (WHERE a.purpose = 'owed'), 0) AS owed
  FROM accounts AS a JOIN account_heads AS h ON h.book_id = a.book_id AND h.account_id = a.account_id
  WHERE a.book_id = l.book_id AND a.user_id = l.user_id) AS h
WHERE NOT EXISTS (SELECT 1 FROM history_lines AS x WHERE x.book_id = l.book_id AND x.user_id = l.user_id AND x.n > l.n)
  AND (l.available_after, l.held_after, l.in_payout_after, l.owed_after)
    IS DISTINCT FROM (h.available, h.held, h.in_payout, h.owed)
LIMIT 1";

const HEAD_WITHOUT_LINE: &str = "
SELECT format('accounts %s of book %s', a.account_id, a.book_id) AS place,
  'a history line of its user' AS expected, 'none' AS found
FROM account_heads AS h JOIN accounts AS a ON a.book_id = h.book_id AND a.account_id = h.account_id
WHERE NOT EXISTS (SELECT 1 FROM history_lines AS l WHERE l.book_id = a.book_id AND l.user_id = a.user_id)
LIMIT 1";

/// What the legs of a transaction move in all.
macro_rules! total_of {
    ($transaction:literal) => {
        concat!(
            "(SELECT sum(f.amount) FROM transfers AS f WHERE f.book_id = t.book_id AND f.transaction_id = ",
            $transaction,
            ")"
        )
    };
}

const STEPS: &str = "
SELECT format('reward_steps %s n %s of book %s', s.referral_id, s.n, s.book_id) AS place,
  format('a step after %s others of a referral', s.n - 1) AS expected,
  format('%s others', (SELECT count(*) FROM reward_steps AS x
    WHERE x.book_id = s.book_id AND x.referral_id = s.referral_id AND x.n < s.n)) AS found
FROM reward_steps AS s
WHERE s.n <> 1 + (SELECT count(*) FROM reward_steps AS x
    WHERE x.book_id = s.book_id AND x.referral_id = s.referral_id AND x.n < s.n)
  OR NOT EXISTS (SELECT 1 FROM referral_progress AS p WHERE p.book_id = s.book_id AND p.referral_id = s.referral_id)
LIMIT 1";

const STEP_POSTINGS: &str = concat!(
    "SELECT format('reward_steps %s n %s of book %s', s.referral_id, s.n, s.book_id) AS place,
       format('%s of %s by transaction %s, reversing %s', CASE s.n % 2 WHEN 1 THEN 'referral_bonus'
         ELSE 'credit_retraction' END, s.amount, s.transaction_id, g.transaction_id) AS expected,
       format('%s of %s for referral %s, reversing %s', t.kind, ",
    total_of!("t.transaction_id"),
    ", t.referral_id, t.reverses) AS found
     FROM reward_steps AS s
     LEFT JOIN ledger_transactions AS t ON t.book_id = s.book_id AND t.transaction_id = s.transaction_id
     LEFT JOIN reward_steps AS g ON g.book_id = s.book_id AND g.referral_id = s.referral_id AND g.n = s.n - 1
       AND s.n % 2 = 0
     WHERE (CASE s.n % 2 WHEN 1 THEN 'referral_bonus' ELSE 'credit_retraction' END, s.referral_id, g.transaction_id,
         s.amount) IS DISTINCT FROM (t.kind, t.referral_id, t.reverses, ",
    total_of!("t.transaction_id"),
    ") LIMIT 1"
);

const REWARDS: &str = "
SELECT format('referral_progress %s of book %s', p.referral_id, p.book_id) AS place,
  format('%s steps, %s granted by %s', coalesce(s.n, 0), CASE s.n % 2 WHEN 1 THEN s.amount END,
    CASE s.n % 2 WHEN 1 THEN s.transaction_id END) AS expected,
  format('%s steps, %s granted by %s', p.reward_steps, CASE s.n % 2 WHEN 1 THEN p.referrer_reward END,
    CASE WHEN p.reward_status IN ('held', 'granted') THEN p.reward_transaction END) AS found
FROM referral_progress AS p
LEFT JOIN reward_steps AS s ON s.book_id = p.book_id AND s.referral_id = p.referral_id AND s.n =
  (SELECT max(x.n) FROM reward_steps AS x WHERE x.book_id = p.book_id AND x.referral_id = p.referral_id)
WHERE p.reward_steps <> coalesce(s.n, 0)
  OR CASE WHEN p.reward_status IN ('held', 'granted') THEN p.reward_transaction END
    IS DISTINCT FROM CASE s.n % 2 WHEN 1 THEN s.transaction_id END
  OR s.n % 2 = 1 AND s.amount <> p.referrer_reward
LIMIT 1";

const WELCOMES: &str = concat!(
    "SELECT format('referral_progress %s of book %s', p.referral_id, p.book_id) AS place,
       format('welcome_credit of %s by transaction %s', p.welcome_credit, p.welcome_transaction) AS expected,
       format('%s of %s for referral %s', t.kind, ",
    total_of!("t.transaction_id"),
    ", t.referral_id) AS found
     FROM referral_progress AS p
     LEFT JOIN ledger_transactions AS t ON t.book_id = p.book_id AND t.transaction_id = p.welcome_transaction
     WHERE p.welcome_status IN ('held', 'granted')
       AND ('welcome_credit', p.referral_id, p.welcome_credit) IS DISTINCT FROM (t.kind, t.referral_id, ",
    total_of!("t.transaction_id"),
    ") LIMIT 1"
);

const BONUS_WITHOUT_STEP: &str = "
SELECT format('ledger_transactions %s of book %s', t.transaction_id, t.book_id) AS place,
  'a reward step' AS expected, 'none' AS found
FROM ledger_transactions AS t
WHERE t.kind = 'referral_bonus'
  AND NOT EXISTS (SELECT 1 FROM reward_steps AS s WHERE s.book_id = t.book_id AND s.transaction_id = t.transaction_id)
LIMIT 1";

const WELCOME_WITHOUT_REFERRAL: &str = "
SELECT format('ledger_transactions %s of book %s', t.transaction_id, t.book_id) AS place,
  'a referral whose welcome credit it is, or its retraction' AS expected, 'none' AS found
FROM ledger_transactions AS t
WHERE t.kind = 'welcome_credit' AND NOT EXISTS (SELECT 1 FROM referral_progress AS p
  WHERE p.book_id = t.book_id AND p.referral_id = t.referral_id AND p.welcome_transaction = t.transaction_id)
  AND NOT EXISTS (SELECT 1 FROM ledger_transactions AS r WHERE r.book_id = t.book_id AND r.reverses = t.transaction_id
    AND r.kind = 'credit_retraction')
LIMIT 1";

const REDEMPTIONS: &str = concat!(
    "SELECT format('redemptions %s of book %s', r.redemption_id, r.book_id) AS place,
       format('credit_redemption of %s from user %s', r.redeemed, r.user_id) AS expected,
       format('%s of %s from user %s', t.kind, ",
    total_of!("t.transaction_id"),
    ", t.user_id) AS found
     FROM redemptions AS r
     LEFT JOIN ledger_transactions AS t ON t.book_id = r.book_id AND t.transaction_id = r.transaction_id
     WHERE (r.redeemed <> 0 AND ('credit_redemption', r.user_id, r.redeemed) IS DISTINCT FROM (t.kind, t.user_id, ",
    total_of!("t.transaction_id"),
    ")) OR (r.redeemed = 0 AND r.transaction_id IS NOT NULL) LIMIT 1"
);

const REVERSALS: &str = concat!(
    "SELECT format('redemption_reversals %s n %s of book %s', v.redemption_id, v.n, v.book_id) AS place,
       format('credit_redemption of %s back to user %s', v.amount, r.user_id) AS expected,
       format('%s of %s back to user %s', t.kind, ",
    total_of!("t.transaction_id"),
    ", t.user_id) AS found
     FROM redemption_reversals AS v
     LEFT JOIN redemptions AS r ON r.book_id = v.book_id AND r.redemption_id = v.redemption_id
     LEFT JOIN ledger_transactions AS t ON t.book_id = v.book_id AND t.transaction_id = v.transaction_id
     WHERE ('credit_redemption', r.user_id, v.amount) IS DISTINCT FROM (t.kind, t.user_id, ",
    total_of!("t.transaction_id"),
    ") OR r.redemption_id IS NULL LIMIT 1"
);

const REVERSED_AT_MOST_WHOLLY: &str = "
SELECT format('redemptions %s of book %s', r.redemption_id, r.book_id) AS place,
  format('at most %s reversed, %s remaining', r.redeemed, r.redeemed - sum(v.amount)) AS expected,
  format('%s reversed, %s remaining', sum(v.amount), min(v.remaining)) AS found
FROM redemptions AS r
JOIN redemption_reversals AS v ON v.book_id = r.book_id AND v.redemption_id = r.redemption_id
GROUP BY r.book_id, r.redemption_id
HAVING sum(v.amount) > r.redeemed OR min(v.remaining) <> r.redeemed - sum(v.amount)
LIMIT 1";

const REDEMPTION_TRANSACTION_WITHOUT_ROW: &str = "
SELECT format('ledger_transactions %s of book %s', t.transaction_id, t.book_id) AS place,
  'a redemption or a reversal' AS expected, 'none' AS found
FROM ledger_transactions AS t
WHERE t.kind = 'credit_redemption'
  AND NOT EXISTS (SELECT 1 FROM redemptions AS r WHERE r.book_id = t.book_id AND r.transaction_id = t.transaction_id)
  AND NOT EXISTS
    (SELECT 1 FROM redemption_reversals AS v WHERE v.book_id = t.book_id AND v.transaction_id = t.transaction_id)
LIMIT 1";
