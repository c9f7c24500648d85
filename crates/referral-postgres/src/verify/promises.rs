//! Queries, as those of [`places`](super::places), on what a program promises over time: spend against the events,
//! commissions and holds against what they posted, budgets against what was granted.

/// What each referral's spends come to by the facts alone: of those that met it or were folded in, the sums of those in
/// the window, and of those in the months of its commission; each less the refunds that weigh on it. Its progress repeats
/// its terms.
pub(super) const NET_SPEND: &str = include_str!("sql/net_spend.sql");

/// Each step follows the one before.
pub(super) const COMMISSION_STEPS: &str = "
SELECT format('commission_steps %s n %s of book %s', s.referral_id, s.n, s.book_id) AS place,
  format('n %s from %s to %s', s.last_n + 1, s.last_posted, s.last_posted + s.amount) AS expected,
  format('n %s from %s to %s', s.n, s.posted_before, s.posted) AS found
FROM (SELECT s.book_id, s.referral_id, s.n, s.amount::numeric AS amount, s.posted_before, s.posted,
    coalesce(lag(s.n) OVER chain, 0) AS last_n, coalesce(lag(s.posted) OVER chain, 0) AS last_posted
  FROM commission_steps AS s WINDOW chain AS (PARTITION BY s.book_id, s.referral_id ORDER BY s.n)) AS s
WHERE (s.n, s.posted_before, s.posted) IS DISTINCT FROM (s.last_n + 1, s.last_posted, s.last_posted + s.amount)
LIMIT 1";

pub(super) const COMMISSION_POSTINGS: &str = "
SELECT format('commission_steps %s n %s of book %s', s.referral_id, s.n, s.book_id) AS place,
  format('affiliate_commission of %s', s.amount) AS expected,
  format('%s of %s for referral %s', t.kind, m.moved, t.referral_id) AS found
FROM commission_steps AS s
LEFT JOIN ledger_transactions AS t ON t.book_id = s.book_id AND t.transaction_id = s.transaction_id
CROSS JOIN LATERAL (
  SELECT sum(CASE WHEN f.debit_system IS NOT NULL THEN f.amount ELSE -f.amount END) AS moved FROM transfers AS f
  WHERE f.book_id = s.book_id AND f.transaction_id = s.transaction_id
    AND (f.debit_system IS NOT NULL OR f.credit_system IS NOT NULL)) AS m
WHERE ('affiliate_commission', s.referral_id, s.amount) IS DISTINCT FROM (t.kind, t.referral_id, m.moved)
LIMIT 1";

pub(super) const COMMISSION_WITHOUT_STEP: &str = "
SELECT format('ledger_transactions %s of book %s', t.transaction_id, t.book_id) AS place,
  'a commission step' AS expected, 'none' AS found
FROM ledger_transactions AS t
WHERE t.kind = 'affiliate_commission' AND NOT EXISTS
  (SELECT 1 FROM commission_steps AS s WHERE s.book_id = t.book_id AND s.transaction_id = t.transaction_id)
LIMIT 1";

/// What a referral says was posted is where its steps end.
pub(super) const COMMISSIONS: &str = "
SELECT format('referral_progress %s of book %s', p.referral_id, p.book_id) AS place,
  format('%s commission steps to %s', coalesce(s.n, 0), coalesce(s.posted, 0)) AS expected,
  format('%s commission steps to %s', p.commission_steps, p.commission_posted) AS found
FROM referral_progress AS p
LEFT JOIN LATERAL (SELECT s.n, s.posted FROM commission_steps AS s
  WHERE s.book_id = p.book_id AND s.referral_id = p.referral_id ORDER BY s.n DESC LIMIT 1) AS s ON true
WHERE (p.commission_steps, p.commission_posted) IS DISTINCT FROM (coalesce(s.n, 0), coalesce(s.posted, 0))
LIMIT 1";

