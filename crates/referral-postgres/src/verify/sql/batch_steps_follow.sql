SELECT format('batch_steps %s n %s of book %s', s.batch_id, s.n, s.book_id) AS place,
  format('made by %s %s, what may follow n %s, %s, by %s', p.made_by_kind, p.made_by, b.n, b.status,
    CASE WHEN s.status = 'approved' THEN 'another' ELSE 'anybody' END) AS expected,
  format('made by %s %s, %s after n %s, %s, by %s %s', s.maker_kind, s.maker, s.status, s.prev_n, s.prev_status,
    s.actor_kind, s.actor_id) AS found
FROM batch_steps AS s
LEFT JOIN payout_batches AS p ON p.book_id = s.book_id AND p.batch_id = s.batch_id
LEFT JOIN batch_steps AS b ON b.book_id = s.book_id AND b.batch_id = s.batch_id AND b.n = s.n - 1
WHERE (s.maker_kind, s.maker, s.prev_n, s.prev_status) IS DISTINCT FROM (p.made_by_kind, p.made_by, b.n, b.status)
  OR (s.n > 1) <> (b.n IS NOT NULL)
  OR coalesce(s.prev_status, '') || '>' || s.status NOT IN ('>draft', 'draft>sealed', 'sealed>approved',
    'approved>exported', 'exported>settled', 'draft>discarded', 'sealed>discarded', 'approved>discarded')
  OR (s.status = 'sealed') <> (s.manifest IS NOT NULL)
  OR (s.status = 'approved' AND s.maker_kind = s.actor_kind AND s.maker = s.actor_id)
ORDER BY s.book_id, s.batch_id, s.n LIMIT 1
