//! Queries over the stages of payouts and batches: they follow one another, and each agrees with the other's.

/// Each step follows the one before, legally, in the same batch, and is its payout's.
pub(super) const STEPS_FOLLOW: &str = "
SELECT format('payout_steps %s n %d of book %d', lower(hex(s.payout_id)), s.n, s.book_id) AS place,
  format('payout %d of user %s, what may follow n %d, %s, in batch %s', p.n, lower(hex(p.user_id)), b.n, b.status,
    lower(hex(b.batch_id))) AS expected,
  format('payout %d of user %s, %s after n %d, %s, in batch %s', s.payout_n, lower(hex(s.user_id)), s.status, s.prev_n,
    s.prev_status, lower(hex(s.batch_id))) AS found
FROM payout_steps AS s
LEFT JOIN payouts AS p ON p.book_id = s.book_id AND p.payout_id = s.payout_id
LEFT JOIN payout_steps AS b ON b.book_id = s.book_id AND b.payout_id = s.payout_id AND b.n = s.n - 1
WHERE (s.user_id, s.payout_n, s.prev_n, s.prev_status) IS NOT (p.user_id, p.n, b.n, b.status)
  OR (s.n > 1) <> (b.n IS NOT NULL)
  OR coalesce(s.prev_status, '') || '>' || s.status NOT IN ('>requested', 'requested>approved', 'batched>approved',
    'approved>batched', 'batched>sent', 'sent>paid', 'sent>failed', 'requested>cancelled', 'approved>cancelled')
  OR (s.status IN ('requested', 'paid', 'cancelled', 'failed')) <> (s.transaction_id IS NOT NULL)
  OR (s.prev_status IN ('batched', 'sent') AND s.batch_id IS NOT b.batch_id)
ORDER BY s.book_id, s.payout_id, s.n LIMIT 1";

pub(super) const PAYOUT_WITHOUT_STEP: &str = "
SELECT format('payouts %s of book %d', lower(hex(p.payout_id)), p.book_id) AS place,
  'a step that asked for it' AS expected, 'none' AS found
FROM payouts AS p
WHERE NOT EXISTS
  (SELECT 1 FROM payout_steps AS s WHERE s.book_id = p.book_id AND s.payout_id = p.payout_id AND s.n = 1)
LIMIT 1";

/// What a bank said is of an item, of its amount, and became a step.
pub(super) const LINES: &str = "
SELECT format('settlement_lines %s of book %d', lower(hex(l.payout_id)), l.book_id) AS place,
  format('%d in its batch, and a step of it', i.amount) AS expected,
  format('%d %s in batch %s, step n %d', l.amount, l.outcome, lower(hex(l.batch_id)), s.n) AS found
FROM settlement_lines AS l
LEFT JOIN batch_items AS i ON i.book_id = l.book_id AND i.batch_id = l.batch_id AND i.payout_id = l.payout_id
LEFT JOIN payout_steps AS s ON s.book_id = l.book_id AND s.payout_id = l.payout_id AND s.batch_id = l.batch_id
  AND s.status = l.outcome
WHERE l.amount IS NOT i.amount OR s.n IS NULL
ORDER BY l.book_id, l.payout_id LIMIT 1";

pub(super) const UNSAID: &str = "
SELECT format('payout_steps %s n %d of book %d', lower(hex(s.payout_id)), s.n, s.book_id) AS place,
  'a bank that said so' AS expected, 'none' AS found
FROM payout_steps AS s
WHERE s.status IN ('paid', 'failed') AND NOT EXISTS (SELECT 1 FROM settlement_lines AS l
  WHERE l.book_id = s.book_id AND l.payout_id = s.payout_id AND l.outcome = s.status)
LIMIT 1";

/// An item is its payout, in the batch that this entered, and goes where its method says.
pub(super) const ITEMS: &str = "
SELECT format('batch_items %s of book %d', lower(hex(i.payout_id)), i.book_id) AS place,
  format('%d of user %s, %s, by %s %d to %s, in batch %s of %s', p.amount, lower(hex(p.user_id)), 'batched', p.kind,
    p.method_n, lower(hex(m.digest)), lower(hex(s.batch_id)), b.kind) AS expected,
  format('%d of user %s, %s, by %s %d to %s, in batch %s of %s', i.amount, lower(hex(i.user_id)), s.status, i.kind,
    i.method_n, lower(hex(i.digest)), lower(hex(i.batch_id)), i.kind) AS found
