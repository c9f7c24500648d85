-- An event that has a referral is told by the one that referred its user: one look that the unit has made already, where
-- there were two, for the user and for any such referral, at pages that nothing else needs. An event that has none is of
-- somebody known, as before.

CREATE OR REPLACE FUNCTION events_of_users() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM fresh AS f WHERE CASE WHEN f.referral_id IS NULL
    THEN (SELECT 1 FROM public.users AS u WHERE u.book_id = f.book_id AND u.user_id = f.user_id LIMIT 1) IS NULL
    ELSE (SELECT r.referral_id FROM public.referrals AS r
      WHERE r.book_id = f.book_id AND r.referred_id = f.user_id LIMIT 1) IS DISTINCT FROM f.referral_id END;
  IF FOUND THEN
    RAISE EXCEPTION 'an event of nobody, or of a referral of somebody else' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER event_of_a_referral ON spend_events;
