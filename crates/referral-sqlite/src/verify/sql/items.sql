SELECT format('batch_items %s of book %d', lower(hex(i.payout_id)), i.book_id) AS place,
  format('%d of user %s, %s, by %s %d to %s, in batch %s of %s', p.amount, lower(hex(p.user_id)), 'batched', p.kind,
    p.method_n, lower(hex(m.digest)), lower(hex(s.batch_id)), b.kind) AS expected,
  format('%d of user %s, %s, by %s %d to %s, in batch %s of %s', i.amount, lower(hex(i.user_id)), s.status, i.kind,
    i.method_n, lower(hex(i.digest)), lower(hex(i.batch_id)), i.kind) AS found
FROM batch_items AS i
LEFT JOIN payouts AS p ON p.book_id = i.book_id AND p.payout_id = i.payout_id
LEFT JOIN payout_steps AS s ON s.book_id = i.book_id AND s.payout_id = i.payout_id AND s.n = i.step_n
LEFT JOIN payout_batches AS b ON b.book_id = i.book_id AND b.batch_id = i.batch_id
LEFT JOIN payout_methods AS m ON m.book_id = i.book_id AND m.user_id = i.user_id AND m.n = i.method_n
WHERE (i.user_id, i.kind, i.method_n, i.amount) IS NOT (p.user_id, p.kind, p.method_n, p.amount)
  OR ('batched', i.batch_id) IS NOT (s.status, s.batch_id) OR b.kind IS NOT i.kind OR m.digest IS NOT i.digest
ORDER BY i.book_id, i.batch_id, i.payout_id LIMIT 1
