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
ORDER BY s.book_id, s.adjustment_id, s.n LIMIT 1