/// A hold is what its transaction moved to what its user is held.
pub(super) const HOLDS: &str = "
SELECT format('holds %s of book %s', h.hold_id, h.book_id) AS place,
  format('%s of %s held by user %s for referral %s', CASE h.kind WHEN 'reward' THEN 'referral_bonus'
    ELSE 'affiliate_commission' END, h.amount, h.user_id, h.referral_id) AS expected,
  format('%s of %s held by user %s for referral %s', t.kind, l.held_after - l.held_before, t.user_id,
    t.referral_id) AS found
FROM holds AS h
LEFT JOIN ledger_transactions AS t ON t.book_id = h.book_id AND t.transaction_id = h.hold_id
LEFT JOIN history_lines AS l ON l.book_id = h.book_id AND l.transaction_id = h.hold_id
WHERE (CASE h.kind WHEN 'reward' THEN 'referral_bonus' ELSE 'affiliate_commission' END, h.amount, h.user_id,
    h.referral_id) IS DISTINCT FROM (t.kind, l.held_after - l.held_before, t.user_id, t.referral_id)
LIMIT 1";

/// Each step follows the one before, and the first the hold.
pub(super) const HOLD_STEPS: &str = "
SELECT format('hold_steps %s n %s of book %s', s.hold_id, s.n, s.book_id) AS place,
  format('n %s from %s to %s of a hold of referral %s', s.last_n + 1, coalesce(s.last, h.amount),
    coalesce(s.last, h.amount) - s.amount, h.referral_id) AS expected,
  format('n %s from %s to %s of a hold of referral %s', s.n, s.remaining_before, s.remaining, s.referral_id) AS found
FROM (SELECT s.book_id, s.hold_id, s.referral_id, s.n, s.amount::numeric AS amount, s.remaining_before, s.remaining,
    coalesce(lag(s.n) OVER chain, 0) AS last_n, lag(s.remaining) OVER chain AS last
  FROM hold_steps AS s WINDOW chain AS (PARTITION BY s.book_id, s.hold_id ORDER BY s.n)) AS s
LEFT JOIN holds AS h ON h.book_id = s.book_id AND h.hold_id = s.hold_id
WHERE (s.n, s.remaining_before, s.remaining, s.referral_id) IS DISTINCT FROM (s.last_n + 1, coalesce(s.last, h.amount),
    coalesce(s.last, h.amount) - s.amount, h.referral_id)
LIMIT 1";

/// A hold says where its steps end.
pub(super) const HOLD_ENDS: &str = "
SELECT format('holds %s of book %s', h.hold_id, h.book_id) AS place,
  format('%s steps, %s remaining', coalesce(s.n, 0), coalesce(s.remaining, h.amount)) AS expected,
  format('%s steps, %s remaining', h.steps, h.remaining) AS found
FROM holds AS h
LEFT JOIN LATERAL (SELECT s.n, s.remaining FROM hold_steps AS s
  WHERE s.book_id = h.book_id AND s.hold_id = h.hold_id ORDER BY s.n DESC LIMIT 1) AS s ON true
WHERE (h.steps, h.remaining) IS DISTINCT FROM (coalesce(s.n, 0), coalesce(s.remaining, h.amount))
LIMIT 1";

/// A step is what its transaction did: a release, or a void of that very reward or of a commission of the referral.
pub(super) const HOLD_STEP_POSTINGS: &str = "
SELECT format('hold_steps %s n %s of book %s', s.hold_id, s.n, s.book_id) AS place,
  format('a %s of a %s held by user %s for referral %s', s.kind, h.kind, h.user_id, s.referral_id) AS expected,
  format('%s of user %s for referral %s, reversing %s', t.kind, t.user_id, t.referral_id, t.reverses) AS found
FROM hold_steps AS s
LEFT JOIN holds AS h ON h.book_id = s.book_id AND h.hold_id = s.hold_id
LEFT JOIN ledger_transactions AS t ON t.book_id = s.book_id AND t.transaction_id = s.transaction_id
WHERE (t.user_id, t.referral_id) IS DISTINCT FROM (h.user_id, s.referral_id)
  OR NOT coalesce(CASE WHEN s.kind = 'release' THEN t.kind = 'hold_release'
    WHEN h.kind = 'reward' THEN t.kind = 'credit_retraction' AND t.reverses = s.hold_id
    ELSE t.kind IN ('affiliate_commission', 'credit_retraction') END, false)
