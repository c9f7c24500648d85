-- Codes, referrals with the terms they pinned for ever, their progress, and what was granted for them.

CREATE TABLE referral_codes (
  book_id BIGINT NOT NULL,
  code_id UUID NOT NULL,
  owner_id UUID NOT NULL,
  text TEXT COLLATE "C" NOT NULL CONSTRAINT code_text_given CHECK (text <> ''),
  folded TEXT COLLATE "C" NOT NULL CONSTRAINT code_folded_form CHECK (folded ~ '^[0-9A-Z]{1,24}$'),
  is_primary BOOLEAN NOT NULL,
  active BOOLEAN NOT NULL,
  expires_at TIMESTAMPTZ,
  max_uses BIGINT CONSTRAINT max_uses_bounds CHECK (max_uses BETWEEN 0 AND 4294967295),
  daily_limit BIGINT CONSTRAINT daily_limit_bounds CHECK (daily_limit BETWEEN 0 AND 4294967295),
  uses BIGINT NOT NULL CONSTRAINT uses_bounds CHECK (uses BETWEEN 0 AND 4294967295),
  last_used_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (book_id, code_id),
  CONSTRAINT folded_once UNIQUE (book_id, folded),
  CONSTRAINT code_of_an_owner UNIQUE (book_id, code_id, owner_id),
  FOREIGN KEY (book_id, owner_id) REFERENCES users (book_id, user_id)
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX referral_codes_primary ON referral_codes (book_id, owner_id) WHERE is_primary;
SELECT guard('referral_codes', true);
CREATE TRIGGER referral_codes_keep_their_text
BEFORE UPDATE OF book_id, code_id, owner_id, text, folded, is_primary, created_at ON referral_codes
FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER referral_codes_count_up BEFORE UPDATE OF uses ON referral_codes
FOR EACH ROW WHEN (NEW.uses < OLD.uses) EXECUTE FUNCTION refuse();
SELECT always('referral_codes', 'referral_codes_keep_their_text'), always('referral_codes', 'referral_codes_count_up');

CREATE TABLE referrals (
  book_id BIGINT NOT NULL,
  referral_id UUID NOT NULL,
  referrer_id UUID NOT NULL,
  referred_id UUID NOT NULL,
  code_id UUID NOT NULL,
  code_text TEXT COLLATE "C" NOT NULL,
  rule_version BIGINT NOT NULL,
  referrer_reward BIGINT NOT NULL CONSTRAINT referrer_reward_bounds CHECK (referrer_reward >= 0),
  welcome_credit BIGINT NOT NULL CONSTRAINT welcome_credit_bounds CHECK (welcome_credit >= 0),
  spend_threshold BIGINT NOT NULL CONSTRAINT spend_threshold_bounds CHECK (spend_threshold >= 0),
  qualification_window_days BIGINT NOT NULL CONSTRAINT window_bounds CHECK (qualification_window_days >= 0),
  clawback_window_days BIGINT NOT NULL CONSTRAINT clawback_bounds CHECK (clawback_window_days >= 0),
  hold_days BIGINT NOT NULL CONSTRAINT hold_days_bounds CHECK (hold_days BETWEEN 0 AND 90),
  -- Parts per million of net spend.
  commission_rate BIGINT CONSTRAINT commission_rate_bounds CHECK (commission_rate BETWEEN 0 AND 1000000),
  commission_months BIGINT CONSTRAINT commission_months_bounds CHECK (commission_months >= 0),
  commission_cap BIGINT CONSTRAINT commission_cap_bounds CHECK (commission_cap >= 0),
  source TEXT COLLATE "C" NOT NULL CONSTRAINT source_known CHECK (source IN ('typed', 'link', 'cookie', 'api')),
  click_id UUID,
  clicked_at TIMESTAMPTZ,
  sub_id TEXT,
  signed_up_at TIMESTAMPTZ,
  applied_at TIMESTAMPTZ NOT NULL,
  qualifies_until TIMESTAMPTZ NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (book_id, referral_id),
  CONSTRAINT referred_once UNIQUE (book_id, referred_id),
  CONSTRAINT referral_terms
    UNIQUE (book_id, referral_id, qualifies_until, spend_threshold, referrer_reward, welcome_credit),
  CONSTRAINT window_is_open CHECK (qualifies_until >= applied_at),
  CONSTRAINT commission_whole CHECK ((commission_rate IS NULL) = (commission_months IS NULL)
    AND (commission_cap IS NULL OR commission_rate IS NOT NULL)),
  CONSTRAINT nobody_refers_themselves CHECK (referrer_id <> referred_id),
  CONSTRAINT referrer_is_known FOREIGN KEY (book_id, referrer_id) REFERENCES users (book_id, user_id),
  CONSTRAINT referred_is_known FOREIGN KEY (book_id, referred_id) REFERENCES users (book_id, user_id),
  CONSTRAINT code_of_the_referrer FOREIGN KEY (book_id, code_id, referrer_id)
    REFERENCES referral_codes (book_id, code_id, owner_id)
);
CREATE INDEX referrals_of_a_referrer ON referrals (book_id, referrer_id, created_at);
CREATE INDEX referrals_newest ON referrals (book_id, created_at, referral_id);
SELECT guard('referrals', false);

CREATE FUNCTION rules_are_known() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT 1 FROM rule_versions AS v WHERE v.book_id = NEW.book_id AND v.version = NEW.rule_version) IS NULL THEN
    RAISE EXCEPTION 'there is no version % of the rules of book %', NEW.rule_version, NEW.book_id
      USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER referrals_by_known_rules BEFORE INSERT ON referrals FOR EACH ROW EXECUTE FUNCTION rules_are_known();
