SELECT format('payout_steps %s n %d of book %d', lower(hex(s.payout_id)), s.n, s.book_id) AS place,
  format('a batch that was %s', iif(s.status = 'sent', 'exported', 'discarded')) AS expected, 'none' AS found
FROM payout_steps AS s
WHERE s.status IN ('sent', 'approved') AND s.batch_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM batch_steps AS b
  WHERE b.book_id = s.book_id AND b.batch_id = s.batch_id
    AND b.status = iif(s.status = 'sent', 'exported', 'discarded'))
LIMIT 1
