DROP INDEX referral_progress_reward_unsettled;
CREATE INDEX referral_progress_reward_unsettled ON referral_progress (book_id, referral_id) WHERE reward_unsettled;
DROP TRIGGER referral_progress_withdrawn_for_good ON referral_progress;
ALTER TABLE referral_progress DROP COLUMN welcome_withdrawn, DROP COLUMN reward_withdrawn,
  DROP COLUMN commission_withdrawn;