SELECT always('referrals', 'referrals_by_known_rules');

-- What comes before a scene of spend is read: the users of these names (sorted, each once) are made where missing, and
-- those without a referral are locked against getting one. Whoever would give them one locks them FOR NO KEY UPDATE.
CREATE FUNCTION meet_spenders(p_book BIGINT, p_names TEXT[], p_ids UUID[], p_now TIMESTAMPTZ) RETURNS VOID
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  v_missing BOOLEAN;
  v_alone UUID[];
BEGIN
  FOR attempt IN 1..2 LOOP
    SELECT bool_or(n.user_id IS NULL), array_agg(n.user_id ORDER BY n.user_id) FILTER (WHERE n.is_alone)
      INTO v_missing, v_alone FROM unnest(p_names) AS u(host_id)
      LEFT JOIN LATERAL (SELECT n.user_id, (SELECT 1 FROM referrals AS r
          WHERE r.book_id = p_book AND r.referred_id = n.user_id LIMIT 1) IS NULL AS is_alone
        FROM user_names AS n WHERE n.book_id = p_book AND n.host_id = u.host_id LIMIT 1) AS n ON true;
    EXIT WHEN NOT v_missing;
    PERFORM make_users(p_book, p_names, p_ids, p_now);
  END LOOP;
  IF v_alone IS NOT NULL THEN
    PERFORM 1 FROM unnest(v_alone) AS w(user_id) CROSS JOIN LATERAL (
      SELECT 1 FROM users AS u WHERE u.book_id = p_book AND u.user_id = w.user_id LIMIT 1 FOR SHARE) AS u;
  END IF;
END $$;

-- Referrals stay and never change: a look is as good as a foreign key, and writes no lock to the log.
CREATE FUNCTION referrals_are_known() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f WHERE f.referral_id IS NOT NULL AND (SELECT 1 FROM referrals AS r
    WHERE r.book_id = f.book_id AND r.referral_id = f.referral_id LIMIT 1) IS NULL;
  IF FOUND THEN
    RAISE EXCEPTION 'a referral that is not there' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER transaction_of_a_referral AFTER INSERT ON ledger_transactions REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION referrals_are_known();
CREATE TRIGGER transfer_of_a_referral AFTER INSERT ON transfers REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION referrals_are_known();
SELECT always('ledger_transactions', 'transaction_of_a_referral'), always('transfers', 'transfer_of_a_referral');

