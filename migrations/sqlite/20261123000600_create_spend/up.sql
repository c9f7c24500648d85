-- Spend events: stored once, with their outcome, for ever. What describes the person's payment stands apart and can be
-- erased. Spends ('S') and refunds ('R') share one space of source ids.

CREATE TABLE spend_events (
  book_id INTEGER NOT NULL,
  source_id TEXT NOT NULL CONSTRAINT source_id_form CHECK (length(source_id) BETWEEN 1 AND 128),
  event_id BLOB NOT NULL CONSTRAINT event_id_form CHECK (length(event_id) = 16),
  kind TEXT NOT NULL CONSTRAINT event_kind_known CHECK (kind IN ('S', 'R')),
  refunds TEXT CONSTRAINT refund_names_its_spend CHECK ((refunds IS NOT NULL) = (kind = 'R')),
  reason TEXT CONSTRAINT refund_reason_known CHECK (reason = 'requested' OR reason = 'chargeback'
    OR reason = 'fraud' OR reason = 'other'),
  body_hash BLOB NOT NULL CONSTRAINT body_hash_form CHECK (length(body_hash) = 32),
  user_id BLOB NOT NULL,
  amount INTEGER NOT NULL CONSTRAINT event_amount_bounds CHECK (amount BETWEEN 1 AND 999999999999),
  currency TEXT NOT NULL CONSTRAINT event_currency_form CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
  digits INTEGER NOT NULL CONSTRAINT event_digits_bounds CHECK (digits BETWEEN 0 AND 4),
  occurred_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  outcome TEXT NOT NULL CONSTRAINT outcome_known CHECK (outcome = 'counted' OR outcome = 'threshold_crossed'
    OR outcome = 'reward_retracted' OR outcome = 'not_referred' OR outcome = 'before_referral'
    OR outcome = 'after_window' OR outcome = 'currency_mismatch' OR outcome = 'referral_closed'
    OR outcome = 'awaiting_spend'),
  referral_id BLOB,
  counted INTEGER NOT NULL CONSTRAINT counted_bounds CHECK (counted BETWEEN -amount AND amount),
  net_after INTEGER,
  threshold INTEGER,
  reward_amount INTEGER CONSTRAINT event_reward_moves CHECK (reward_amount <> 0),
  reward_transaction BLOB,
  withheld_amount INTEGER CONSTRAINT event_withheld_positive CHECK (withheld_amount > 0),
  withheld_reason TEXT CONSTRAINT event_reason_known CHECK (withheld_reason = 'email-not-verified'
    OR withheld_reason = 'referrer-email-not-verified' OR withheld_reason = 'under-review'
    OR withheld_reason = 'budget' OR withheld_reason = 'program-paused'),
  over_refund INTEGER NOT NULL CONSTRAINT over_refund_bool CHECK (over_refund IN (0, 1)),
  commission_amount INTEGER CONSTRAINT event_commission_moves CHECK (commission_amount <> 0),
  commission_transaction BLOB,
  CONSTRAINT source_once PRIMARY KEY (book_id, source_id),
  CONSTRAINT refund_has_a_reason CHECK ((reason IS NOT NULL) = (kind = 'R')),
  CONSTRAINT refund_of_another CHECK (refunds <> source_id),
  CONSTRAINT outcomes_of_a_kind CHECK (CASE kind WHEN 'S' THEN outcome NOT IN ('reward_retracted', 'awaiting_spend')
    ELSE outcome <> 'threshold_crossed' END),
  CONSTRAINT spends_add_and_refunds_take CHECK (CASE kind WHEN 'S' THEN counted >= 0 ELSE counted <= 0 END),
  CONSTRAINT only_refunds_exceed CHECK (over_refund = 0 OR kind = 'R'),
  CONSTRAINT commission_event_whole CHECK ((commission_amount IS NULL) = (commission_transaction IS NULL)),
  CONSTRAINT level_whole CHECK ((net_after IS NULL) = (threshold IS NULL)),
  CONSTRAINT reward_whole CHECK ((reward_amount IS NULL) = (reward_transaction IS NULL)),
  CONSTRAINT withheld_whole CHECK ((withheld_amount IS NULL) = (withheld_reason IS NULL)),
  CONSTRAINT counted_needs_a_referral CHECK (counted = 0 OR referral_id IS NOT NULL),
  CONSTRAINT not_referred_has_none CHECK (outcome <> 'not_referred' OR referral_id IS NULL),
  FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id),
  FOREIGN KEY (book_id, referral_id) REFERENCES referrals (book_id, referral_id),
  FOREIGN KEY (book_id, reward_transaction) REFERENCES ledger_transactions (book_id, transaction_id),
  CONSTRAINT event_commission_is_posted FOREIGN KEY (book_id, commission_transaction)
    REFERENCES ledger_transactions (book_id, transaction_id)
) STRICT;
-- Spends that wait for a sign-up.
CREATE INDEX spend_events_parked ON spend_events (book_id, user_id, recorded_at)
WHERE outcome = 'not_referred' AND kind = 'S';
-- What was refunded of a spend, told before or after it.
CREATE INDEX spend_events_refunds ON spend_events (book_id, refunds) WHERE kind = 'R';
-- What a referral's net spend is recomputed from.
CREATE INDEX spend_events_of_a_referral ON spend_events (book_id, referral_id) WHERE referral_id IS NOT NULL;
CREATE TRIGGER spend_events_never_change BEFORE UPDATE ON spend_events
BEGIN SELECT RAISE(ABORT, 'spend_events_never_change'); END;
CREATE TRIGGER spend_events_stay BEFORE DELETE ON spend_events BEGIN SELECT RAISE(ABORT, 'spend_events_stay'); END;

-- Written only for events that have either.
CREATE TABLE spend_event_details (
  book_id INTEGER NOT NULL,
  source_id TEXT NOT NULL,
  payment BLOB CONSTRAINT payment_form CHECK (length(payment) = 32),
  metadata TEXT CONSTRAINT metadata_is_json CHECK (json_valid(metadata)),
  PRIMARY KEY (book_id, source_id),
  CONSTRAINT some_detail CHECK (payment IS NOT NULL OR metadata IS NOT NULL),
  FOREIGN KEY (book_id, source_id) REFERENCES spend_events (book_id, source_id)
) STRICT, WITHOUT ROWID;

-- Events that waited for a referral and count for it.
CREATE TABLE spend_folds (
  book_id INTEGER NOT NULL,
  source_id TEXT NOT NULL,
  referral_id BLOB NOT NULL,
  CONSTRAINT folded_into_one PRIMARY KEY (book_id, source_id),
  FOREIGN KEY (book_id, source_id) REFERENCES spend_events (book_id, source_id),
  FOREIGN KEY (book_id, referral_id) REFERENCES referrals (book_id, referral_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX spend_folds_of_a_referral ON spend_folds (book_id, referral_id);
CREATE TRIGGER spend_folds_never_change BEFORE UPDATE ON spend_folds
BEGIN SELECT RAISE(ABORT, 'spend_folds_never_change'); END;
CREATE TRIGGER spend_folds_stay BEFORE DELETE ON spend_folds BEGIN SELECT RAISE(ABORT, 'spend_folds_stay'); END;
