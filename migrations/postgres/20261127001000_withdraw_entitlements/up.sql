-- What an operator took back for good of what a rule granted: the level does not grant it again. It is told once and
-- stands, and while it does, the award is taken back. The columns have constant defaults, so that no row is rewritten.

ALTER TABLE referral_progress
  ADD COLUMN welcome_withdrawn BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN reward_withdrawn BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN commission_withdrawn BIGINT NOT NULL DEFAULT 0
    CONSTRAINT commission_withdrawn_bounds CHECK (commission_withdrawn >= 0),
  ADD CONSTRAINT withdrawn_welcome_is_gone CHECK (NOT welcome_withdrawn OR welcome_status = 'retracted'),
  ADD CONSTRAINT withdrawn_reward_is_gone CHECK (NOT reward_withdrawn OR reward_status = 'retracted');
CREATE TRIGGER referral_progress_withdrawn_for_good
BEFORE UPDATE OF welcome_withdrawn, reward_withdrawn, commission_withdrawn ON referral_progress FOR EACH ROW
WHEN (NEW.welcome_withdrawn < OLD.welcome_withdrawn OR NEW.reward_withdrawn < OLD.reward_withdrawn
  OR NEW.commission_withdrawn < OLD.commission_withdrawn) EXECUTE FUNCTION refuse();
SELECT always('referral_progress', 'referral_progress_withdrawn_for_good');
DROP INDEX referral_progress_reward_unsettled;
CREATE INDEX referral_progress_reward_unsettled ON referral_progress (book_id, referral_id)
WHERE reward_unsettled AND NOT reward_withdrawn;

DO $$
BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'referral_app') THEN
    GRANT UPDATE (welcome_withdrawn, reward_withdrawn, commission_withdrawn) ON referral_progress TO referral_app;
  END IF;
END $$;