-- The hot row. Its first columns repeat pinned terms (equal to them by a foreign key), so that what is to be expired
-- and what is not at its level are partial indexes: empty when there is nothing to do. No index mentions a column that
-- every spend changes, and there is room on the page: an update of spend moves no index (HOT). What an index asks about
-- spend is a generated column, which changes once.
CREATE TABLE referral_progress (
  book_id BIGINT NOT NULL,
  referral_id UUID NOT NULL,
  qualifies_until TIMESTAMPTZ NOT NULL,
  spend_threshold BIGINT NOT NULL,
  referrer_reward BIGINT NOT NULL,
  welcome_credit BIGINT NOT NULL,
  state TEXT COLLATE "C" NOT NULL
    CONSTRAINT state_known CHECK (state IN ('pending', 'active', 'completed', 'expired', 'fraud')),
  activated_at TIMESTAMPTZ,
  completed_at TIMESTAMPTZ,
  closed_at TIMESTAMPTZ,
  review TEXT COLLATE "C" NOT NULL
    CONSTRAINT review_known CHECK (review IN ('none', 'open', 'cleared', 'confirmed')),
  case_id UUID,
  verified_at TIMESTAMPTZ,
  spend_gross BIGINT NOT NULL CONSTRAINT spend_gross_bounds CHECK (spend_gross >= 0),
  spend_refunded BIGINT NOT NULL CONSTRAINT spend_refunded_bounds CHECK (spend_refunded BETWEEN 0 AND spend_gross),
  welcome_status TEXT COLLATE "C" NOT NULL CONSTRAINT welcome_status_known
    CHECK (welcome_status IN ('not_due', 'withheld', 'held', 'granted', 'retracted')),
  welcome_reason TEXT COLLATE "C" CONSTRAINT welcome_reason_known CHECK (welcome_reason IN ('email-not-verified',
    'referrer-email-not-verified', 'under-review', 'budget', 'program-paused')),
  welcome_at TIMESTAMPTZ,
  welcome_transaction UUID,
  reward_status TEXT COLLATE "C" NOT NULL CONSTRAINT reward_status_known
    CHECK (reward_status IN ('not_due', 'withheld', 'held', 'granted', 'retracted')),
  reward_reason TEXT COLLATE "C" CONSTRAINT reward_reason_known CHECK (reward_reason IN ('email-not-verified',
    'referrer-email-not-verified', 'under-review', 'budget', 'program-paused')),
  reward_at TIMESTAMPTZ,
  reward_transaction UUID,
  reward_steps BIGINT NOT NULL CONSTRAINT reward_steps_bounds CHECK (reward_steps >= 0),
  reward_available_at TIMESTAMPTZ,
  commission_gross BIGINT NOT NULL CONSTRAINT commission_gross_bounds CHECK (commission_gross >= 0),
  commission_refunded BIGINT NOT NULL
    CONSTRAINT commission_refunded_bounds CHECK (commission_refunded BETWEEN 0 AND commission_gross),
  commission_due BIGINT NOT NULL CONSTRAINT commission_due_bounds CHECK (commission_due >= 0),
  commission_posted BIGINT NOT NULL CONSTRAINT commission_posted_bounds CHECK (commission_posted >= 0),
  commission_steps BIGINT NOT NULL CONSTRAINT commission_steps_bounds CHECK (commission_steps >= 0),
  commission_reason TEXT COLLATE "C" CONSTRAINT commission_reason_known CHECK (commission_reason IN
    ('email-not-verified', 'referrer-email-not-verified', 'under-review', 'budget', 'program-paused')),
  updated_at TIMESTAMPTZ NOT NULL,
  reward_unsettled BOOLEAN GENERATED ALWAYS AS (reward_status IN ('not_due', 'retracted') AND state <> 'fraud'
    AND referrer_reward > 0 AND spend_threshold <= spend_gross - spend_refunded
    AND (verified_at IS NULL OR verified_at < qualifies_until OR activated_at IS NOT NULL)) STORED,
  reward_undue BOOLEAN GENERATED ALWAYS AS (reward_status IN ('held', 'granted') AND NOT (state <> 'fraud'
    AND referrer_reward > 0 AND spend_threshold <= spend_gross - spend_refunded
    AND (verified_at IS NULL OR verified_at < qualifies_until OR activated_at IS NOT NULL))) STORED,
  welcome_unsettled BOOLEAN GENERATED ALWAYS AS (welcome_status = 'not_due' AND state <> 'fraud'
    AND welcome_credit > 0 AND activated_at IS NOT NULL) STORED,
  welcome_undue BOOLEAN GENERATED ALWAYS AS (welcome_status = 'granted' AND state = 'fraud') STORED,
  commission_unsettled BOOLEAN GENERATED ALWAYS AS
    (commission_due <> commission_posted AND commission_reason IS NULL) STORED,
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
  CONSTRAINT granted_at_odd_steps CHECK ((reward_status IN ('held', 'granted')) = (reward_steps % 2 = 1)),
  CONSTRAINT retracted_after_a_grant CHECK (reward_status <> 'retracted' OR reward_steps >= 2),
  CONSTRAINT held_until CHECK ((reward_status = 'held') = (reward_available_at IS NOT NULL)),
  CONSTRAINT commission_withheld_when_short CHECK (commission_reason IS NULL OR commission_posted < commission_due),
  CONSTRAINT commission_by_steps CHECK (commission_steps > 0 OR commission_posted = 0),
  CONSTRAINT progress_repeats_the_terms FOREIGN KEY
    (book_id, referral_id, qualifies_until, spend_threshold, referrer_reward, welcome_credit)
    REFERENCES referrals (book_id, referral_id, qualifies_until, spend_threshold, referrer_reward, welcome_credit),
  CONSTRAINT welcome_by_a_transaction FOREIGN KEY (book_id, welcome_transaction)
    REFERENCES ledger_transactions (book_id, transaction_id) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT reward_by_a_transaction FOREIGN KEY (book_id, reward_transaction)
    REFERENCES ledger_transactions (book_id, transaction_id) DEFERRABLE INITIALLY DEFERRED
) WITH (fillfactor = 70);
CREATE INDEX referral_progress_expirable ON referral_progress (book_id, qualifies_until)
WHERE state IN ('pending', 'active');
CREATE INDEX referral_progress_reward_unsettled ON referral_progress (book_id, referral_id) WHERE reward_unsettled;
CREATE INDEX referral_progress_reward_undue ON referral_progress (book_id, referral_id) WHERE reward_undue;
CREATE INDEX referral_progress_welcome_unsettled ON referral_progress (book_id, referral_id) WHERE welcome_unsettled;
CREATE INDEX referral_progress_welcome_undue ON referral_progress (book_id, referral_id) WHERE welcome_undue;
CREATE INDEX referral_progress_commission_unsettled ON referral_progress (book_id, referral_id)
WHERE commission_unsettled;
CREATE INDEX referral_progress_reward_withheld ON referral_progress (book_id, reward_reason, referral_id)
WHERE reward_reason IN ('program-paused', 'referrer-email-not-verified');
CREATE INDEX referral_progress_welcome_withheld ON referral_progress (book_id, welcome_reason, referral_id)
WHERE welcome_reason IN ('program-paused', 'referrer-email-not-verified');
CREATE INDEX referral_progress_commission_withheld ON referral_progress (book_id, commission_reason, referral_id)
WHERE commission_reason IN ('program-paused', 'referrer-email-not-verified');
-- What the budget withheld, oldest first.
CREATE INDEX referral_progress_reward_budget ON referral_progress (book_id, completed_at, referral_id)
WHERE reward_reason = 'budget';
SELECT guard('referral_progress', true);
CREATE TRIGGER referral_progress_steps_forward BEFORE UPDATE OF reward_steps, commission_steps
ON referral_progress FOR EACH ROW
WHEN (NEW.reward_steps < OLD.reward_steps OR NEW.commission_steps < OLD.commission_steps) EXECUTE FUNCTION refuse();
SELECT always('referral_progress', 'referral_progress_steps_forward');
ALTER TABLE referrals ADD CONSTRAINT referral_has_progress FOREIGN KEY (book_id, referral_id)
  REFERENCES referral_progress (book_id, referral_id) DEFERRABLE INITIALLY DEFERRED;

