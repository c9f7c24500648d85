-- Credits used: redemptions, their reversals (a chain that cannot exceed what was redeemed), and the ledger as the
-- host's people read it.

CREATE TABLE redemptions (
  book_id BIGINT NOT NULL,
  redemption_id UUID NOT NULL,
  user_id UUID NOT NULL,
  reference TEXT COLLATE "C" NOT NULL CONSTRAINT redemption_reference_given CHECK (reference <> ''),
  asked BIGINT NOT NULL CONSTRAINT asked_positive CHECK (asked > 0),
  mode TEXT COLLATE "C" NOT NULL CONSTRAINT mode_known CHECK (mode IN ('exact', 'up_to')),
  redeemed BIGINT NOT NULL,
  description TEXT,
  transaction_id UUID,
  available BIGINT NOT NULL,
  held BIGINT NOT NULL,
  in_payout BIGINT NOT NULL,
  owed BIGINT NOT NULL,
  payable BIGINT NOT NULL,
  as_of TIMESTAMPTZ NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (book_id, redemption_id),
  CONSTRAINT redeemed_once UNIQUE (book_id, reference),
  CONSTRAINT redemption_posted_once UNIQUE (book_id, transaction_id),
  CONSTRAINT redemption_amount UNIQUE (book_id, redemption_id, redeemed),
  CONSTRAINT redeemed_bounds CHECK (redeemed BETWEEN 0 AND asked),
  CONSTRAINT exact_is_exact CHECK (mode <> 'exact' OR redeemed = asked),
  CONSTRAINT taken_is_posted CHECK ((redeemed > 0) = (transaction_id IS NOT NULL)),
  FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id),
  CONSTRAINT redemption_is_posted FOREIGN KEY (book_id, transaction_id)
    REFERENCES ledger_transactions (book_id, transaction_id)
);
SELECT guard('redemptions', false);

CREATE TABLE redemption_reversals (
  book_id BIGINT NOT NULL,
  redemption_id UUID NOT NULL,
  n BIGINT NOT NULL,
  prev_n BIGINT,
  redeemed BIGINT NOT NULL,
  reference TEXT COLLATE "C" NOT NULL CONSTRAINT reversal_reference_given CHECK (reference <> ''),
  asked BIGINT CONSTRAINT reversal_asked_positive CHECK (asked > 0),
  amount BIGINT NOT NULL CONSTRAINT reversal_amount_positive CHECK (amount > 0),
  remaining_before BIGINT NOT NULL,
  remaining BIGINT NOT NULL CONSTRAINT never_over_reversed CHECK (remaining >= 0),
  reason TEXT,
  transaction_id UUID NOT NULL,
  available BIGINT NOT NULL,
  held BIGINT NOT NULL,
  in_payout BIGINT NOT NULL,
  owed BIGINT NOT NULL,
  payable BIGINT NOT NULL,
  as_of TIMESTAMPTZ NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT reversal_step PRIMARY KEY (book_id, redemption_id, n),
  CONSTRAINT reversed_once UNIQUE (book_id, reference),
  CONSTRAINT reversal_posted_once UNIQUE (book_id, transaction_id),
  CONSTRAINT reversal_end UNIQUE (book_id, redemption_id, n, remaining),
  CONSTRAINT reversal_sum CHECK (remaining = remaining_before - amount),
  CONSTRAINT reversal_follows CHECK ((n = 1 AND prev_n IS NULL AND remaining_before = redeemed)
    OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  CONSTRAINT reversal_of_a_redemption FOREIGN KEY (book_id, redemption_id, redeemed)
    REFERENCES redemptions (book_id, redemption_id, redeemed),
  CONSTRAINT reversal_chain FOREIGN KEY (book_id, redemption_id, prev_n, remaining_before)
    REFERENCES redemption_reversals (book_id, redemption_id, n, remaining),
  CONSTRAINT reversal_is_posted FOREIGN KEY (book_id, transaction_id)
    REFERENCES ledger_transactions (book_id, transaction_id)
);
SELECT guard('redemption_reversals', false);

-- Each user's history, to be read only: one row a business transaction. user_id is the host's id, NULL once it was
-- erased; amount is the signed change of the available balance and both balances are available ones, in minor units
-- of the program's currency.
CREATE VIEW credit_transactions AS
SELECT name.host_id AS user_id, t.kind AS transaction_type, line.available_after - line.available_before AS amount,
  line.available_before AS balance_before, line.available_after AS balance_after, t.referral_id AS referral_id,
  t.reference AS reference_id, t.reference_type AS reference_type, t.description AS description,
  t.created_by AS created_by, t.recorded_at AS created_at
FROM history_lines AS line
JOIN ledger_transactions AS t ON t.book_id = line.book_id AND t.transaction_id = line.transaction_id
LEFT JOIN user_names AS name ON name.book_id = line.book_id AND name.user_id = line.user_id;
