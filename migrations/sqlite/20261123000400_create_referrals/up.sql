-- Codes, referrals with the terms they pinned for ever, their progress, and what was granted for them.

CREATE TABLE referral_codes (
  book_id INTEGER NOT NULL,
  code_id BLOB NOT NULL CONSTRAINT code_id_form CHECK (length(code_id) = 16),
  owner_id BLOB NOT NULL,
  text TEXT NOT NULL CONSTRAINT code_text_given CHECK (text <> ''),
  folded TEXT NOT NULL CONSTRAINT code_folded_form
    CHECK (length(folded) BETWEEN 1 AND 24 AND folded NOT GLOB '*[^0-9A-Z]*'),
  is_primary INTEGER NOT NULL CONSTRAINT is_primary_bool CHECK (is_primary IN (0, 1)),
  active INTEGER NOT NULL CONSTRAINT active_bool CHECK (active IN (0, 1)),
  expires_at INTEGER,
  max_uses INTEGER CONSTRAINT max_uses_bounds CHECK (max_uses BETWEEN 0 AND 4294967295),
  daily_limit INTEGER CONSTRAINT daily_limit_bounds CHECK (daily_limit BETWEEN 0 AND 4294967295),
  uses INTEGER NOT NULL CONSTRAINT uses_bounds CHECK (uses BETWEEN 0 AND 4294967295),
  last_used_at INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (book_id, code_id),
  CONSTRAINT folded_once UNIQUE (book_id, folded),
  UNIQUE (book_id, code_id, owner_id),
  FOREIGN KEY (book_id, owner_id) REFERENCES users (book_id, user_id)
) STRICT;
CREATE UNIQUE INDEX referral_codes_primary ON referral_codes (book_id, owner_id) WHERE is_primary;
CREATE TRIGGER referral_codes_keep_their_text
BEFORE UPDATE OF book_id, code_id, owner_id, text, folded, is_primary, created_at ON referral_codes
BEGIN SELECT RAISE(ABORT, 'referral_codes_keep_their_text'); END;
CREATE TRIGGER referral_codes_count_up BEFORE UPDATE OF uses ON referral_codes WHEN NEW.uses < OLD.uses
BEGIN SELECT RAISE(ABORT, 'referral_codes_count_up'); END;
CREATE TRIGGER referral_codes_stay BEFORE DELETE ON referral_codes
BEGIN SELECT RAISE(ABORT, 'referral_codes_stay'); END;

