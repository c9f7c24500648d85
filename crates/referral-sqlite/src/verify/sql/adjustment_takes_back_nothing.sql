SELECT format('ledger_transactions %s of book %d', lower(hex(t.transaction_id)), t.book_id) AS place,
  format('it takes something back of user %s', lower(hex(t.user_id))) AS expected,
  format('it takes back %s of user %s', lower(hex(t.reverses)), lower(hex(r.user_id))) AS found
FROM ledger_transactions AS t
LEFT JOIN ledger_transactions AS r ON r.book_id = t.book_id AND r.transaction_id = t.reverses
WHERE t.kind = 'credit_retraction' AND r.user_id IS NOT t.user_id
LIMIT 1