-- Grants and retractions of one reward alternate.
CREATE TABLE reward_steps (
  book_id BIGINT NOT NULL,
  referral_id UUID NOT NULL,
  n BIGINT NOT NULL,
  prev_n BIGINT,
  kind TEXT COLLATE "C" NOT NULL,
  amount BIGINT NOT NULL CONSTRAINT step_amount_positive CHECK (amount > 0),
  transaction_id UUID NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  -- The month whose budget it was counted in; NULL when there was none.
  budget_month BIGINT,
  CONSTRAINT budget_counts_grants CHECK (budget_month IS NULL OR n % 2 = 1),
  CONSTRAINT reward_one_at_a_time PRIMARY KEY (book_id, referral_id, n),
  CONSTRAINT step_once UNIQUE (book_id, transaction_id),
  CONSTRAINT reward_alternates CHECK (
    ((n = 1 AND prev_n IS NULL) OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1))
    AND kind = CASE n % 2 WHEN 1 THEN 'grant' ELSE 'retract' END),
  CONSTRAINT step_chain FOREIGN KEY (book_id, referral_id, prev_n) REFERENCES reward_steps (book_id, referral_id, n),
  CONSTRAINT step_is_posted FOREIGN KEY (book_id, transaction_id)
    REFERENCES ledger_transactions (book_id, transaction_id)
);
SELECT guard('reward_steps', false);
CREATE TRIGGER step_of_a_referral AFTER INSERT ON reward_steps REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION referrals_are_known();
CREATE FUNCTION step_is_recorded() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT 1 FROM reward_steps AS s WHERE s.book_id = NEW.book_id AND s.referral_id = NEW.referral_id
      AND s.n = NEW.reward_steps) IS NULL THEN
    RAISE EXCEPTION 'a step is not recorded' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER first_steps_are_recorded AFTER INSERT ON referral_progress DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.reward_steps > 0) EXECUTE FUNCTION step_is_recorded();
