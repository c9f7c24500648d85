-- Spend events: stored once, with their outcome, for ever. What describes the person's payment stands apart and can be
-- erased. Spends ('S') and refunds ('R') share one space of source ids.

CREATE TABLE spend_events (
  book_id BIGINT NOT NULL,
  source_id TEXT COLLATE "C" NOT NULL CONSTRAINT source_id_form CHECK (length(source_id) BETWEEN 1 AND 128),
  event_id UUID NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CONSTRAINT event_kind_known CHECK (kind IN ('S', 'R')),
  refunds TEXT COLLATE "C" CONSTRAINT refund_names_its_spend CHECK ((refunds IS NOT NULL) = (kind = 'R')),
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
  reward_amount BIGINT CONSTRAINT event_reward_positive CHECK (reward_amount > 0),
  reward_transaction UUID,
  withheld_amount BIGINT CONSTRAINT event_withheld_positive CHECK (withheld_amount > 0),
  withheld_reason TEXT COLLATE "C" CONSTRAINT event_reason_known CHECK (withheld_reason IN ('email-not-verified',
    'referrer-email-not-verified', 'under-review', 'budget', 'program-paused')),
  CONSTRAINT source_once PRIMARY KEY (book_id, source_id),
  CONSTRAINT level_whole CHECK ((net_after IS NULL) = (threshold IS NULL)),
  CONSTRAINT reward_whole CHECK ((reward_amount IS NULL) = (reward_transaction IS NULL)),
  CONSTRAINT withheld_whole CHECK ((withheld_amount IS NULL) = (withheld_reason IS NULL)),
  CONSTRAINT counted_needs_a_referral CHECK (counted = 0 OR referral_id IS NOT NULL),
  CONSTRAINT not_referred_has_none CHECK (outcome <> 'not_referred' OR referral_id IS NULL),
  CONSTRAINT event_of_a_user FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id),
  CONSTRAINT event_of_a_referral FOREIGN KEY (book_id, referral_id) REFERENCES referrals (book_id, referral_id),
  CONSTRAINT event_reward_is_posted FOREIGN KEY (book_id, reward_transaction)
    REFERENCES ledger_transactions (book_id, transaction_id)
);
-- Events that wait for a sign-up.
CREATE INDEX spend_events_parked ON spend_events (book_id, user_id, recorded_at) WHERE outcome = 'not_referred';
-- What a referral's net spend is recomputed from.
CREATE INDEX spend_events_of_a_referral ON spend_events (book_id, referral_id) WHERE referral_id IS NOT NULL;
SELECT guard('spend_events', false);

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
