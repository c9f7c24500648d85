SELECT format('payout_steps %s n %s of book %s', s.payout_id, s.n, s.book_id) AS place,
  format('a batch that was %s', CASE WHEN s.status = 'sent' THEN 'exported' ELSE 'discarded' END) AS expected, 'none' AS found
FROM payout_steps AS s
WHERE s.status IN ('sent', 'approved') AND s.batch_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM batch_steps AS b
  WHERE b.book_id = s.book_id AND b.batch_id = s.batch_id
    AND b.status = CASE WHEN s.status = 'sent' THEN 'exported' ELSE 'discarded' END)
LIMIT 1
