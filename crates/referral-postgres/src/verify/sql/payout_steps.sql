SELECT format('payout_steps %s n %s of book %s', s.payout_id, s.n, s.book_id) AS place,
  format('affiliate_payout of user %s, %s in payout, %s cleared', p.user_id,
    CASE WHEN s.status = 'requested' THEN p.amount ELSE -p.amount END, CASE WHEN s.status = 'paid' THEN p.amount ELSE 0 END) AS expected,
  format('%s of user %s, %s in payout, %s cleared', t.kind, t.user_id, (SELECT coalesce(sum(CASE WHEN e.side = 'C' THEN e.amount ELSE -e.amount END), 0) FROM transfers AS f
     JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
     JOIN accounts AS a ON a.book_id = e.book_id AND a.account_id = e.account_id AND a.purpose = 'in_payout'
     WHERE f.book_id = s.book_id AND f.transaction_id = s.transaction_id), (SELECT coalesce(sum(f.amount), 0) FROM transfers AS f WHERE f.book_id = s.book_id
     AND f.transaction_id = s.transaction_id AND f.credit_system = 'payout_clearing')) AS found
FROM payout_steps AS s
JOIN payouts AS p ON p.book_id = s.book_id AND p.payout_id = s.payout_id
LEFT JOIN ledger_transactions AS t ON t.book_id = s.book_id AND t.transaction_id = s.transaction_id
WHERE s.transaction_id IS NOT NULL AND ('affiliate_payout', p.user_id,
    CASE WHEN s.status = 'requested' THEN p.amount ELSE -p.amount END, CASE WHEN s.status = 'paid' THEN p.amount ELSE 0 END)
  IS DISTINCT FROM (t.kind, t.user_id, (SELECT coalesce(sum(CASE WHEN e.side = 'C' THEN e.amount ELSE -e.amount END), 0) FROM transfers AS f
     JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
     JOIN accounts AS a ON a.book_id = e.book_id AND a.account_id = e.account_id AND a.purpose = 'in_payout'
     WHERE f.book_id = s.book_id AND f.transaction_id = s.transaction_id), (SELECT coalesce(sum(f.amount), 0) FROM transfers AS f WHERE f.book_id = s.book_id
     AND f.transaction_id = s.transaction_id AND f.credit_system = 'payout_clearing')) ORDER BY s.book_id, s.payout_id, s.n LIMIT 1
