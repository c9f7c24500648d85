SELECT format('payouts %s of book %s', p.payout_id, p.book_id) AS place,
  'a step that asked for it' AS expected, 'none' AS found
FROM payouts AS p
WHERE NOT EXISTS
  (SELECT 1 FROM payout_steps AS s WHERE s.book_id = p.book_id AND s.payout_id = p.payout_id AND s.n = 1)
LIMIT 1
