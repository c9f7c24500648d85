SELECT format('adjustment_steps %s n %s of book %s', s.adjustment_id, s.n, s.book_id) AS place,
  format('another than %s %s', asked.actor_kind, coalesce(asked.actor_id, asked.user_id::text)) AS expected,
  format('%s %s', decided.actor_kind, coalesce(decided.actor_id, decided.user_id::text)) AS found
FROM adjustment_steps AS s
JOIN adjustment_steps AS b ON b.book_id = s.book_id AND b.adjustment_id = s.adjustment_id AND b.n = s.n - 1
LEFT JOIN audit_log AS asked ON asked.book_id = b.book_id AND asked.audit_id = b.audit_id
LEFT JOIN audit_log AS decided ON decided.book_id = s.book_id AND decided.audit_id = s.audit_id
WHERE (asked.actor_kind, asked.user_id, asked.actor_id) IS NOT DISTINCT FROM (decided.actor_kind, decided.user_id, decided.actor_id)
LIMIT 1
