SELECT format('payout_steps %s n %d of book %d', lower(hex(s.payout_id)), s.n, s.book_id) AS place,
  'a bank that said so' AS expected, 'none' AS found
FROM payout_steps AS s
WHERE s.status IN ('paid', 'failed') AND NOT EXISTS (SELECT 1 FROM settlement_lines AS l
  WHERE l.book_id = s.book_id AND l.payout_id = s.payout_id AND l.outcome = s.status)
LIMIT 1
