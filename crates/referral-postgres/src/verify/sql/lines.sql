SELECT format('settlement_lines %s of book %s', l.payout_id, l.book_id) AS place,
  format('%s in its batch, and a step of it', i.amount) AS expected,
  format('%s %s in batch %s, step n %s', l.amount, l.outcome, l.batch_id, s.n) AS found
FROM settlement_lines AS l
LEFT JOIN batch_items AS i ON i.book_id = l.book_id AND i.batch_id = l.batch_id AND i.payout_id = l.payout_id
LEFT JOIN payout_steps AS s ON s.book_id = l.book_id AND s.payout_id = l.payout_id AND s.batch_id = l.batch_id
  AND s.status = l.outcome
WHERE l.amount IS DISTINCT FROM i.amount OR s.n IS NULL
ORDER BY l.book_id, l.payout_id LIMIT 1
