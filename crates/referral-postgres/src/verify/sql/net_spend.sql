SELECT format('referral_progress %s of book %s: spend and refunds, those of the commission, threshold, reward and welcome credit',
    p.referral_id, p.book_id) AS place,
  format('%s less %s, %s less %s, %s, %s, %s until %s', s.gross, s.refunded, s.commission_gross, s.commission_refunded,
    s.spend_threshold, s.referrer_reward, s.welcome_credit, s.qualifies_until) AS expected,
  format('%s less %s, %s less %s, %s, %s, %s until %s', p.spend_gross, p.spend_refunded, p.commission_gross,
    p.commission_refunded, p.spend_threshold, p.referrer_reward, p.welcome_credit, p.qualifies_until) AS found
FROM referral_progress AS p
JOIN (SELECT r.book_id, r.referral_id, r.spend_threshold, r.referrer_reward, r.welcome_credit, r.qualifies_until,
    coalesce(sum(e.amount) FILTER (WHERE x.in_window), 0) AS gross,
    coalesce(sum(y.refunded) FILTER (WHERE x.in_window), 0) AS refunded,
    coalesce(sum(e.amount) FILTER (WHERE x.in_months), 0) AS commission_gross,
    coalesce(sum(y.refunded) FILTER (WHERE x.in_months), 0) AS commission_refunded
  FROM referrals AS r
  LEFT JOIN (
    SELECT e.book_id, e.referral_id, e.source_id, e.user_id, e.amount, e.currency, e.occurred_at FROM spend_events AS e
    WHERE e.kind = 'S' AND e.outcome IN ('counted', 'threshold_crossed')
    UNION ALL SELECT e.book_id, f.referral_id, e.source_id, e.user_id, e.amount, e.currency, e.occurred_at
    FROM spend_folds AS f JOIN spend_events AS e ON e.book_id = f.book_id AND e.source_id = f.source_id) AS e
    ON e.book_id = r.book_id AND e.referral_id = r.referral_id
  CROSS JOIN LATERAL (
    SELECT r.applied_at <= e.occurred_at AND e.occurred_at < r.qualifies_until AS in_window,
      r.applied_at <= e.occurred_at AND e.occurred_at < (r.applied_at AT TIME ZONE 'UTC'
        + make_interval(months => r.commission_months::integer)) AT TIME ZONE 'UTC' AS in_months) AS x
  CROSS JOIN LATERAL (
    SELECT least(e.amount, coalesce(sum(y.amount), 0)) AS refunded FROM spend_events AS y
    WHERE y.book_id = e.book_id AND y.refunds = e.source_id AND y.kind = 'R' AND y.user_id = e.user_id
      AND y.currency = e.currency AND (y.reason IN ('chargeback', 'fraud') OR y.occurred_at < e.occurred_at
        + make_interval(hours => r.clawback_window_days::integer * 24))) AS y
  GROUP BY 1, 2) AS s ON s.book_id = p.book_id AND s.referral_id = p.referral_id
WHERE (p.spend_gross, p.spend_refunded, p.commission_gross, p.commission_refunded)
  IS DISTINCT FROM (s.gross, s.refunded, s.commission_gross, s.commission_refunded)
  OR (p.spend_threshold, p.referrer_reward, p.welcome_credit, p.qualifies_until)
  IS DISTINCT FROM (s.spend_threshold, s.referrer_reward, s.welcome_credit, s.qualifies_until)
LIMIT 1
