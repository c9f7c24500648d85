SELECT format('ledger_transactions %s of book %d', lower(hex(x.transaction_id)), x.book_id) AS place,
  format('what takes back %s, an adjustment or what a rule granted, of %d', x.asked, x.given) AS expected,
  format('%s of %s %s by %d', x.kind, x.taken, x.reverses, x.took) AS found
FROM (SELECT l.book_id, l.transaction_id, replace(substr(l.origin_id, 5), '-', '') AS asked, t.kind, lower(hex(t.reverses)) AS reverses, r.kind AS taken,
    (SELECT coalesce(sum(iif(e.side = 'C', e.amount, -e.amount)), 0) FROM transfers AS f
      JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
      WHERE f.book_id = t.book_id AND f.transaction_id = r.transaction_id) AS given,
    (SELECT coalesce(sum(iif(e.side = 'C', e.amount, -e.amount)), 0) FROM transfers AS f
      JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
      WHERE f.book_id = t.book_id AND f.transaction_id = t.transaction_id) AS took
  FROM books AS b
  JOIN transfers AS l ON l.book_id = b.book_id AND l.origin = 'retraction' AND l.leg = 0
  LEFT JOIN ledger_transactions AS t ON t.book_id = l.book_id AND t.transaction_id = l.transaction_id
  LEFT JOIN ledger_transactions AS r ON r.book_id = t.book_id AND r.transaction_id = t.reverses) AS x
WHERE NOT coalesce(x.asked = x.reverses AND CASE
  WHEN x.taken IN ('manual_adjustment', 'welcome_credit', 'referral_bonus')
    THEN x.kind = 'credit_retraction' AND x.took = -x.given
  WHEN x.taken = 'affiliate_commission' THEN x.kind = x.taken AND x.took BETWEEN -x.given AND -1
  ELSE false END, false) LIMIT 1
