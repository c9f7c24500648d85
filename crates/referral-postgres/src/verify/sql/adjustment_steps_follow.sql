SELECT format('adjustment_steps %s n %s of book %s', s.adjustment_id, s.n, s.book_id) AS place,
  format('what may follow n %s, %s, %s', b.n, b.status,
    CASE WHEN s.status = 'posted' THEN 'by a transaction' ELSE 'by none' END) AS expected,
  format('%s after n %s, %s, by %s', s.status, s.prev_n, s.prev_status,
    CASE WHEN s.transaction_id IS NULL THEN 'none' ELSE 'a transaction' END) AS found
FROM adjustment_steps AS s
LEFT JOIN adjustment_steps AS b ON b.book_id = s.book_id AND b.adjustment_id = s.adjustment_id AND b.n = s.n - 1
WHERE (s.prev_n, s.prev_status) IS DISTINCT FROM (b.n, b.status)
  OR coalesce(b.status, '') || '>' || s.status NOT IN ('>waiting', '>posted', 'waiting>posted', 'waiting>rejected')
  OR (s.n > 1) <> (b.n IS NOT NULL) OR (s.status = 'posted') <> (s.transaction_id IS NOT NULL)
ORDER BY s.book_id, s.adjustment_id, s.n LIMIT 1