CREATE CONSTRAINT TRIGGER steps_are_recorded AFTER UPDATE ON referral_progress DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.reward_steps > 0 AND (NEW.book_id, NEW.referral_id, NEW.reward_steps)
  IS DISTINCT FROM (OLD.book_id, OLD.referral_id, OLD.reward_steps)) EXECUTE FUNCTION step_is_recorded();
SELECT always('reward_steps', 'step_of_a_referral'), always('referral_progress', 'first_steps_are_recorded'),
  always('referral_progress', 'steps_are_recorded');

-- What a referrer's code brought on the UTC day it was recorded. A slot is one session's share of a row, so that a
-- popular code is not one row for which all wait; readers add the slots up.
CREATE TABLE affiliate_tracking (
  book_id BIGINT NOT NULL,
  referrer_id UUID NOT NULL,
  code_id UUID NOT NULL,
  day DATE NOT NULL,
  slot SMALLINT NOT NULL CONSTRAINT slot_bounds CHECK (slot BETWEEN 0 AND 255),
  signups BIGINT NOT NULL CONSTRAINT signups_bounds CHECK (signups >= 0),
  verified_signups BIGINT NOT NULL CONSTRAINT verified_signups_bounds CHECK (verified_signups >= 0),
  conversions BIGINT NOT NULL CONSTRAINT conversions_bounds CHECK (conversions >= 0),
  conversions_reversed BIGINT NOT NULL CONSTRAINT conversions_reversed_bounds CHECK (conversions_reversed >= 0),
  revenue BIGINT NOT NULL,
  earned BIGINT NOT NULL,
  pending BIGINT NOT NULL,
  PRIMARY KEY (book_id, referrer_id, code_id, day, slot)
) WITH (fillfactor = 70);
SELECT guard('affiliate_tracking', true);
CREATE TRIGGER affiliate_tracking_keep_their_key BEFORE UPDATE OF book_id, referrer_id, code_id, day, slot
ON affiliate_tracking FOR EACH ROW EXECUTE FUNCTION refuse();
-- A code stays and keeps its owner, so a look is enough.
CREATE FUNCTION tracked_codes_are_theirs() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f WHERE (SELECT c.owner_id FROM referral_codes AS c
    WHERE c.book_id = f.book_id AND c.code_id = f.code_id LIMIT 1) IS DISTINCT FROM f.referrer_id;
  IF FOUND THEN
    RAISE EXCEPTION 'a tracked code is not the referrer''s' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tracked_code_of_the_referrer AFTER INSERT ON affiliate_tracking REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION tracked_codes_are_theirs();
SELECT always('affiliate_tracking', 'affiliate_tracking_keep_their_key'),
  always('affiliate_tracking', 'tracked_code_of_the_referrer');
