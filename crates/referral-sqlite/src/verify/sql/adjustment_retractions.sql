SELECT format('ledger_transactions %s of book %d', lower(hex(l.transaction_id)), l.book_id) AS place,
  format('credit_retraction of manual_adjustment %s by %d', replace(substr(l.origin_id, 5), '-', ''), -(SELECT coalesce(sum(iif(e.side = 'C', e.amount, -e.amount)), 0) FROM transfers AS f
         JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
         WHERE f.book_id = t.book_id AND f.transaction_id = r.transaction_id)) AS expected,
  format('%s of %s %s by %d', t.kind, r.kind, lower(hex(t.reverses)), (SELECT coalesce(sum(iif(e.side = 'C', e.amount, -e.amount)), 0) FROM transfers AS f
         JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
         WHERE f.book_id = t.book_id AND f.transaction_id = t.transaction_id)) AS found
FROM books AS b
JOIN transfers AS l ON l.book_id = b.book_id AND l.origin = 'retraction' AND l.leg = 0
LEFT JOIN ledger_transactions AS t ON t.book_id = l.book_id AND t.transaction_id = l.transaction_id
LEFT JOIN ledger_transactions AS r ON r.book_id = t.book_id AND r.transaction_id = t.reverses
WHERE ('credit_retraction', 'manual_adjustment', replace(substr(l.origin_id, 5), '-', ''), -(SELECT coalesce(sum(iif(e.side = 'C', e.amount, -e.amount)), 0) FROM transfers AS f
         JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
         WHERE f.book_id = t.book_id AND f.transaction_id = r.transaction_id)) IS NOT (t.kind, r.kind, lower(hex(t.reverses)), (SELECT coalesce(sum(iif(e.side = 'C', e.amount, -e.amount)), 0) FROM transfers AS f
         JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
         WHERE f.book_id = t.book_id AND f.transaction_id = t.transaction_id)) LIMIT 1
