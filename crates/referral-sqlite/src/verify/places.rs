//! Queries that find the first place where something does not hold: `place`, `expected` and `found`, or no row.
//!
//! Each walks one table in its own order and looks the others up by key, so nothing is sorted or kept.

use referral_domain::ledger::Check;

/// The queries of a check.
pub(super) const fn of(check: Check) -> &'static [&'static str] {
    match check {
        Check::TransferEntries => &[SIDES, ENTRY_WITHOUT_TRANSFER],
        Check::Heads => &[HEADS, CHAIN_WITHOUT_HEAD],
        Check::Bounds => &[ENTRY_BOUNDS, LINE_BOUNDS],
        Check::Lines => &[LEGS, TRANSACTION_WITHOUT_LINE, LAST_LINES, HEAD_WITHOUT_LINE],
        Check::RewardSteps => {
            &[STEPS, STEP_POSTINGS, REWARDS, WELCOMES, BONUS_WITHOUT_STEP, WELCOME_WITHOUT_REFERRAL]
        }
        Check::Redemptions => {
            &[REDEMPTIONS, REVERSALS, REVERSED_AT_MOST_WHOLLY, REDEMPTION_TRANSACTION_WITHOUT_ROW]
        }
        Check::Payouts => super::payouts::PLACES,
        Check::Adjustments => super::adjustments::PLACES,
        Check::EntryChain | Check::Zero | Check::DueRewards | Check::Seals => &[],
        Check::Holds | Check::Commissions | Check::NetSpend | Check::Budgets => &[],
    }
}

const SIDES: &str = "
SELECT format('transfers %s of book %d', lower(hex(t.transfer_id)), t.book_id) AS place,
  format('debit %s %s, credit %s %s', hex(t.debit_account), iif(t.debit_account IS NULL, '', t.amount),
    hex(t.credit_account), iif(t.credit_account IS NULL, '', t.amount)) AS expected,
  format('debit %s %s, credit %s %s', hex(d.account_id), d.amount, hex(c.account_id), c.amount) AS found
FROM transfers AS t
LEFT JOIN entries AS d ON d.book_id = t.book_id AND d.transfer_id = t.transfer_id AND d.side = 'D'
LEFT JOIN entries AS c ON c.book_id = t.book_id AND c.transfer_id = t.transfer_id AND c.side = 'C'
WHERE t.debit_account IS NOT d.account_id OR t.credit_account IS NOT c.account_id
  OR (d.amount IS NOT NULL AND d.amount <> t.amount) OR (c.amount IS NOT NULL AND c.amount <> t.amount)
LIMIT 1";

const ENTRY_WITHOUT_TRANSFER: &str = "
SELECT format('entries %s seq %d of book %d', lower(hex(e.account_id)), e.seq, e.book_id) AS place,
  format('transfer %s', lower(hex(e.transfer_id))) AS expected, 'none' AS found
FROM entries AS e
WHERE NOT EXISTS (SELECT 1 FROM transfers AS t WHERE t.book_id = e.book_id AND t.transfer_id = e.transfer_id)
LIMIT 1";

const HEADS: &str = "
SELECT format('account_heads %s of book %d', lower(hex(h.account_id)), h.book_id) AS place,
  format('seq %d balance %d', e.seq, e.balance_after) AS expected,
  format('seq %d balance %d', h.seq, h.balance) AS found
FROM account_heads AS h
LEFT JOIN entries AS e ON e.book_id = h.book_id AND e.account_id = h.account_id AND e.seq =
  (SELECT max(x.seq) FROM entries AS x WHERE x.book_id = h.book_id AND x.account_id = h.account_id)
WHERE (h.seq, h.balance) IS NOT (e.seq, e.balance_after)
LIMIT 1";

const CHAIN_WITHOUT_HEAD: &str = "
SELECT format('account_heads %s of book %d', lower(hex(e.account_id)), e.book_id) AS place,
  'a head' AS expected, 'none' AS found
FROM entries AS e
WHERE e.seq = 1 AND NOT EXISTS
  (SELECT 1 FROM account_heads AS h WHERE h.book_id = e.book_id AND h.account_id = e.account_id)
LIMIT 1";

