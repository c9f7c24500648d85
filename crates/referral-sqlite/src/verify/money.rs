//! Queries over holds, commissions, budgets and net spend, as those of [`places`](super::places).

use referral_domain::ledger::Check;

/// The queries of a check.
pub(super) const fn of(check: Check) -> &'static [&'static str] {
    match check {
        Check::Holds => &[
            HOLDS,
            HOLD_STEPS,
            HOLD_ENDS,
            HOLD_STEP_POSTINGS,
            HELD_WITHOUT_HOLD,
            TAKEN_WITHOUT_STEP,
            HELD_REWARDS,
            REWARD_HOLDS,
        ],
        Check::Commissions => &[COMMISSION_STEPS, COMMISSION_POSTINGS, COMMISSIONS, COMMISSION_WITHOUT_STEP],
        Check::NetSpend => &[TERMS, NET_SPEND, EVENT_CHAINS],
        Check::Budgets => &[BUDGET_MONTHS, BUDGET_STEPS],
        Check::TransferEntries | Check::EntryChain | Check::Heads | Check::Bounds | Check::Zero => &[],
        Check::Lines | Check::RewardSteps | Check::DueRewards | Check::Redemptions => &[],
        Check::Payouts | Check::Adjustments | Check::Seals => &[],
    }
}

/// What the legs of a transaction credit to, or debit from, a user's `held`.
macro_rules! held {
    ($side:literal, $transaction:literal) => {
        concat!(
            "(SELECT sum(f.amount) FROM transfers AS f
              JOIN accounts AS a ON a.book_id = f.book_id AND a.account_id = f.",
            $side,
            "_account AND a.purpose = 'held'
              WHERE f.book_id = h.book_id AND f.transaction_id = ",
            $transaction,
            ")"
        )
    };
}

