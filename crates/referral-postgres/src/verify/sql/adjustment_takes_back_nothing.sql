SELECT format('ledger_transactions %s of book %s', t.transaction_id, t.book_id) AS place,
  format('it takes something back of user %s', t.user_id) AS expected,
  format('it takes back %s of user %s', t.reverses, r.user_id) AS found
FROM ledger_transactions AS t
LEFT JOIN ledger_transactions AS r ON r.book_id = t.book_id AND r.transaction_id = t.reverses
WHERE t.kind = 'credit_retraction' AND r.user_id IS DISTINCT FROM t.user_id
LIMIT 1
