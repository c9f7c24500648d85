-- A function with a setting of its own changes the session's settings and back at each call, which costs more than what most
-- of these look up: a unit of spend makes about thirty such calls, and was up to a tenth faster without. So each table is named
-- with its schema: a session's `search_path`, or a temporary table of the same name, cannot put another in its place, just
-- as before. (`fresh` is what the statement wrote; nothing can stand in for it.)

CREATE OR REPLACE FUNCTION book_is_known() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT 1 FROM public.books AS b WHERE b.book_id = NEW.book_id) IS NULL THEN
    RAISE EXCEPTION 'there is no book %', NEW.book_id USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION currency_is_the_books() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT 1 FROM public.books AS b WHERE b.book_id = NEW.book_id AND b.currency = NEW.currency) IS NULL THEN
    RAISE EXCEPTION '% is not the currency of book %', NEW.currency, NEW.book_id
      USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION has_leg_0() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT 1 FROM public.transfers AS t WHERE t.book_id = NEW.book_id AND t.transaction_id = NEW.transaction_id
      AND t.leg = 0) IS NULL THEN
    RAISE EXCEPTION 'a transaction has no leg 0' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION leg_has_leg_0() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM public.transfers AS t WHERE t.book_id = NEW.book_id AND t.origin = NEW.origin
    AND t.origin_id = NEW.origin_id AND t.leg = 0 AND t.transaction_id = NEW.transaction_id
    AND t.xid = pg_current_xact_id();
  IF NOT FOUND THEN
    RAISE EXCEPTION 'leg % has no leg 0 of its own group in this unit', NEW.leg
      USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION entries_follow() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT e.balance_after FROM public.entries AS e
      WHERE e.book_id = f.book_id AND e.account_id = f.account_id AND e.seq = f.prev_seq LIMIT 1) AS e ON true
    WHERE f.prev_seq IS NOT NULL AND e.balance_after IS DISTINCT FROM f.balance_before;
  IF FOUND THEN
    RAISE EXCEPTION 'an entry does not follow the one before' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION entries_are_sides() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT t.amount, CASE f.side WHEN 'D' THEN t.debit_account ELSE t.credit_account END AS account_id
      FROM public.transfers AS t WHERE t.book_id = f.book_id AND t.transfer_id = f.transfer_id LIMIT 1) AS t ON true
    WHERE f.side = TG_ARGV[0]
      AND (t.account_id IS DISTINCT FROM f.account_id OR t.amount IS DISTINCT FROM f.amount);
  IF FOUND THEN
    RAISE EXCEPTION 'an entry is no side of its transfer' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION side_has_an_entry() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT 1 FROM public.entries AS e WHERE e.book_id = NEW.book_id AND e.transfer_id = NEW.transfer_id
      AND e.side = TG_ARGV[0]) IS NULL THEN
    RAISE EXCEPTION 'a side of a transfer has no entry' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION head_has_its_entry() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT e.balance_after FROM public.entries AS e WHERE e.book_id = NEW.book_id AND e.account_id = NEW.account_id
      AND e.seq = NEW.seq) IS DISTINCT FROM NEW.balance THEN
    RAISE EXCEPTION 'a head is no entry' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION heads_keep_up() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM (SELECT f.book_id, f.account_id, max(f.seq) AS seq FROM fresh AS f GROUP BY 1, 2) AS f
    LEFT JOIN LATERAL (SELECT h.seq FROM public.account_heads AS h
      WHERE h.book_id = f.book_id AND h.account_id = f.account_id LIMIT 1) AS h ON true
    WHERE h.seq IS DISTINCT FROM f.seq;
  IF FOUND THEN
    RAISE EXCEPTION 'a head is not the last entry' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION lines_follow() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT l.available_after, l.held_after, l.in_payout_after, l.owed_after FROM public.history_lines AS l
      WHERE l.book_id = f.book_id AND l.user_id = f.user_id AND l.n = f.prev_n LIMIT 1) AS l ON true
    WHERE f.prev_n IS NOT NULL AND (l.available_after IS DISTINCT FROM f.available_before
      OR l.held_after IS DISTINCT FROM f.held_before OR l.in_payout_after IS DISTINCT FROM f.in_payout_before
      OR l.owed_after IS DISTINCT FROM f.owed_before);
  IF FOUND THEN
    RAISE EXCEPTION 'a line does not follow the one before' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION lines_are_transactions() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT t.user_id, t.recorded_at FROM public.ledger_transactions AS t
      WHERE t.book_id = f.book_id AND t.transaction_id = f.transaction_id LIMIT 1) AS t ON true
    WHERE t.user_id IS DISTINCT FROM f.user_id OR t.recorded_at IS DISTINCT FROM f.at;
  IF FOUND THEN
    RAISE EXCEPTION 'a line is not its transaction' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION has_a_line() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT 1 FROM public.history_lines AS l WHERE l.book_id = NEW.book_id AND l.transaction_id = NEW.transaction_id)
      IS NULL THEN
    RAISE EXCEPTION 'a transaction has no line' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION lines_are_later() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    CROSS JOIN LATERAL (SELECT l.at FROM public.history_lines AS l
      WHERE l.book_id = f.book_id AND l.user_id = f.user_id AND l.n = f.prev_n LIMIT 1) AS l
    WHERE l.at >= f.at;
  IF FOUND THEN
    RAISE EXCEPTION 'a line is not later than the one before' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION lines_equal_the_entries() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    CROSS JOIN LATERAL (
      SELECT bool_and(a.user_id = f.user_id) AS is_theirs,
        sum(e.balance_after - e.balance_before) FILTER (WHERE a.purpose = 'available') AS available,
        sum(e.balance_after - e.balance_before) FILTER (WHERE a.purpose = 'held') AS held,
        sum(e.balance_after - e.balance_before) FILTER (WHERE a.purpose = 'in_payout') AS in_payout,
        sum(e.balance_before - e.balance_after) FILTER (WHERE a.purpose = 'owed') AS owed
      FROM public.transfers AS t
      CROSS JOIN LATERAL (SELECT e.account_id, e.balance_before, e.balance_after FROM public.entries AS e
        WHERE e.book_id = f.book_id AND e.transfer_id = t.transfer_id LIMIT 2) AS e
      CROSS JOIN LATERAL (SELECT a.user_id, a.purpose FROM public.accounts AS a
        WHERE a.book_id = f.book_id AND a.account_id = e.account_id LIMIT 1) AS a
      WHERE t.book_id = f.book_id AND t.transaction_id = f.transaction_id) AS moved
    WHERE NOT coalesce(moved.is_theirs, true)
      OR f.available_after - f.available_before <> coalesce(moved.available, 0)
      OR f.held_after - f.held_before <> coalesce(moved.held, 0)
      OR f.in_payout_after - f.in_payout_before <> coalesce(moved.in_payout, 0)
      OR f.owed_after - f.owed_before <> coalesce(moved.owed, 0);
  IF FOUND THEN
    RAISE EXCEPTION 'a line does not say what its entries moved' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION entries_precede_their_line() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    CROSS JOIN LATERAL (SELECT t.transaction_id FROM public.transfers AS t
      WHERE t.book_id = f.book_id AND t.transfer_id = f.transfer_id LIMIT 1) AS t
    CROSS JOIN LATERAL (SELECT 1 FROM public.history_lines AS l
      WHERE l.book_id = f.book_id AND l.transaction_id = t.transaction_id LIMIT 1) AS l;
  IF FOUND THEN
    RAISE EXCEPTION 'an entry comes after its line' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION rules_are_known() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT 1 FROM public.rule_versions AS v WHERE v.book_id = NEW.book_id AND v.version = NEW.rule_version) IS NULL THEN
    RAISE EXCEPTION 'there is no version % of the rules of book %', NEW.rule_version, NEW.book_id
      USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION referrals_are_known() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f WHERE f.referral_id IS NOT NULL AND (SELECT 1 FROM public.referrals AS r
    WHERE r.book_id = f.book_id AND r.referral_id = f.referral_id LIMIT 1) IS NULL;
  IF FOUND THEN
    RAISE EXCEPTION 'a referral that is not there' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION step_is_recorded() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT s.n FROM public.reward_steps AS s WHERE s.book_id = NEW.book_id AND s.referral_id = NEW.referral_id
      AND s.n >= NEW.reward_steps ORDER BY s.n LIMIT 1) IS DISTINCT FROM NEW.reward_steps THEN
    RAISE EXCEPTION 'a step is not recorded' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION tracked_codes_are_theirs() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f WHERE (SELECT c.owner_id FROM public.referral_codes AS c
    WHERE c.book_id = f.book_id AND c.code_id = f.code_id LIMIT 1) IS DISTINCT FROM f.referrer_id;
  IF FOUND THEN
    RAISE EXCEPTION 'a tracked code is not the referrer''s' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION events_of_users() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    WHERE (SELECT 1 FROM public.users AS u WHERE u.book_id = f.book_id AND u.user_id = f.user_id LIMIT 1) IS NULL;
  IF FOUND THEN
    RAISE EXCEPTION 'an event of nobody' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION event_commissions_are_posted() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f WHERE f.commission_transaction IS NOT NULL AND (SELECT 1 FROM public.ledger_transactions AS t
    WHERE t.book_id = f.book_id AND t.transaction_id = f.commission_transaction LIMIT 1) IS NULL;
  IF FOUND THEN
    RAISE EXCEPTION 'an event''s commission is not posted' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION commissions_follow() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT s.n, s.posted FROM public.commission_steps AS s WHERE s.book_id = f.book_id
      AND s.referral_id = f.referral_id AND s.n >= f.prev_n ORDER BY s.n LIMIT 1) AS s ON true
    WHERE f.prev_n IS NOT NULL AND (s.n, s.posted) IS DISTINCT FROM (f.prev_n, f.posted_before);
  IF FOUND THEN
    RAISE EXCEPTION 'a commission does not follow the one before' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION commission_is_recorded() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT (s.n, s.posted) FROM public.commission_steps AS s WHERE s.book_id = NEW.book_id
      AND s.referral_id = NEW.referral_id AND s.n >= NEW.commission_steps ORDER BY s.n LIMIT 1)
      IS DISTINCT FROM (NEW.commission_steps, NEW.commission_posted) THEN
    RAISE EXCEPTION 'a commission is not recorded' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION holds_equal_their_postings() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT t.user_id, t.referral_id FROM public.ledger_transactions AS t
      WHERE t.book_id = f.book_id AND t.transaction_id = f.hold_id LIMIT 1) AS t ON true
    LEFT JOIN LATERAL (SELECT l.held_after - l.held_before AS held FROM public.history_lines AS l
      WHERE l.book_id = f.book_id AND l.transaction_id = f.hold_id LIMIT 1) AS l ON true
    WHERE (t.user_id, t.referral_id, l.held) IS DISTINCT FROM (f.user_id, f.referral_id, f.amount);
  IF FOUND THEN
    RAISE EXCEPTION 'a hold is not what its transaction posted' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION hold_steps_are_transactions() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT h.kind, h.user_id FROM public.holds AS h
      WHERE h.book_id = f.book_id AND h.hold_id = f.hold_id LIMIT 1) AS h ON true
    LEFT JOIN LATERAL (SELECT t.kind, t.user_id, t.referral_id, t.reverses FROM public.ledger_transactions AS t
      WHERE t.book_id = f.book_id AND t.transaction_id = f.transaction_id LIMIT 1) AS t ON true
    LEFT JOIN LATERAL (SELECT l.held_before - l.held_after AS freed FROM public.history_lines AS l
      WHERE l.book_id = f.book_id AND l.transaction_id = f.transaction_id LIMIT 1) AS l ON true
    WHERE (t.user_id, t.referral_id) IS DISTINCT FROM (h.user_id, f.referral_id)
      OR NOT coalesce(CASE WHEN f.kind = 'release' THEN t.kind = 'hold_release'
        WHEN h.kind = 'reward' THEN t.kind = 'credit_retraction' AND t.reverses = f.hold_id
        ELSE t.kind IN ('affiliate_commission', 'credit_retraction') END, false)
      OR coalesce(l.freed, 0) < (SELECT sum(s.amount) FROM public.hold_steps AS s
        WHERE s.book_id = f.book_id AND s.transaction_id = f.transaction_id);
  IF FOUND THEN
    RAISE EXCEPTION 'a step of a hold is not what its transaction did' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION holds_keep_up() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM (SELECT f.book_id, f.hold_id, max(f.n) AS n FROM fresh AS f GROUP BY 1, 2) AS f
    LEFT JOIN LATERAL (SELECT h.steps FROM public.holds AS h
      WHERE h.book_id = f.book_id AND h.hold_id = f.hold_id LIMIT 1) AS h ON true
    WHERE h.steps IS DISTINCT FROM f.n;
  IF FOUND THEN
    RAISE EXCEPTION 'a hold is not at its last step' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION hold_has_its_step() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT (s.n, s.remaining) FROM public.hold_steps AS s WHERE s.book_id = NEW.book_id AND s.hold_id = NEW.hold_id
      AND s.n >= NEW.steps ORDER BY s.n LIMIT 1) IS DISTINCT FROM (NEW.steps, NEW.remaining) THEN
    RAISE EXCEPTION 'a hold does not say where its steps end' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION budget_months_are_known() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f WHERE f.budget_month IS NOT NULL AND (SELECT 1 FROM public.budget_months AS m
    WHERE m.book_id = f.book_id AND m.month = f.budget_month LIMIT 1) IS NULL;
  IF FOUND THEN
    RAISE EXCEPTION 'a month that has no budget' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
