-- Tells listeners that a program may be another now: servers remember its status and its offer for a moment, too. A slug has
-- no colon, so that it cannot be read as a code. Programs change seldom, by hand.

CREATE FUNCTION announce_program() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_notify('referral_codes', b.slug) FROM books AS b WHERE b.book_id = NEW.book_id;
  RETURN NULL;
END $$;
CREATE TRIGGER programs_announce_a_change AFTER UPDATE ON programs
FOR EACH ROW WHEN (NEW IS DISTINCT FROM OLD) EXECUTE FUNCTION announce_program();
CREATE TRIGGER rule_versions_announce_a_program AFTER INSERT ON rule_versions
FOR EACH ROW WHEN (NEW.version > 1) EXECUTE FUNCTION announce_program();
SELECT always('programs', 'programs_announce_a_change'), always('rule_versions', 'rule_versions_announce_a_program');
