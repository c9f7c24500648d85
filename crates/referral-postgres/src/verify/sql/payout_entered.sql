SELECT format('payout_steps %s n %s of book %s', s.payout_id, s.n, s.book_id) AS place,
  'an item of its batch' AS expected, 'none' AS found
FROM payout_steps AS s
WHERE s.status = 'batched' AND NOT EXISTS (SELECT 1 FROM batch_items AS i
  WHERE i.book_id = s.book_id AND i.payout_id = s.payout_id AND i.step_n = s.n)
LIMIT 1
