-- Tells listeners that a code may be usable now, or no longer: servers remember for a moment what they looked up. A hint,
-- no more. A notification takes a lock at commit that all who send one share, so ordinary uses and first asks send none.

CREATE FUNCTION announce_code() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_notify('referral_codes', NEW.book_id || ':' || NEW.folded);
  RETURN NULL;
END $$;
CREATE TRIGGER referral_codes_announce_a_vanity_code AFTER INSERT ON referral_codes
FOR EACH ROW WHEN (NOT NEW.is_primary) EXECUTE FUNCTION announce_code();
CREATE TRIGGER referral_codes_announce_a_change AFTER UPDATE ON referral_codes
FOR EACH ROW WHEN ((NEW.active, NEW.expires_at, NEW.max_uses, NEW.daily_limit)
    IS DISTINCT FROM (OLD.active, OLD.expires_at, OLD.max_uses, OLD.daily_limit)
  OR (NEW.uses >= NEW.max_uses AND OLD.uses < OLD.max_uses)) EXECUTE FUNCTION announce_code();
SELECT always('referral_codes', 'referral_codes_announce_a_vanity_code'),
  always('referral_codes', 'referral_codes_announce_a_change');