const ENTRY_BOUNDS: &str = "
SELECT format('entries %s seq %d of book %d', lower(hex(e.account_id)), e.seq, e.book_id) AS place,
  format('a balance of %s within its bounds', a.purpose) AS expected,
  format('%s %d', e.purpose, e.balance_after) AS found
FROM entries AS e LEFT JOIN accounts AS a ON a.book_id = e.book_id AND a.account_id = e.account_id
WHERE a.purpose IS NOT e.purpose
  OR CASE e.purpose WHEN 'owed' THEN e.balance_after > 0 ELSE e.balance_after < 0 END
LIMIT 1";

const LINE_BOUNDS: &str = "
SELECT format('history_lines %s n %d of book %d', lower(hex(user_id)), n, book_id) AS place,
  'balances from 0 upward, available and owed not both positive' AS expected,
  format('available %d held %d in_payout %d owed %d', available_after, held_after, in_payout_after, owed_after) AS found
FROM history_lines
WHERE min(available_after, held_after, in_payout_after, owed_after) < 0 OR (available_after > 0 AND owed_after > 0)
LIMIT 1";

const LEGS: &str = "
SELECT format('transfers %s of book %d', lower(hex(f.transfer_id)), f.book_id) AS place,
  format('transaction %s of referral %s, effective %d, recorded %d', lower(hex(t.transaction_id)),
    lower(hex(t.referral_id)), t.effective_at, t.recorded_at) AS expected,
  format('transaction %s of referral %s, effective %d, recorded %d', lower(hex(f.transaction_id)),
    lower(hex(f.referral_id)), f.effective_at, f.recorded_at) AS found
FROM transfers AS f
LEFT JOIN ledger_transactions AS t ON t.book_id = f.book_id AND t.transaction_id = f.transaction_id
WHERE t.transaction_id IS NULL OR (t.referral_id, t.effective_at, t.recorded_at)
  IS NOT (f.referral_id, f.effective_at, f.recorded_at)
LIMIT 1";

const TRANSACTION_WITHOUT_LINE: &str = "
SELECT format('ledger_transactions %s of book %d', lower(hex(t.transaction_id)), t.book_id) AS place,
  '1 history line' AS expected, format('%d', count(l.n)) AS found
FROM ledger_transactions AS t
LEFT JOIN history_lines AS l ON l.book_id = t.book_id AND l.transaction_id = t.transaction_id
GROUP BY t.book_id, t.transaction_id HAVING count(l.n) <> 1
LIMIT 1";

/// A user's balances, by the heads of their accounts, as columns.
macro_rules! by_heads {
    () => {
        "SELECT coalesce(max(h.balance) FILTER (WHERE a.purpose = 'available'), 0),
           coalesce(max(h.balance) FILTER (WHERE a.purpose = 'held'), 0),
           coalesce(max(h.balance) FILTER (WHERE a.purpose = 'in_payout'), 0),
           coalesce(-max(h.balance) FILTER (WHERE a.purpose = 'owed'), 0)
         FROM accounts AS a JOIN account_heads AS h ON h.book_id = a.book_id AND h.account_id = a.account_id
         WHERE a.book_id = l.book_id AND a.user_id = l.user_id"
    };
}

