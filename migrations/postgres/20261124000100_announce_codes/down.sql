DROP TRIGGER referral_codes_announce_a_change ON referral_codes;
DROP TRIGGER referral_codes_announce_a_vanity_code ON referral_codes;
DROP FUNCTION announce_code();
