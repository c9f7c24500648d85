SELECT format('payout_steps %s n %s of book %s', s.payout_id, s.n, s.book_id) AS place,
  format('payout %s of user %s, what may follow n %s, %s, in batch %s', p.n, p.user_id, b.n, b.status,
    b.batch_id) AS expected,
  format('payout %s of user %s, %s after n %s, %s, in batch %s', s.payout_n, s.user_id, s.status, s.prev_n,
    s.prev_status, s.batch_id) AS found
FROM payout_steps AS s
LEFT JOIN payouts AS p ON p.book_id = s.book_id AND p.payout_id = s.payout_id
LEFT JOIN payout_steps AS b ON b.book_id = s.book_id AND b.payout_id = s.payout_id AND b.n = s.n - 1
WHERE (s.user_id, s.payout_n, s.prev_n, s.prev_status) IS DISTINCT FROM (p.user_id, p.n, b.n, b.status)
  OR (s.n > 1) <> (b.n IS NOT NULL)
  OR coalesce(s.prev_status, '') || '>' || s.status NOT IN ('>requested', 'requested>approved', 'batched>approved',
    'approved>batched', 'batched>sent', 'sent>paid', 'sent>failed', 'requested>cancelled', 'approved>cancelled')
  OR (s.status IN ('requested', 'paid', 'cancelled', 'failed')) <> (s.transaction_id IS NOT NULL)
  OR (s.prev_status IN ('batched', 'sent') AND s.batch_id IS DISTINCT FROM b.batch_id)
ORDER BY s.book_id, s.payout_id, s.n LIMIT 1
