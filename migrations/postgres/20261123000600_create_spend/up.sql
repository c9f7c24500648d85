-- Spend events: stored once, with their outcome, for ever. What describes the person's payment stands apart and can be
-- erased. Spends ('S') and refunds ('R') share one space of source ids.

CREATE TABLE spend_events (
  book_id BIGINT NOT NULL,
  source_id TEXT COLLATE "C" NOT NULL CONSTRAINT source_id_form CHECK (length(source_id) BETWEEN 1 AND 128),
  event_id UUID NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CONSTRAINT event_kind_known CHECK (kind IN ('S', 'R')),
  refunds TEXT COLLATE "C" CONSTRAINT refund_names_its_spend CHECK ((refunds IS NOT NULL) = (kind = 'R')),
  reason TEXT COLLATE "C"
    CONSTRAINT refund_reason_known CHECK (reason IN ('requested', 'chargeback', 'fraud', 'other')),
  body_hash BYTEA NOT NULL CONSTRAINT body_hash_form CHECK (length(body_hash) = 32),
  user_id UUID NOT NULL,
  amount BIGINT NOT NULL CONSTRAINT event_amount_bounds CHECK (amount BETWEEN 1 AND 999999999999),
  currency TEXT COLLATE "C" NOT NULL CONSTRAINT event_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  digits SMALLINT NOT NULL CONSTRAINT event_digits_bounds CHECK (digits BETWEEN 0 AND 4),
  occurred_at TIMESTAMPTZ NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL,
  outcome TEXT COLLATE "C" NOT NULL CONSTRAINT outcome_known CHECK (outcome IN ('counted', 'threshold_crossed',
    'reward_retracted', 'not_referred', 'before_referral', 'after_window', 'currency_mismatch', 'referral_closed',
    'awaiting_spend')),
  referral_id UUID,
  counted BIGINT NOT NULL CONSTRAINT counted_bounds CHECK (counted BETWEEN -amount AND amount),
  net_after BIGINT,
  threshold BIGINT,
  reward_amount BIGINT CONSTRAINT event_reward_moves CHECK (reward_amount <> 0),
  reward_transaction UUID,
  withheld_amount BIGINT CONSTRAINT event_withheld_positive CHECK (withheld_amount > 0),
  withheld_reason TEXT COLLATE "C" CONSTRAINT event_reason_known CHECK (withheld_reason IN ('email-not-verified',
    'referrer-email-not-verified', 'under-review', 'budget', 'program-paused')),
  over_refund BOOLEAN NOT NULL,
  commission_amount BIGINT CONSTRAINT event_commission_moves CHECK (commission_amount <> 0),
  commission_transaction UUID,
  CONSTRAINT source_once PRIMARY KEY (book_id, source_id),
  CONSTRAINT refund_of_another CHECK (refunds <> source_id),
  CONSTRAINT refund_has_a_reason CHECK ((reason IS NOT NULL) = (kind = 'R')),
  CONSTRAINT only_refunds_exceed CHECK (NOT over_refund OR kind = 'R'),
  CONSTRAINT outcomes_of_a_kind CHECK (CASE kind WHEN 'S' THEN outcome NOT IN ('reward_retracted', 'awaiting_spend')
    ELSE outcome <> 'threshold_crossed' END),
  CONSTRAINT spends_add_and_refunds_take CHECK (CASE kind WHEN 'S' THEN counted >= 0 ELSE counted <= 0 END),
  CONSTRAINT commission_event_whole CHECK ((commission_amount IS NULL) = (commission_transaction IS NULL)),
  CONSTRAINT level_whole CHECK ((net_after IS NULL) = (threshold IS NULL)),
  CONSTRAINT reward_whole CHECK ((reward_amount IS NULL) = (reward_transaction IS NULL)),
  CONSTRAINT withheld_whole CHECK ((withheld_amount IS NULL) = (withheld_reason IS NULL)),
  CONSTRAINT counted_needs_a_referral CHECK (counted = 0 OR referral_id IS NOT NULL),
  CONSTRAINT not_referred_has_none CHECK (outcome <> 'not_referred' OR referral_id IS NULL),
  CONSTRAINT event_reward_is_posted FOREIGN KEY (book_id, reward_transaction)
    REFERENCES ledger_transactions (book_id, transaction_id)
);
-- Spends that wait for a sign-up.
CREATE INDEX spend_events_parked ON spend_events (book_id, user_id, recorded_at)
WHERE outcome = 'not_referred' AND kind = 'S';
-- The refunds of a spend. A spend pays nothing for it.
CREATE INDEX spend_events_refunds ON spend_events (book_id, refunds) WHERE kind = 'R';
-- What met a referral.
CREATE INDEX spend_events_of_a_referral ON spend_events (book_id, referral_id) WHERE referral_id IS NOT NULL;
SELECT guard('spend_events', false);

-- Users and referrals stay and keep their ids: a look is as good as a foreign key, and writes no lock to the log.
CREATE FUNCTION events_of_users() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    WHERE (SELECT 1 FROM users AS u WHERE u.book_id = f.book_id AND u.user_id = f.user_id LIMIT 1) IS NULL;
  IF FOUND THEN
    RAISE EXCEPTION 'an event of nobody' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER event_of_a_user AFTER INSERT ON spend_events REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION events_of_users();

-- Transactions stay too.
CREATE FUNCTION event_commissions_are_posted() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f WHERE f.commission_transaction IS NOT NULL AND (SELECT 1 FROM ledger_transactions AS t
    WHERE t.book_id = f.book_id AND t.transaction_id = f.commission_transaction LIMIT 1) IS NULL;
  IF FOUND THEN
    RAISE EXCEPTION 'an event''s commission is not posted' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER event_commission_is_posted AFTER INSERT ON spend_events REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION event_commissions_are_posted();
CREATE TRIGGER event_of_a_referral AFTER INSERT ON spend_events REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION referrals_are_known();
SELECT always('spend_events', 'event_of_a_user'), always('spend_events', 'event_of_a_referral'),
  always('spend_events', 'event_commission_is_posted');

-- Written only for events that have either.
CREATE TABLE spend_event_details (
  book_id BIGINT NOT NULL,
  source_id TEXT COLLATE "C" NOT NULL,
  payment BYTEA CONSTRAINT payment_form CHECK (length(payment) = 32),
  metadata TEXT CONSTRAINT metadata_is_json CHECK (metadata::json IS NOT NULL),
  PRIMARY KEY (book_id, source_id),
  CONSTRAINT some_detail CHECK (payment IS NOT NULL OR metadata IS NOT NULL),
  FOREIGN KEY (book_id, source_id) REFERENCES spend_events (book_id, source_id)
);

-- Events that waited for a referral and count for it.
CREATE TABLE spend_folds (
  book_id BIGINT NOT NULL,
  source_id TEXT COLLATE "C" NOT NULL,
  referral_id UUID NOT NULL,
  CONSTRAINT folded_into_one PRIMARY KEY (book_id, source_id),
  FOREIGN KEY (book_id, source_id) REFERENCES spend_events (book_id, source_id),
  FOREIGN KEY (book_id, referral_id) REFERENCES referrals (book_id, referral_id)
);
CREATE INDEX spend_folds_of_a_referral ON spend_folds (book_id, referral_id);
SELECT guard('spend_folds', false);
