DROP TABLE affiliate_tracking;
DROP TABLE reward_steps;
DROP TABLE referral_progress;
DROP TABLE referrals;
DROP TABLE referral_codes;
