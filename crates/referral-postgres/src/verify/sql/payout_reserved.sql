SELECT format('in payout of user %s of book %s', x.user_id, x.book_id) AS place,
  format('%s', x.open) AS expected, format('%s', x.balance) AS found
FROM (SELECT a.book_id, a.user_id, h.balance, coalesce((SELECT sum(p.amount) FROM payouts AS p
    WHERE p.book_id = a.book_id AND p.user_id = a.user_id AND NOT EXISTS (SELECT 1 FROM payout_steps AS s
      WHERE s.book_id = p.book_id AND s.user_id = p.user_id AND s.ends = p.n)), 0) AS open
  FROM accounts AS a JOIN account_heads AS h ON h.book_id = a.book_id AND h.account_id = a.account_id
  WHERE a.purpose = 'in_payout') AS x
WHERE x.open <> x.balance LIMIT 1