const LAST_LINES: &str = concat!(
    "SELECT format('history_lines %s n %d of book %d', lower(hex(l.user_id)), l.n, l.book_id) AS place,
       'the balances of the user''s heads' AS expected,
       format('available %d held %d in_payout %d owed %d', l.available_after, l.held_after, l.in_payout_after,
         l.owed_after) AS found
     FROM history_lines AS l
     WHERE l.n = (SELECT max(x.n) FROM history_lines AS x WHERE x.book_id = l.book_id AND x.user_id = l.user_id)
       AND (l.available_after, l.held_after, l.in_payout_after, l.owed_after) IS NOT (",
    by_heads!(),
    ") LIMIT 1"
);

const HEAD_WITHOUT_LINE: &str = "
SELECT format('accounts %s of book %d', lower(hex(a.account_id)), a.book_id) AS place,
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
SELECT format('reward_steps %s n %d of book %d', lower(hex(s.referral_id)), s.n, s.book_id) AS place,
  format('a step after %d others of a referral', s.n - 1) AS expected,
  format('%d others', (SELECT count(*) FROM reward_steps AS x
    WHERE x.book_id = s.book_id AND x.referral_id = s.referral_id AND x.n < s.n)) AS found
FROM reward_steps AS s
WHERE s.n <> 1 + (SELECT count(*) FROM reward_steps AS x
    WHERE x.book_id = s.book_id AND x.referral_id = s.referral_id AND x.n < s.n)
  OR NOT EXISTS (SELECT 1 FROM referral_progress AS p WHERE p.book_id = s.book_id AND p.referral_id = s.referral_id)
LIMIT 1";

/// A step's posting; a retraction reverses the grant before it.
const STEP_POSTINGS: &str = concat!(
    "SELECT format('reward_steps %s n %d of book %d', lower(hex(s.referral_id)), s.n, s.book_id) AS place,
       format('%s of %d by transaction %s, reversing %s', iif(s.n % 2 = 1, 'referral_bonus', 'credit_retraction'),
         s.amount, lower(hex(s.transaction_id)), lower(hex(b.transaction_id))) AS expected,
       format('%s of %d for referral %s, reversing %s', t.kind, ",
    total_of!("t.transaction_id"),
    ", lower(hex(t.referral_id)), lower(hex(t.reverses))) AS found
     FROM reward_steps AS s
     LEFT JOIN ledger_transactions AS t ON t.book_id = s.book_id AND t.transaction_id = s.transaction_id
     LEFT JOIN reward_steps AS b ON b.book_id = s.book_id AND b.referral_id = s.referral_id AND b.n = s.n - 1
       AND s.n % 2 = 0
     WHERE (iif(s.n % 2 = 1, 'referral_bonus', 'credit_retraction'), s.referral_id, b.transaction_id, s.amount)
       IS NOT (t.kind, t.referral_id, t.reverses, ",
    total_of!("t.transaction_id"),
    ") LIMIT 1"
);

const REWARDS: &str = "
SELECT format('referral_progress %s of book %d', lower(hex(p.referral_id)), p.book_id) AS place,
  format('%d steps, %d granted by %s', coalesce(s.n, 0), iif(s.n % 2 = 1, s.amount, 0),
    iif(s.n % 2 = 1, lower(hex(s.transaction_id)), '')) AS expected,
  format('%d steps, %d granted by %s', p.reward_steps, iif(s.n % 2 = 1, p.referrer_reward, 0),
    iif(p.reward_status IN ('held', 'granted'), lower(hex(p.reward_transaction)), '')) AS found
FROM referral_progress AS p
LEFT JOIN reward_steps AS s ON s.book_id = p.book_id AND s.referral_id = p.referral_id AND s.n =
  (SELECT max(x.n) FROM reward_steps AS x WHERE x.book_id = p.book_id AND x.referral_id = p.referral_id)
WHERE p.reward_steps <> coalesce(s.n, 0)
  OR iif(p.reward_status IN ('held', 'granted'), p.reward_transaction, NULL)
    IS NOT iif(s.n % 2 = 1, s.transaction_id, NULL)
  OR s.n % 2 = 1 AND s.amount <> p.referrer_reward
LIMIT 1";

const WELCOMES: &str = concat!(
    "SELECT format('referral_progress %s of book %d', lower(hex(p.referral_id)), p.book_id) AS place,
       format('welcome_credit of %d by transaction %s', p.welcome_credit, lower(hex(p.welcome_transaction))) AS expected,
       format('%s of %d for referral %s', t.kind, ",
    total_of!("t.transaction_id"),
    ", lower(hex(t.referral_id))) AS found
     FROM referral_progress AS p
     LEFT JOIN ledger_transactions AS t ON t.book_id = p.book_id AND t.transaction_id = p.welcome_transaction
     WHERE p.welcome_status IN ('held', 'granted')
       AND ('welcome_credit', p.referral_id, p.welcome_credit) IS NOT (t.kind, t.referral_id, ",
    total_of!("t.transaction_id"),
    ") LIMIT 1"
);

const BONUS_WITHOUT_STEP: &str = "
SELECT format('ledger_transactions %s of book %d', lower(hex(t.transaction_id)), t.book_id) AS place,
  'a reward step' AS expected, 'none' AS found
FROM ledger_transactions AS t
WHERE t.kind = 'referral_bonus'
  AND NOT EXISTS (SELECT 1 FROM reward_steps AS s WHERE s.book_id = t.book_id AND s.transaction_id = t.transaction_id)
LIMIT 1";

const WELCOME_WITHOUT_REFERRAL: &str = "
SELECT format('ledger_transactions %s of book %d', lower(hex(t.transaction_id)), t.book_id) AS place,
  'a referral whose welcome credit it is' AS expected, 'none' AS found
FROM ledger_transactions AS t
WHERE t.kind = 'welcome_credit' AND NOT EXISTS (SELECT 1 FROM referral_progress AS p
  WHERE p.book_id = t.book_id AND p.referral_id = t.referral_id
    AND (p.welcome_transaction = t.transaction_id OR p.welcome_status = 'retracted'))
LIMIT 1";

const REDEMPTIONS: &str = concat!(
    "SELECT format('redemptions %s of book %d', lower(hex(r.redemption_id)), r.book_id) AS place,
       format('credit_redemption of %d from user %s', r.redeemed, lower(hex(r.user_id))) AS expected,
       format('%s of %d from user %s', t.kind, ",
    total_of!("t.transaction_id"),
    ", lower(hex(t.user_id))) AS found
     FROM redemptions AS r
     LEFT JOIN ledger_transactions AS t ON t.book_id = r.book_id AND t.transaction_id = r.transaction_id
     WHERE (r.redeemed <> 0 AND ('credit_redemption', r.user_id, r.redeemed) IS NOT (t.kind, t.user_id, ",
    total_of!("t.transaction_id"),
    ")) OR (r.redeemed = 0 AND r.transaction_id IS NOT NULL) LIMIT 1"
);

const REVERSALS: &str = concat!(
    "SELECT format('redemption_reversals %s n %d of book %d', lower(hex(v.redemption_id)), v.n, v.book_id) AS place,
       format('credit_redemption of %d back to user %s', v.amount, lower(hex(r.user_id))) AS expected,
       format('%s of %d back to user %s', t.kind, ",
    total_of!("t.transaction_id"),
    ", lower(hex(t.user_id))) AS found
     FROM redemption_reversals AS v
     LEFT JOIN redemptions AS r ON r.book_id = v.book_id AND r.redemption_id = v.redemption_id
     LEFT JOIN ledger_transactions AS t ON t.book_id = v.book_id AND t.transaction_id = v.transaction_id
     WHERE ('credit_redemption', r.user_id, v.amount) IS NOT (t.kind, t.user_id, ",
    total_of!("t.transaction_id"),
    ") OR r.redemption_id IS NULL LIMIT 1"
);

const REVERSED_AT_MOST_WHOLLY: &str = "
SELECT format('redemptions %s of book %d', lower(hex(r.redemption_id)), r.book_id) AS place,
  format('at most %d reversed, %d remaining', r.redeemed, r.redeemed - sum(v.amount)) AS expected,
  format('%d reversed, %d remaining', sum(v.amount), min(v.remaining)) AS found
FROM redemptions AS r
JOIN redemption_reversals AS v ON v.book_id = r.book_id AND v.redemption_id = r.redemption_id
GROUP BY r.book_id, r.redemption_id
HAVING sum(v.amount) > r.redeemed OR min(v.remaining) <> r.redeemed - sum(v.amount)
LIMIT 1";

const REDEMPTION_TRANSACTION_WITHOUT_ROW: &str = "
SELECT format('ledger_transactions %s of book %d', lower(hex(t.transaction_id)), t.book_id) AS place,
  'a redemption or a reversal' AS expected, 'none' AS found
FROM ledger_transactions AS t
WHERE t.kind = 'credit_redemption'
  AND NOT EXISTS (SELECT 1 FROM redemptions AS r WHERE r.book_id = t.book_id AND r.transaction_id = t.transaction_id)
  AND NOT EXISTS
    (SELECT 1 FROM redemption_reversals AS v WHERE v.book_id = t.book_id AND v.transaction_id = t.transaction_id)
LIMIT 1";