FROM batch_items AS i
LEFT JOIN payouts AS p ON p.book_id = i.book_id AND p.payout_id = i.payout_id
LEFT JOIN payout_steps AS s ON s.book_id = i.book_id AND s.payout_id = i.payout_id AND s.n = i.step_n
LEFT JOIN payout_batches AS b ON b.book_id = i.book_id AND b.batch_id = i.batch_id
LEFT JOIN payout_methods AS m ON m.book_id = i.book_id AND m.user_id = i.user_id AND m.n = i.method_n
WHERE (i.user_id, i.kind, i.method_n, i.amount) IS NOT (p.user_id, p.kind, p.method_n, p.amount)
  OR ('batched', i.batch_id) IS NOT (s.status, s.batch_id) OR b.kind IS NOT i.kind OR m.digest IS NOT i.digest
ORDER BY i.book_id, i.batch_id, i.payout_id LIMIT 1";

/// A payout is sent when its batch is exported, and leaves it when it is discarded.
pub(super) const BATCH_IS_NOT_SO_FAR: &str = "
SELECT format('payout_steps %s n %d of book %d', lower(hex(s.payout_id)), s.n, s.book_id) AS place,
  format('a batch that was %s', iif(s.status = 'sent', 'exported', 'discarded')) AS expected, 'none' AS found
FROM payout_steps AS s
WHERE s.status IN ('sent', 'approved') AND s.batch_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM batch_steps AS b
  WHERE b.book_id = s.book_id AND b.batch_id = s.batch_id
    AND b.status = iif(s.status = 'sent', 'exported', 'discarded'))
LIMIT 1";

pub(super) const LEFT_BEHIND: &str = "
SELECT format('batch_items %s of book %d', lower(hex(i.payout_id)), i.book_id) AS place,
  format('%s after its batch was %s', iif(b.status = 'exported', 'sent', 'approved'), b.status) AS expected,
  'none' AS found
FROM batch_steps AS b JOIN batch_items AS i ON i.book_id = b.book_id AND i.batch_id = b.batch_id
WHERE b.status IN ('exported', 'discarded') AND NOT EXISTS (SELECT 1 FROM payout_steps AS s
  WHERE s.book_id = i.book_id AND s.payout_id = i.payout_id AND s.n = i.step_n + 1
    AND s.status = iif(b.status = 'exported', 'sent', 'approved'))
LIMIT 1";

/// Each step of a batch follows the one before, legally; a person other than its maker approves it.
pub(super) const BATCH_STEPS_FOLLOW: &str = "
SELECT format('batch_steps %s n %d of book %d', lower(hex(s.batch_id)), s.n, s.book_id) AS place,
  format('made by %s %s, what may follow n %d, %s, by %s', p.made_by_kind, p.made_by, b.n, b.status,
    iif(s.status = 'approved', 'another', 'anybody')) AS expected,
  format('made by %s %s, %s after n %d, %s, by %s %s', s.maker_kind, s.maker, s.status, s.prev_n, s.prev_status,
    s.actor_kind, s.actor_id) AS found
FROM batch_steps AS s
LEFT JOIN payout_batches AS p ON p.book_id = s.book_id AND p.batch_id = s.batch_id
LEFT JOIN batch_steps AS b ON b.book_id = s.book_id AND b.batch_id = s.batch_id AND b.n = s.n - 1
WHERE (s.maker_kind, s.maker, s.prev_n, s.prev_status) IS NOT (p.made_by_kind, p.made_by, b.n, b.status)
  OR (s.n > 1) <> (b.n IS NOT NULL)
  OR coalesce(s.prev_status, '') || '>' || s.status NOT IN ('>draft', 'draft>sealed', 'sealed>approved',
    'approved>exported', 'exported>settled', 'draft>discarded', 'sealed>discarded', 'approved>discarded')
  OR (s.status = 'sealed') <> (s.manifest IS NOT NULL)
  OR (s.status = 'approved' AND s.maker_kind = s.actor_kind AND s.maker = s.actor_id)
ORDER BY s.book_id, s.batch_id, s.n LIMIT 1";

pub(super) const BATCH_WITHOUT_STEP: &str = "
SELECT format('payout_batches %s of book %d', lower(hex(p.batch_id)), p.book_id) AS place,
  'a step that made it' AS expected, 'none' AS found
FROM payout_batches AS p
WHERE NOT EXISTS
  (SELECT 1 FROM batch_steps AS s WHERE s.book_id = p.book_id AND s.batch_id = p.batch_id AND s.n = 1)
LIMIT 1";
