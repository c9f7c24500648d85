SELECT format('batch_steps %s of book %s', x.batch_id, x.book_id) AS place,
  CASE WHEN x.waiting = 0 THEN 'settled' ELSE 'not settled' END AS expected, CASE WHEN x.settled THEN 'settled' ELSE 'not settled' END AS found
FROM (SELECT b.book_id, b.batch_id, EXISTS (SELECT 1 FROM batch_steps AS t
      WHERE t.book_id = b.book_id AND t.batch_id = b.batch_id AND t.status = 'settled') AS settled,
    (SELECT count(*) FROM batch_items AS i WHERE i.book_id = b.book_id AND i.batch_id = b.batch_id
      AND NOT EXISTS (SELECT 1 FROM settlement_lines AS l
        WHERE l.book_id = i.book_id AND l.payout_id = i.payout_id)) AS waiting
  FROM batch_steps AS b WHERE b.status = 'exported') AS x
WHERE x.settled <> (x.waiting = 0) LIMIT 1
