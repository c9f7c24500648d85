CREATE OR REPLACE FUNCTION step_is_recorded() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT 1 FROM reward_steps AS s WHERE s.book_id = NEW.book_id AND s.referral_id = NEW.referral_id
      AND s.n = NEW.reward_steps) IS NULL THEN
    RAISE EXCEPTION 'a step is not recorded' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION commission_is_recorded() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT s.posted FROM commission_steps AS s WHERE s.book_id = NEW.book_id AND s.referral_id = NEW.referral_id
      AND s.n = NEW.commission_steps) IS DISTINCT FROM NEW.commission_posted THEN
    RAISE EXCEPTION 'a commission is not recorded' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION commissions_follow() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT s.posted FROM commission_steps AS s
      WHERE s.book_id = f.book_id AND s.referral_id = f.referral_id AND s.n = f.prev_n LIMIT 1) AS s ON true
    WHERE f.prev_n IS NOT NULL AND s.posted IS DISTINCT FROM f.posted_before;
  IF FOUND THEN
    RAISE EXCEPTION 'a commission does not follow the one before' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION hold_has_its_step() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT s.remaining FROM hold_steps AS s WHERE s.book_id = NEW.book_id AND s.hold_id = NEW.hold_id
      AND s.n = NEW.steps) IS DISTINCT FROM NEW.remaining THEN
    RAISE EXCEPTION 'a hold does not say where its steps end' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
