SELECT format('payout_batches %s of book %d', lower(hex(p.batch_id)), p.book_id) AS place,
  'a step that made it' AS expected, 'none' AS found
FROM payout_batches AS p
WHERE NOT EXISTS
  (SELECT 1 FROM batch_steps AS s WHERE s.book_id = p.book_id AND s.batch_id = p.batch_id AND s.n = 1)
LIMIT 1