const HOLDS: &str = concat!(
    "SELECT format('holds %s of book %d', lower(hex(h.hold_id)), h.book_id) AS place,
       format('%s of %d held for user %s, referral %s', iif(h.kind = 'reward', 'referral_bonus', 'affiliate_commission'),
         h.amount, lower(hex(h.user_id)), lower(hex(h.referral_id))) AS expected,
       format('%s of %d held for user %s, referral %s', t.kind, ",
    held!("credit", "h.hold_id"),
    ", lower(hex(t.user_id)), lower(hex(t.referral_id))) AS found
     FROM holds AS h LEFT JOIN ledger_transactions AS t ON t.book_id = h.book_id AND t.transaction_id = h.hold_id
     WHERE (iif(h.kind = 'reward', 'referral_bonus', 'affiliate_commission'), h.user_id, h.referral_id, h.amount)
       IS NOT (t.kind, t.user_id, t.referral_id, ",
    held!("credit", "h.hold_id"),
    ") LIMIT 1"
);

const HOLD_STEPS: &str = "
SELECT format('hold_steps %s n %d of book %d', lower(hex(s.hold_id)), s.n, s.book_id) AS place,
  format('%d of %d left of the hold of %d', iif(s.n = 1, h.amount, b.remaining) - s.amount,
    iif(s.n = 1, h.amount, b.remaining), h.amount) AS expected,
  format('%d of %d left of the hold of %d', s.remaining, s.remaining_before, s.hold_amount) AS found
FROM hold_steps AS s
LEFT JOIN holds AS h ON h.book_id = s.book_id AND h.hold_id = s.hold_id AND h.referral_id = s.referral_id
LEFT JOIN hold_steps AS b ON b.book_id = s.book_id AND b.hold_id = s.hold_id AND b.n = s.n - 1
WHERE (s.hold_amount, s.remaining_before, s.remaining)
    IS NOT (h.amount, iif(s.n = 1, h.amount, b.remaining), iif(s.n = 1, h.amount, b.remaining) - s.amount)
  OR s.remaining < 0
LIMIT 1";

const HOLD_ENDS: &str = "
SELECT format('holds %s of book %d', lower(hex(h.hold_id)), h.book_id) AS place,
  format('%d left after %d steps', coalesce(s.remaining, h.amount), coalesce(s.n, 0)) AS expected,
  format('%d left after %d steps', h.remaining, h.steps) AS found
FROM holds AS h
LEFT JOIN hold_steps AS s ON s.book_id = h.book_id AND s.hold_id = h.hold_id AND s.n =
  (SELECT max(x.n) FROM hold_steps AS x WHERE x.book_id = h.book_id AND x.hold_id = h.hold_id)
WHERE (h.remaining, h.steps) IS NOT (coalesce(s.remaining, h.amount), coalesce(s.n, 0))
LIMIT 1";

const HOLD_STEP_POSTINGS: &str = "
SELECT format('hold_steps %s n %d of book %d', lower(hex(s.hold_id)), s.n, s.book_id) AS place,
  format('a %s of the %s of user %s, referral %s', s.kind, h.kind, lower(hex(h.user_id)), lower(hex(h.referral_id)))
    AS expected,
  format('%s that reverses %s of user %s, referral %s', t.kind, lower(hex(t.reverses)), lower(hex(t.user_id)),
    lower(hex(t.referral_id))) AS found
FROM hold_steps AS s
LEFT JOIN holds AS h ON h.book_id = s.book_id AND h.hold_id = s.hold_id
LEFT JOIN ledger_transactions AS t ON t.book_id = s.book_id AND t.transaction_id = s.transaction_id
WHERE t.transaction_id IS NULL OR h.hold_id IS NULL OR (t.user_id, t.referral_id) IS NOT (h.user_id, h.referral_id)
  OR NOT CASE WHEN s.kind = 'release' THEN t.kind = 'hold_release'
    WHEN h.kind = 'reward' THEN t.kind = 'credit_retraction' AND t.reverses IS h.hold_id
    ELSE t.kind IN ('affiliate_commission', 'credit_retraction') END
LIMIT 1";

const HELD_WITHOUT_HOLD: &str = "
SELECT format('transfers %s of book %d', lower(hex(f.transfer_id)), f.book_id) AS place,
  format('a hold of transaction %s', lower(hex(f.transaction_id))) AS expected, 'none' AS found
FROM transfers AS f
CROSS JOIN accounts AS a ON a.book_id = f.book_id AND a.account_id = f.credit_account AND a.purpose = 'held'
WHERE NOT EXISTS (SELECT 1 FROM holds AS h WHERE h.book_id = f.book_id AND h.hold_id = f.transaction_id)
LIMIT 1";

/// What a transaction takes from `held`, all its legs together, against the steps it posted.
const TAKEN_WITHOUT_STEP: &str = concat!(
    "SELECT format('transfers %s of book %d', lower(hex(h.transfer_id)), h.book_id) AS place,
       format('steps of holds over %d', ",
    held!("debit", "h.transaction_id"),
    ") AS expected,
       format('over %d', (SELECT sum(s.amount) FROM hold_steps AS s
         WHERE s.book_id = h.book_id AND s.transaction_id = h.transaction_id)) AS found
     FROM transfers AS h
     CROSS JOIN accounts AS d ON d.book_id = h.book_id AND d.account_id = h.debit_account AND d.purpose = 'held'
     WHERE (SELECT sum(s.amount) FROM hold_steps AS s
         WHERE s.book_id = h.book_id AND s.transaction_id = h.transaction_id) IS NOT ",
    held!("debit", "h.transaction_id"),
    " LIMIT 1"
);

const HELD_REWARDS: &str = "
SELECT format('referral_progress %s of book %d', lower(hex(p.referral_id)), p.book_id) AS place,
  format('a reward held until %d by transaction %s', p.reward_available_at, lower(hex(p.reward_transaction))) AS expected,
  format('%d left of a hold until %d', h.remaining, h.matures_at) AS found
FROM referral_progress AS p
LEFT JOIN holds AS h ON h.book_id = p.book_id AND h.hold_id = p.reward_transaction AND h.remaining > 0
WHERE p.reward_status = 'held' AND p.reward_available_at IS NOT h.matures_at
LIMIT 1";

const REWARD_HOLDS: &str = "
SELECT format('holds %s of book %d', lower(hex(h.hold_id)), h.book_id) AS place,
  format('a held reward of referral %s', lower(hex(h.referral_id))) AS expected,
  format('%s by transaction %s', p.reward_status, lower(hex(p.reward_transaction))) AS found
FROM holds AS h LEFT JOIN referral_progress AS p ON p.book_id = h.book_id AND p.referral_id = h.referral_id
WHERE h.kind = 'reward' AND h.remaining > 0 AND (p.reward_status, p.reward_transaction) IS NOT ('held', h.hold_id)
LIMIT 1";

const COMMISSION_STEPS: &str = "
SELECT format('commission_steps %s n %d of book %d', lower(hex(s.referral_id)), s.n, s.book_id) AS place,
  format('from %d to %d', iif(s.n = 1, 0, b.posted), iif(s.n = 1, 0, b.posted) + s.amount) AS expected,
  format('from %d to %d', s.posted_before, s.posted) AS found
FROM commission_steps AS s
LEFT JOIN commission_steps AS b ON b.book_id = s.book_id AND b.referral_id = s.referral_id AND b.n = s.n - 1
WHERE (s.posted_before, s.posted) IS NOT (iif(s.n = 1, 0, b.posted), iif(s.n = 1, 0, b.posted) + s.amount)
  OR NOT EXISTS (SELECT 1 FROM referral_progress AS p WHERE p.book_id = s.book_id AND p.referral_id = s.referral_id)
LIMIT 1";

/// What a transaction brings its user, less what it takes: legs between their own accounts do neither.
macro_rules! brought {
    () => {
        "(SELECT sum(CASE WHEN f.debit_system IS NOT NULL THEN f.amount WHEN f.credit_system IS NOT NULL THEN -f.amount
            ELSE 0 END) FROM transfers AS f WHERE f.book_id = t.book_id AND f.transaction_id = t.transaction_id)"
    };
}

const COMMISSION_POSTINGS: &str = concat!(
    "SELECT format('commission_steps %s n %d of book %d', lower(hex(s.referral_id)), s.n, s.book_id) AS place,
       format('affiliate_commission of %d by transaction %s', s.amount, lower(hex(s.transaction_id))) AS expected,
       format('%s of %d for referral %s', t.kind, ",
    brought!(),
    ", lower(hex(t.referral_id))) AS found
     FROM commission_steps AS s
     LEFT JOIN ledger_transactions AS t ON t.book_id = s.book_id AND t.transaction_id = s.transaction_id
     WHERE ('affiliate_commission', s.referral_id, s.amount) IS NOT (t.kind, t.referral_id, ",
    brought!(),
    ") LIMIT 1"
);

const COMMISSIONS: &str = "
SELECT format('referral_progress %s of book %d', lower(hex(p.referral_id)), p.book_id) AS place,
  format('%d of commission posted in %d steps', coalesce(s.posted, 0), coalesce(s.n, 0)) AS expected,
  format('%d of commission posted in %d steps', p.commission_posted, p.commission_steps) AS found
FROM referral_progress AS p
LEFT JOIN commission_steps AS s ON s.book_id = p.book_id AND s.referral_id = p.referral_id AND s.n =
  (SELECT max(x.n) FROM commission_steps AS x WHERE x.book_id = p.book_id AND x.referral_id = p.referral_id)
WHERE (p.commission_posted, p.commission_steps) <> (coalesce(s.posted, 0), coalesce(s.n, 0))
LIMIT 1";

const COMMISSION_WITHOUT_STEP: &str = "
SELECT format('ledger_transactions %s of book %d', lower(hex(t.transaction_id)), t.book_id) AS place,
  'a commission step' AS expected, 'none' AS found
FROM ledger_transactions AS t
WHERE t.kind = 'affiliate_commission' AND NOT EXISTS
  (SELECT 1 FROM commission_steps AS s WHERE s.book_id = t.book_id AND s.transaction_id = t.transaction_id)
LIMIT 1";

/// What a spend event adds to its referral, and what of that was refunded: by weighing refunds, never more than it.
macro_rules! spent {
    () => {
        "SELECT r.book_id, r.referral_id, r.applied_at, r.qualifies_until, r.commission_until, e.amount, e.occurred_at,
           min(e.amount, coalesce((SELECT sum(x.amount) FROM spend_events AS x
           WHERE x.book_id = e.book_id AND x.refunds = e.source_id AND x.kind = 'R' AND x.user_id = e.user_id
             AND x.currency = e.currency AND (x.reason IN ('chargeback', 'fraud')
               OR x.occurred_at < e.occurred_at + r.clawback_window_days * 86400000000)), 0)) AS back"
    };
}

/// Referrals with the end of their commission's months; a month after its 31st ends with the last day of a shorter one.
macro_rules! referrals {
    () => {
        "(SELECT r.*, strftime('%s', min(date(month, format('+%d days', day - 1)), date(month, '+1 month', '-1 day')))
           * 1000000 + applied_at % 86400000000 AS commission_until
         FROM (SELECT r.*, CAST(strftime('%d', applied_at / 1000000, 'unixepoch') AS INTEGER) AS day,
             date(applied_at / 1000000, 'unixepoch', 'start of month', '+' || commission_months || ' months') AS month
           FROM referrals AS r) AS r) AS r"
    };
}

/// The sums of each referral's events, those that met it and those folded in, in its window and in its commission's
/// months, against its progress. Events are read once, in their own order.
const NET_SPEND: &str = concat!(
    "SELECT format('referral_progress %s of book %d', lower(hex(referral_id)), book_id) AS place, expected, found
     FROM (SELECT p.book_id, p.referral_id, format('spent %d refunded %d, of its commission %d and %d', p.spend_gross,
         p.spend_refunded, p.commission_gross, p.commission_refunded) AS found,
       format('spent %d refunded %d, of its commission %d and %d', coalesce(s.spent, 0), coalesce(s.back, 0),
         coalesce(s.commissioned, 0), coalesce(s.commissioned_back, 0)) AS expected
     FROM referral_progress AS p LEFT JOIN (
       SELECT s.book_id, s.referral_id,
         sum(s.amount) FILTER (WHERE s.occurred_at < s.qualifies_until) AS spent,
         sum(s.back) FILTER (WHERE s.occurred_at < s.qualifies_until) AS back,
         sum(s.amount) FILTER (WHERE s.occurred_at < s.commission_until) AS commissioned,
         sum(s.back) FILTER (WHERE s.occurred_at < s.commission_until) AS commissioned_back
       FROM (",
    spent!(),
    " FROM spend_events AS e CROSS JOIN ",
    referrals!(),
    " ON r.book_id = e.book_id AND r.referral_id = e.referral_id
         WHERE e.kind = 'S' AND e.outcome NOT IN ('currency_mismatch', 'referral_closed')
         UNION ALL ",
    spent!(),
    " FROM spend_folds AS f CROSS JOIN spend_events AS e ON e.book_id = f.book_id AND e.source_id = f.source_id
         CROSS JOIN ",
    referrals!(),
    " ON r.book_id = f.book_id AND r.referral_id = f.referral_id) AS s
       WHERE s.occurred_at >= s.applied_at GROUP BY s.book_id, s.referral_id)
       AS s ON s.book_id = p.book_id AND s.referral_id = p.referral_id)
     WHERE expected <> found LIMIT 1"
);

/// What a referral's progress repeats of its terms.
const TERMS: &str = "
SELECT format('referral_progress %s of book %d', lower(hex(p.referral_id)), p.book_id) AS place,
  format('threshold %d, reward %d, welcome credit %d, until %d', r.spend_threshold, r.referrer_reward, r.welcome_credit,
    r.qualifies_until) AS expected,
  format('threshold %d, reward %d, welcome credit %d, until %d', p.spend_threshold, p.referrer_reward, p.welcome_credit,
    p.qualifies_until) AS found
FROM referral_progress AS p JOIN referrals AS r ON r.book_id = p.book_id AND r.referral_id = p.referral_id
WHERE (p.spend_threshold, p.referrer_reward, p.welcome_credit, p.qualifies_until)
  IS NOT (r.spend_threshold, r.referrer_reward, r.welcome_credit, r.qualifies_until)
LIMIT 1";

/// Every event that met a referral is the last that did, or comes before one other.
const EVENT_CHAINS: &str = "
SELECT format('spend_events %s of book %d', source_id, book_id) AS place,
  format('named %d times in the chain of referral %s', met, lower(hex(referral_id))) AS expected,
  format('named %d times', named) AS found
FROM (SELECT book_id, referral_id, source_id, sum(met) AS met, sum(named) AS named
  FROM (SELECT book_id, referral_id, source_id, 1 AS met, 0 AS named FROM spend_events WHERE referral_id IS NOT NULL
    UNION ALL SELECT book_id, referral_id, previous_event, 0, 1 FROM spend_events WHERE previous_event IS NOT NULL
    UNION ALL SELECT book_id, referral_id, last_event, 0, 1 FROM referral_progress WHERE last_event IS NOT NULL)
  GROUP BY book_id, source_id, referral_id)
WHERE met <> named LIMIT 1";

/// The UTC month of an instant, counted from the first of the year 0.
macro_rules! month_of {
    ($at:literal) => {
        concat!(
            "(strftime('%Y', ",
            $at,
            " / 1000000, 'unixepoch') * 12 + strftime('%m', ",
            $at,
            " / 1000000, 'unixepoch') - 1)"
        )
    };
}

/// What a month granted while no budget was in force need not be counted in it; what was granted under one must be.
const BUDGET_MONTHS: &str = concat!(
    "SELECT format('budget_months %d of book %d', month, book_id) AS place,
       format('at least %d and at most %d granted', counted, granted_in_all) AS expected,
       format('%d granted', granted) AS found
     FROM (SELECT m.*, (SELECT coalesce(sum(s.amount), 0) FROM reward_steps AS s WHERE s.book_id = m.book_id
           AND s.budget_month = m.month AND s.budget_month IS NOT NULL) AS counted,
         (SELECT coalesce(sum(s.amount), 0) FROM reward_steps AS s WHERE s.book_id = m.book_id AND s.n % 2 = 1
           AND ",
    month_of!("s.at"),
    " = m.month) AS granted_in_all FROM budget_months AS m)
     WHERE granted NOT BETWEEN counted AND granted_in_all LIMIT 1"
);

const BUDGET_STEPS: &str = concat!(
    "SELECT format('reward_steps %s n %d of book %d', lower(hex(s.referral_id)), s.n, s.book_id) AS place,
       format('counted in month %d, a grant', ",
    month_of!("s.at"),
    ") AS expected, format('counted in month %d%s, a %s', s.budget_month,
         iif(m.month IS NULL, ' that has no row', ''), s.kind) AS found
     FROM reward_steps AS s
     LEFT JOIN budget_months AS m ON m.book_id = s.book_id AND m.month = s.budget_month
     WHERE s.budget_month IS NOT NULL AND (m.month IS NULL OR s.kind <> 'grant' OR s.budget_month <> ",
    month_of!("s.at"),
    ") LIMIT 1"
);