LIMIT 1";

/// What a transaction took out of what was held is what its steps say.
pub(super) const HELD_IS_STEPPED: &str = "
SELECT format('history_lines %s n %s of book %s', l.user_id, l.n, l.book_id) AS place,
  format('%s more held by holds less %s by steps', coalesce(h.amount, 0), coalesce(s.amount, 0)) AS expected,
  format('%s more held', l.held_after - l.held_before) AS found
FROM history_lines AS l
LEFT JOIN holds AS h ON h.book_id = l.book_id AND h.hold_id = l.transaction_id
LEFT JOIN (SELECT s.book_id, s.transaction_id, sum(s.amount) AS amount FROM hold_steps AS s GROUP BY 1, 2) AS s
  ON s.book_id = l.book_id AND s.transaction_id = l.transaction_id
WHERE l.held_after - l.held_before <> coalesce(h.amount, 0) - coalesce(s.amount, 0)
LIMIT 1";

/// A reward is held exactly while something of its own hold remains.
pub(super) const HELD_REWARDS: &str = "
SELECT format('referral_progress %s of book %s', p.referral_id, p.book_id) AS place,
  format('held until %s', h.matures_at) AS expected,
  format('%s until %s', p.reward_status, p.reward_available_at) AS found
FROM referral_progress AS p
LEFT JOIN holds AS h ON h.book_id = p.book_id AND h.hold_id = p.reward_transaction AND h.remaining > 0
  AND h.kind = 'reward' AND h.referral_id = p.referral_id
WHERE p.reward_available_at IS DISTINCT FROM h.matures_at OR (p.reward_status = 'held') <> (h.hold_id IS NOT NULL)
LIMIT 1";

/// What a month's budget gave is at least what the grants that were counted in it sum up to, and at most what was granted
/// in that month: what was granted while there was no budget is counted when the month's row is made, and not later.
pub(super) const BUDGETS: &str = "
SELECT format('budget_months %s of book %s', s.month, s.book_id) AS place,
  format('%s to %s', s.counted, s.granted) AS expected, coalesce(m.granted::text, 'none') AS found
FROM (SELECT s.book_id, x.month, coalesce(sum(s.amount) FILTER (WHERE s.budget_month IS NOT NULL), 0) AS counted,
    sum(s.amount) AS granted
  FROM reward_steps AS s
  CROSS JOIN LATERAL (SELECT extract(year FROM s.at AT TIME ZONE 'UTC') * 12
    + extract(month FROM s.at AT TIME ZONE 'UTC') - 1 AS month) AS x
  WHERE s.n % 2 = 1 GROUP BY 1, 2) AS s
LEFT JOIN budget_months AS m ON m.book_id = s.book_id AND m.month = s.month
WHERE CASE WHEN m.month IS NULL THEN s.counted > 0 ELSE m.granted NOT BETWEEN s.counted AND s.granted END
LIMIT 1";

pub(super) const BUDGET_OF_NOTHING: &str = "
SELECT format('budget_months %s of book %s', m.month, m.book_id) AS place, '0' AS expected, m.granted::text AS found
FROM budget_months AS m
WHERE m.granted > 0 AND NOT EXISTS (SELECT 1 FROM reward_steps AS s WHERE s.book_id = m.book_id AND s.n % 2 = 1
  AND extract(year FROM s.at AT TIME ZONE 'UTC') * 12 + extract(month FROM s.at AT TIME ZONE 'UTC') - 1 = m.month)
LIMIT 1";

pub(super) const BUDGET_STEPS: &str = "
SELECT format('reward_steps %s n %s of book %s', s.referral_id, s.n, s.book_id) AS place,
  format('a grant of month %s', s.budget_month) AS expected, format('step %s at %s', s.n, s.at) AS found
FROM reward_steps AS s
WHERE s.budget_month IS NOT NULL AND (s.n % 2 = 0 OR s.budget_month <> extract(year FROM s.at AT TIME ZONE 'UTC') * 12
  + extract(month FROM s.at AT TIME ZONE 'UTC') - 1)
LIMIT 1";
