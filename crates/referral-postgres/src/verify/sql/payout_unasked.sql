SELECT format('ledger_transactions %s of book %s', t.transaction_id, t.book_id) AS place,
  'a step of a payout' AS expected, 'none' AS found
FROM ledger_transactions AS t
WHERE t.kind = 'affiliate_payout' AND NOT EXISTS
  (SELECT 1 FROM payout_steps AS s WHERE s.book_id = t.book_id AND s.transaction_id = t.transaction_id)
LIMIT 1
