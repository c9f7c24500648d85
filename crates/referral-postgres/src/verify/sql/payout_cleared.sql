SELECT format('payout_clearing of book %s', x.book_id) AS place, format('%s', x.paid) AS expected,
  format('%s', x.cleared) AS found
FROM (SELECT b.book_id,
    coalesce((SELECT sum(p.amount) FROM payout_steps AS s JOIN payouts AS p
      ON p.book_id = s.book_id AND p.payout_id = s.payout_id WHERE s.book_id = b.book_id AND s.status = 'paid'), 0) AS paid,
    coalesce((SELECT sum(t.amount) FROM transfers AS t
      WHERE t.book_id = b.book_id AND t.credit_system = 'payout_clearing'), 0)
    - coalesce((SELECT sum(t.amount) FROM transfers AS t
      WHERE t.book_id = b.book_id AND t.debit_system = 'payout_clearing'), 0) AS cleared
  FROM books AS b) AS x
WHERE x.paid <> x.cleared LIMIT 1
