SELECT format('adjustments %s of book %s', a.adjustment_id, a.book_id) AS place,
  'a step that asked for it' AS expected, 'none' AS found
FROM adjustments AS a
WHERE NOT EXISTS (SELECT 1 FROM adjustment_steps AS s
  WHERE s.book_id = a.book_id AND s.adjustment_id = a.adjustment_id AND s.n = 1)
LIMIT 1
