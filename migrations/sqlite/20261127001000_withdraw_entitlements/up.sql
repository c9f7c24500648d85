-- What an operator took back for good of what a rule granted: the level does not grant it again. It is told once and
-- stands, and while it does, the award is taken back.

ALTER TABLE referral_progress ADD COLUMN welcome_withdrawn INTEGER NOT NULL DEFAULT 0
  CONSTRAINT withdrawn_welcome_is_gone
  CHECK (welcome_withdrawn = 0 OR (welcome_withdrawn = 1 AND welcome_status = 'retracted'));
ALTER TABLE referral_progress ADD COLUMN reward_withdrawn INTEGER NOT NULL DEFAULT 0
  CONSTRAINT withdrawn_reward_is_gone
  CHECK (reward_withdrawn = 0 OR (reward_withdrawn = 1 AND reward_status = 'retracted'));
ALTER TABLE referral_progress ADD COLUMN commission_withdrawn INTEGER NOT NULL DEFAULT 0
  CONSTRAINT commission_withdrawn_bounds CHECK (commission_withdrawn >= 0);
CREATE TRIGGER referral_progress_withdrawn_for_good
BEFORE UPDATE OF welcome_withdrawn, reward_withdrawn, commission_withdrawn ON referral_progress
WHEN NEW.welcome_withdrawn < OLD.welcome_withdrawn OR NEW.reward_withdrawn < OLD.reward_withdrawn
  OR NEW.commission_withdrawn < OLD.commission_withdrawn
BEGIN SELECT RAISE(ABORT, 'referral_progress_withdrawn_for_good'); END;
DROP INDEX referral_progress_reward_unsettled;
CREATE INDEX referral_progress_reward_unsettled ON referral_progress (book_id)
WHERE reward_status IN ('not_due', 'retracted') AND state <> 'fraud' AND referrer_reward > 0
  AND spend_threshold <= spend_gross - spend_refunded
  AND (verified_at IS NULL OR verified_at < qualifies_until OR activated_at IS NOT NULL) AND NOT reward_withdrawn;
