-- Pages of codes, newest first: of all, and of one owner.

CREATE INDEX referral_codes_newest ON referral_codes (book_id, created_at, code_id);
CREATE INDEX referral_codes_of_an_owner ON referral_codes (book_id, owner_id, created_at, code_id);
