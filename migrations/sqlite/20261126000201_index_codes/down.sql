DROP INDEX referral_codes_of_an_owner;
DROP INDEX referral_codes_newest;
