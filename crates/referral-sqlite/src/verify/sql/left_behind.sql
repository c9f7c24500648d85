SELECT format('batch_items %s of book %d', lower(hex(i.payout_id)), i.book_id) AS place,
  format('%s after its batch was %s', iif(b.status = 'exported', 'sent', 'approved'), b.status) AS expected,
  'none' AS found
FROM batch_steps AS b JOIN batch_items AS i ON i.book_id = b.book_id AND i.batch_id = b.batch_id
WHERE b.status IN ('exported', 'discarded') AND NOT EXISTS (SELECT 1 FROM payout_steps AS s
  WHERE s.book_id = i.book_id AND s.payout_id = i.payout_id AND s.n = i.step_n + 1
    AND s.status = iif(b.status = 'exported', 'sent', 'approved'))
LIMIT 1
