SELECT format('payout_batches %s of book %s', x.batch_id, x.book_id) AS place,
  format('%s payouts of %s', x.count, x.total) AS expected, format('%s payouts of %s', x.items, x.amount) AS found
FROM (SELECT b.book_id, b.batch_id, b.count, b.total, count(i.payout_id) AS items, coalesce(sum(i.amount), 0) AS amount
  FROM payout_batches AS b LEFT JOIN batch_items AS i ON i.book_id = b.book_id AND i.batch_id = b.batch_id
  GROUP BY b.book_id, b.batch_id) AS x
WHERE (x.count, x.total) <> (x.items, x.amount) LIMIT 1
