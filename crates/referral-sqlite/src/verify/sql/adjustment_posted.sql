SELECT format('adjustment_steps %s n %d of book %d', lower(hex(s.adjustment_id)), s.n, s.book_id) AS place,
  format('manual_adjustment of %d for user %s', a.amount, lower(hex(a.user_id))) AS expected,
  format('%s of %d for user %s', t.kind, (SELECT coalesce(sum(iif(e.side = 'C', e.amount, -e.amount)), 0) FROM transfers AS f
         JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
         WHERE f.book_id = t.book_id AND f.transaction_id = t.transaction_id), lower(hex(t.user_id))) AS found
FROM adjustment_steps AS s
LEFT JOIN adjustments AS a ON a.book_id = s.book_id AND a.adjustment_id = s.adjustment_id
LEFT JOIN ledger_transactions AS t ON t.book_id = s.book_id AND t.transaction_id = s.transaction_id
WHERE a.adjustment_id IS NULL OR (s.transaction_id IS NOT NULL
  AND ('manual_adjustment', a.user_id, a.amount) IS NOT (t.kind, t.user_id, (SELECT coalesce(sum(iif(e.side = 'C', e.amount, -e.amount)), 0) FROM transfers AS f
         JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
         WHERE f.book_id = t.book_id AND f.transaction_id = t.transaction_id))) ORDER BY s.book_id, s.adjustment_id, s.n LIMIT 1
