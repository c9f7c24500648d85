SELECT format('adjustment_steps %s n %s of book %s', s.adjustment_id, s.n, s.book_id) AS place,
  format('manual_adjustment of %s for user %s', a.amount, a.user_id) AS expected,
  format('%s of %s for user %s', t.kind, (SELECT coalesce(sum(CASE WHEN e.side = 'C' THEN e.amount ELSE -e.amount END), 0) FROM transfers AS f
         JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
         WHERE f.book_id = t.book_id AND f.transaction_id = t.transaction_id), t.user_id) AS found
FROM adjustment_steps AS s
LEFT JOIN adjustments AS a ON a.book_id = s.book_id AND a.adjustment_id = s.adjustment_id
LEFT JOIN ledger_transactions AS t ON t.book_id = s.book_id AND t.transaction_id = s.transaction_id
WHERE a.adjustment_id IS NULL OR (s.transaction_id IS NOT NULL
  AND ('manual_adjustment', a.user_id, a.amount) IS DISTINCT FROM (t.kind, t.user_id, (SELECT coalesce(sum(CASE WHEN e.side = 'C' THEN e.amount ELSE -e.amount END), 0) FROM transfers AS f
         JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
         WHERE f.book_id = t.book_id AND f.transaction_id = t.transaction_id))) ORDER BY s.book_id, s.adjustment_id, s.n LIMIT 1