CREATE TABLE referrals (
  book_id INTEGER NOT NULL,
  referral_id BLOB NOT NULL CONSTRAINT referral_id_form CHECK (length(referral_id) = 16),
  referrer_id BLOB NOT NULL,
  referred_id BLOB NOT NULL,
  code_id BLOB NOT NULL,
  code_text TEXT NOT NULL,
  rule_version INTEGER NOT NULL,
  referrer_reward INTEGER NOT NULL CONSTRAINT referrer_reward_bounds CHECK (referrer_reward >= 0),
  welcome_credit INTEGER NOT NULL CONSTRAINT welcome_credit_bounds CHECK (welcome_credit >= 0),
  spend_threshold INTEGER NOT NULL CONSTRAINT spend_threshold_bounds CHECK (spend_threshold >= 0),
  qualification_window_days INTEGER NOT NULL CONSTRAINT window_bounds CHECK (qualification_window_days >= 0),
  clawback_window_days INTEGER NOT NULL CONSTRAINT clawback_bounds CHECK (clawback_window_days >= 0),
  hold_days INTEGER NOT NULL CONSTRAINT hold_days_bounds CHECK (hold_days BETWEEN 0 AND 90),
  -- The share of net spend, in millionths.
  commission_rate INTEGER CONSTRAINT commission_rate_bounds CHECK (commission_rate BETWEEN 0 AND 1000000),
  commission_months INTEGER CONSTRAINT commission_months_bounds CHECK (commission_months >= 0),
  commission_cap INTEGER CONSTRAINT commission_cap_bounds CHECK (commission_cap >= 0),
  source TEXT NOT NULL CONSTRAINT source_known CHECK (source = 'typed' OR source = 'link' OR source = 'cookie'
    OR source = 'api'),
  click_id BLOB CONSTRAINT click_id_form CHECK (length(click_id) = 16),
  clicked_at INTEGER,
  sub_id TEXT,
  signed_up_at INTEGER,
  applied_at INTEGER NOT NULL,
  qualifies_until INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (book_id, referral_id),
  CONSTRAINT referred_once UNIQUE (book_id, referred_id),
  UNIQUE (book_id, referral_id, qualifies_until, spend_threshold, referrer_reward, welcome_credit),
  CONSTRAINT window_is_open CHECK (qualifies_until >= applied_at),
  CONSTRAINT commission_whole CHECK ((commission_rate IS NULL) = (commission_months IS NULL)
    AND (commission_cap IS NULL OR commission_rate IS NOT NULL)),
  CONSTRAINT nobody_refers_themselves CHECK (referrer_id <> referred_id),
  FOREIGN KEY (book_id, referrer_id) REFERENCES users (book_id, user_id),
  FOREIGN KEY (book_id, referred_id) REFERENCES users (book_id, user_id),
  CONSTRAINT code_of_the_referrer FOREIGN KEY (book_id, code_id, referrer_id)
    REFERENCES referral_codes (book_id, code_id, owner_id),
  FOREIGN KEY (book_id, rule_version) REFERENCES rule_versions (book_id, version),
  CONSTRAINT referral_has_progress FOREIGN KEY (book_id, referral_id)
    REFERENCES referral_progress (book_id, referral_id) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX referrals_of_a_referrer ON referrals (book_id, referrer_id, created_at);
CREATE INDEX referrals_newest ON referrals (book_id, created_at, referral_id);
CREATE TRIGGER referrals_never_change BEFORE UPDATE ON referrals
BEGIN SELECT RAISE(ABORT, 'referrals_never_change'); END;
CREATE TRIGGER referrals_stay BEFORE DELETE ON referrals BEGIN SELECT RAISE(ABORT, 'referrals_stay'); END;

-- The hot row. Its first columns repeat pinned terms (equal to them by a foreign key), so that what is to be expired
-- and what is not at its level are partial indexes: empty when there is nothing to do.
CREATE TABLE referral_progress (
  book_id INTEGER NOT NULL,
  referral_id BLOB NOT NULL,
  qualifies_until INTEGER NOT NULL,
  spend_threshold INTEGER NOT NULL,
  referrer_reward INTEGER NOT NULL,
  welcome_credit INTEGER NOT NULL,
  state TEXT NOT NULL CONSTRAINT state_known CHECK (state = 'pending' OR state = 'active' OR state = 'completed'
    OR state = 'expired' OR state = 'fraud'),
  activated_at INTEGER,
  completed_at INTEGER,
  closed_at INTEGER,
  review TEXT NOT NULL CONSTRAINT review_known CHECK (review = 'none' OR review = 'open' OR review = 'cleared'
    OR review = 'confirmed'),
  case_id BLOB CONSTRAINT case_id_form CHECK (length(case_id) = 16),
  verified_at INTEGER,
  spend_gross INTEGER NOT NULL CONSTRAINT spend_gross_bounds CHECK (spend_gross >= 0),
  spend_refunded INTEGER NOT NULL CONSTRAINT spend_refunded_bounds CHECK (spend_refunded BETWEEN 0 AND spend_gross),
  welcome_status TEXT NOT NULL CONSTRAINT welcome_status_known
    CHECK (welcome_status = 'not_due' OR welcome_status = 'withheld' OR welcome_status = 'held'
    OR welcome_status = 'granted' OR welcome_status = 'retracted'),
  welcome_reason TEXT CONSTRAINT welcome_reason_known CHECK (welcome_reason = 'email-not-verified'
    OR welcome_reason = 'referrer-email-not-verified' OR welcome_reason = 'under-review'
    OR welcome_reason = 'budget' OR welcome_reason = 'program-paused'),
  welcome_at INTEGER,
  welcome_transaction BLOB,
  reward_status TEXT NOT NULL CONSTRAINT reward_status_known
    CHECK (reward_status = 'not_due' OR reward_status = 'withheld' OR reward_status = 'held'
    OR reward_status = 'granted' OR reward_status = 'retracted'),
  reward_reason TEXT CONSTRAINT reward_reason_known CHECK (reward_reason = 'email-not-verified'
    OR reward_reason = 'referrer-email-not-verified' OR reward_reason = 'under-review' OR reward_reason = 'budget'
    OR reward_reason = 'program-paused'),
  reward_at INTEGER,
  reward_transaction BLOB,
  reward_steps INTEGER NOT NULL CONSTRAINT reward_steps_bounds CHECK (reward_steps >= 0),
  reward_available_at INTEGER,
  commission_gross INTEGER NOT NULL CONSTRAINT commission_gross_bounds CHECK (commission_gross >= 0),
  commission_refunded INTEGER NOT NULL CONSTRAINT commission_refunded_bounds
    CHECK (commission_refunded BETWEEN 0 AND commission_gross),
  commission_due INTEGER NOT NULL CONSTRAINT commission_due_bounds CHECK (commission_due >= 0),
  commission_posted INTEGER NOT NULL CONSTRAINT commission_posted_bounds CHECK (commission_posted >= 0),
  commission_steps INTEGER NOT NULL CONSTRAINT commission_steps_bounds CHECK (commission_steps >= 0),
  commission_reason TEXT CONSTRAINT commission_reason_known CHECK (commission_reason = 'email-not-verified'
    OR commission_reason = 'referrer-email-not-verified' OR commission_reason = 'under-review'
    OR commission_reason = 'budget' OR commission_reason = 'program-paused'),
  updated_at INTEGER NOT NULL,
  last_step INTEGER GENERATED ALWAYS AS (nullif(reward_steps, 0)) STORED,
  last_commission_step INTEGER GENERATED ALWAYS AS (nullif(commission_steps, 0)) STORED,
  PRIMARY KEY (book_id, referral_id),
  CONSTRAINT state_has_its_instants CHECK (CASE state
    WHEN 'pending' THEN activated_at IS NULL AND completed_at IS NULL AND closed_at IS NULL
    WHEN 'active' THEN activated_at IS NOT NULL AND completed_at IS NULL AND closed_at IS NULL
    WHEN 'completed' THEN activated_at IS NOT NULL AND completed_at IS NOT NULL AND closed_at IS NULL
    ELSE completed_at IS NULL AND closed_at IS NOT NULL END),
  CONSTRAINT welcome_reason_given CHECK ((welcome_status = 'withheld') = (welcome_reason IS NOT NULL)),
  CONSTRAINT welcome_never_held CHECK (welcome_status <> 'held'),
  CONSTRAINT welcome_posted CHECK (welcome_status NOT IN ('held', 'granted')
    OR (welcome_at IS NOT NULL AND welcome_transaction IS NOT NULL)),
  CONSTRAINT reward_reason_given CHECK ((reward_status = 'withheld') = (reward_reason IS NOT NULL)),
  CONSTRAINT reward_posted CHECK (reward_status NOT IN ('held', 'granted')
    OR (reward_at IS NOT NULL AND reward_transaction IS NOT NULL)),
  CONSTRAINT held_until CHECK ((reward_status = 'held') = (reward_available_at IS NOT NULL)),
  CONSTRAINT granted_at_odd_steps CHECK ((reward_status IN ('held', 'granted')) = (reward_steps % 2 = 1)),
  CONSTRAINT retracted_after_a_grant CHECK (reward_status <> 'retracted' OR reward_steps >= 2),
  CONSTRAINT commission_withheld_when_short CHECK (commission_reason IS NULL OR commission_posted < commission_due),
  CONSTRAINT commission_by_steps CHECK (commission_steps > 0 OR commission_posted = 0),
  CONSTRAINT progress_repeats_the_terms FOREIGN KEY
    (book_id, referral_id, qualifies_until, spend_threshold, referrer_reward, welcome_credit)
    REFERENCES referrals (book_id, referral_id, qualifies_until, spend_threshold, referrer_reward, welcome_credit),
  FOREIGN KEY (book_id, welcome_transaction) REFERENCES ledger_transactions (book_id, transaction_id)
    DEFERRABLE INITIALLY DEFERRED,
  FOREIGN KEY (book_id, reward_transaction) REFERENCES ledger_transactions (book_id, transaction_id)
    DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT steps_are_recorded FOREIGN KEY (book_id, referral_id, last_step)
    REFERENCES reward_steps (book_id, referral_id, n) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT commission_steps_are_recorded FOREIGN KEY (book_id, referral_id, last_commission_step, commission_posted)
    REFERENCES commission_steps (book_id, referral_id, n, posted) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
CREATE INDEX referral_progress_expirable ON referral_progress (book_id, qualifies_until)
WHERE state IN ('pending', 'active');
CREATE INDEX referral_progress_reward_unsettled ON referral_progress (book_id)
WHERE reward_status IN ('not_due', 'retracted') AND state <> 'fraud' AND referrer_reward > 0
  AND spend_threshold <= spend_gross - spend_refunded
  AND (verified_at IS NULL OR verified_at < qualifies_until OR activated_at IS NOT NULL);
CREATE INDEX referral_progress_reward_undue ON referral_progress (book_id)
WHERE reward_status IN ('held', 'granted') AND (state = 'fraud' OR spend_threshold > spend_gross - spend_refunded);
CREATE INDEX referral_progress_welcome_unsettled ON referral_progress (book_id)
WHERE welcome_status = 'not_due' AND state <> 'fraud' AND welcome_credit > 0 AND activated_at IS NOT NULL;
CREATE INDEX referral_progress_welcome_undue ON referral_progress (book_id)
WHERE welcome_status = 'granted' AND state = 'fraud';
CREATE INDEX referral_progress_commission_unsettled ON referral_progress (book_id)
WHERE commission_due <> commission_posted AND commission_reason IS NULL;
CREATE INDEX referral_progress_reward_withheld ON referral_progress (book_id, reward_reason)
WHERE reward_reason IN ('program-paused', 'referrer-email-not-verified');
CREATE INDEX referral_progress_welcome_withheld ON referral_progress (book_id, welcome_reason)
WHERE welcome_reason IN ('program-paused', 'referrer-email-not-verified');
CREATE INDEX referral_progress_commission_withheld ON referral_progress (book_id, commission_reason)
WHERE commission_reason IN ('program-paused', 'referrer-email-not-verified');
CREATE INDEX referral_progress_reward_budget ON referral_progress (book_id, completed_at, referral_id)
WHERE reward_reason = 'budget';
CREATE TRIGGER referral_progress_steps_forward BEFORE UPDATE OF reward_steps, commission_steps ON referral_progress
WHEN NEW.reward_steps < OLD.reward_steps OR NEW.commission_steps < OLD.commission_steps
BEGIN SELECT RAISE(ABORT, 'referral_progress_steps_forward'); END;
CREATE TRIGGER referral_progress_stays BEFORE DELETE ON referral_progress
BEGIN SELECT RAISE(ABORT, 'referral_progress_stays'); END;

-- Grants and retractions of one reward alternate.
CREATE TABLE reward_steps (
  book_id INTEGER NOT NULL,
  referral_id BLOB NOT NULL,
  n INTEGER NOT NULL,
  prev_n INTEGER,
  kind TEXT NOT NULL,
  amount INTEGER NOT NULL CONSTRAINT step_amount_positive CHECK (amount > 0),
  transaction_id BLOB NOT NULL,
  at INTEGER NOT NULL,
  -- The month in whose budget a grant was counted; none without a budget.
  budget_month INTEGER,
  CONSTRAINT reward_one_at_a_time PRIMARY KEY (book_id, referral_id, n),
  CONSTRAINT step_once UNIQUE (book_id, transaction_id),
  CONSTRAINT reward_alternates CHECK (
    ((n = 1 AND prev_n IS NULL) OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1))
    AND kind = CASE n % 2 WHEN 1 THEN 'grant' ELSE 'retract' END),
  CONSTRAINT budget_counts_grants CHECK (budget_month IS NULL OR n % 2 = 1),
  FOREIGN KEY (book_id, referral_id) REFERENCES referrals (book_id, referral_id),
  CONSTRAINT step_chain FOREIGN KEY (book_id, referral_id, prev_n) REFERENCES reward_steps (book_id, referral_id, n),
  FOREIGN KEY (book_id, transaction_id) REFERENCES ledger_transactions (book_id, transaction_id),
  CONSTRAINT step_of_a_budget_month FOREIGN KEY (book_id, budget_month) REFERENCES budget_months (book_id, month)
) STRICT;
-- What a month's budget is recomputed from.
CREATE INDEX reward_steps_of_a_budget_month ON reward_steps (book_id, budget_month) WHERE budget_month IS NOT NULL;
CREATE TRIGGER reward_steps_never_change BEFORE UPDATE ON reward_steps
BEGIN SELECT RAISE(ABORT, 'reward_steps_never_change'); END;
CREATE TRIGGER reward_steps_stay BEFORE DELETE ON reward_steps BEGIN SELECT RAISE(ABORT, 'reward_steps_stay'); END;

-- What a referrer's code brought on the UTC day it was recorded (days since 1970). A slot is one writer's share of a
-- row; readers add the slots up.
CREATE TABLE affiliate_tracking (
  book_id INTEGER NOT NULL,
  referrer_id BLOB NOT NULL,
  code_id BLOB NOT NULL,
  day INTEGER NOT NULL,
  slot INTEGER NOT NULL CONSTRAINT slot_bounds CHECK (slot BETWEEN 0 AND 255),
  signups INTEGER NOT NULL CONSTRAINT signups_bounds CHECK (signups >= 0),
  verified_signups INTEGER NOT NULL CONSTRAINT verified_signups_bounds CHECK (verified_signups >= 0),
  conversions INTEGER NOT NULL CONSTRAINT conversions_bounds CHECK (conversions >= 0),
  conversions_reversed INTEGER NOT NULL CONSTRAINT conversions_reversed_bounds CHECK (conversions_reversed >= 0),
  revenue INTEGER NOT NULL,
  earned INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  PRIMARY KEY (book_id, referrer_id, code_id, day, slot),
  CONSTRAINT tracked_code_of_the_referrer FOREIGN KEY (book_id, code_id, referrer_id)
    REFERENCES referral_codes (book_id, code_id, owner_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER affiliate_tracking_stays BEFORE DELETE ON affiliate_tracking
BEGIN SELECT RAISE(ABORT, 'affiliate_tracking_stays'); END;
