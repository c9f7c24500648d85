CREATE TRIGGER event_of_a_referral AFTER INSERT ON spend_events REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION referrals_are_known();
SELECT always('spend_events', 'event_of_a_referral');
CREATE OR REPLACE FUNCTION events_of_users() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    WHERE (SELECT 1 FROM public.users AS u WHERE u.book_id = f.book_id AND u.user_id = f.user_id LIMIT 1) IS NULL;
  IF FOUND THEN
    RAISE EXCEPTION 'an event of nobody' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
