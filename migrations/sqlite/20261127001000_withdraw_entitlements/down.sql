DROP INDEX referral_progress_reward_unsettled;
CREATE INDEX referral_progress_reward_unsettled ON referral_progress (book_id)
WHERE reward_status IN ('not_due', 'retracted') AND state <> 'fraud' AND referrer_reward > 0
  AND spend_threshold <= spend_gross - spend_refunded
  AND (verified_at IS NULL OR verified_at < qualifies_until OR activated_at IS NOT NULL);
DROP TRIGGER referral_progress_withdrawn_for_good;
ALTER TABLE referral_progress DROP COLUMN commission_withdrawn;
ALTER TABLE referral_progress DROP COLUMN reward_withdrawn;
ALTER TABLE referral_progress DROP COLUMN welcome_withdrawn;
