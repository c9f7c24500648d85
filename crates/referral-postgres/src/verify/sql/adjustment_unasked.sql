SELECT format('ledger_transactions %s of book %s', t.transaction_id, t.book_id) AS place,
  'a step of an adjustment' AS expected, 'none' AS found
FROM ledger_transactions AS t
WHERE t.kind = 'manual_adjustment' AND NOT EXISTS
  (SELECT 1 FROM adjustment_steps AS s WHERE s.book_id = t.book_id AND s.transaction_id = t.transaction_id)
LIMIT 1
