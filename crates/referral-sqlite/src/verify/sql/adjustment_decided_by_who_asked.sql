SELECT format('adjustment_steps %s n %d of book %d', lower(hex(s.adjustment_id)), s.n, s.book_id) AS place,
  format('another than %s %s', asked.actor_kind, coalesce(asked.actor_id, lower(hex(asked.user_id)))) AS expected,
  format('%s %s', decided.actor_kind, coalesce(decided.actor_id, lower(hex(decided.user_id)))) AS found
FROM adjustment_steps AS s
JOIN adjustment_steps AS b ON b.book_id = s.book_id AND b.adjustment_id = s.adjustment_id AND b.n = s.n - 1
LEFT JOIN audit_log AS asked ON asked.book_id = b.book_id AND asked.audit_id = b.audit_id
LEFT JOIN audit_log AS decided ON decided.book_id = s.book_id AND decided.audit_id = s.audit_id
WHERE (asked.actor_kind, asked.user_id, asked.actor_id) IS (decided.actor_kind, decided.user_id, decided.actor_id)
LIMIT 1
