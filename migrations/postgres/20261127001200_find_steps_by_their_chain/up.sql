-- The end of a chain of steps is found by the index that has the chain in order. Asked for one step by its number alone, a
-- session that planned while the table was empty took the index by transaction instead (all cost the same then), and read
-- every step of the book for each that it recorded.

CREATE OR REPLACE FUNCTION step_is_recorded() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT s.n FROM reward_steps AS s WHERE s.book_id = NEW.book_id AND s.referral_id = NEW.referral_id
      AND s.n >= NEW.reward_steps ORDER BY s.n LIMIT 1) IS DISTINCT FROM NEW.reward_steps THEN
    RAISE EXCEPTION 'a step is not recorded' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION commission_is_recorded() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT (s.n, s.posted) FROM commission_steps AS s WHERE s.book_id = NEW.book_id
      AND s.referral_id = NEW.referral_id AND s.n >= NEW.commission_steps ORDER BY s.n LIMIT 1)
      IS DISTINCT FROM (NEW.commission_steps, NEW.commission_posted) THEN
    RAISE EXCEPTION 'a commission is not recorded' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION commissions_follow() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT s.n, s.posted FROM commission_steps AS s WHERE s.book_id = f.book_id
      AND s.referral_id = f.referral_id AND s.n >= f.prev_n ORDER BY s.n LIMIT 1) AS s ON true
    WHERE f.prev_n IS NOT NULL AND (s.n, s.posted) IS DISTINCT FROM (f.prev_n, f.posted_before);
  IF FOUND THEN
    RAISE EXCEPTION 'a commission does not follow the one before' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION hold_has_its_step() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT (s.n, s.remaining) FROM hold_steps AS s WHERE s.book_id = NEW.book_id AND s.hold_id = NEW.hold_id
      AND s.n >= NEW.steps ORDER BY s.n LIMIT 1) IS DISTINCT FROM (NEW.steps, NEW.remaining) THEN
    RAISE EXCEPTION 'a hold does not say where its steps end' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
