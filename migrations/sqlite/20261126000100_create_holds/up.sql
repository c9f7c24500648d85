-- Money that waits and money that is bounded: the commission's steps, what is held of a posting and what became of it,
-- and what the months' budgets have granted.

-- The commission of one referral, as a running total: each step says by how much it moved, and to what.
CREATE TABLE commission_steps (
  book_id INTEGER NOT NULL,
  referral_id BLOB NOT NULL,
  n INTEGER NOT NULL,
  prev_n INTEGER,
  amount INTEGER NOT NULL CONSTRAINT commission_amount_moves CHECK (amount <> 0),
  posted_before INTEGER NOT NULL,
  posted INTEGER NOT NULL CONSTRAINT commission_posted_from_zero CHECK (posted >= 0),
  transaction_id BLOB NOT NULL,
  at INTEGER NOT NULL,
  CONSTRAINT commission_step PRIMARY KEY (book_id, referral_id, n),
  CONSTRAINT commission_posted_once UNIQUE (book_id, transaction_id),
  UNIQUE (book_id, referral_id, n, posted),
  CONSTRAINT commission_follows CHECK ((n = 1 AND prev_n IS NULL AND posted_before = 0)
    OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  -- An integer overflow turns into a float here and would compare equal, hence typeof.
  CONSTRAINT commission_sum CHECK (typeof(posted_before + amount) = 'integer' AND posted = posted_before + amount),
  CONSTRAINT commission_of_a_referral FOREIGN KEY (book_id, referral_id) REFERENCES referrals (book_id, referral_id),
  CONSTRAINT commission_chain FOREIGN KEY (book_id, referral_id, prev_n, posted_before)
    REFERENCES commission_steps (book_id, referral_id, n, posted),
  CONSTRAINT commission_is_posted FOREIGN KEY (book_id, transaction_id)
    REFERENCES ledger_transactions (book_id, transaction_id)
) STRICT;
CREATE TRIGGER commission_steps_never_change BEFORE UPDATE ON commission_steps
BEGIN SELECT RAISE(ABORT, 'commission_steps_never_change'); END;
CREATE TRIGGER commission_steps_stay BEFORE DELETE ON commission_steps
BEGIN SELECT RAISE(ABORT, 'commission_steps_stay'); END;

-- What a reward or a commission posted to `held`, named by the transaction that posted it. Only what remains of it
-- changes, and is always the end of its steps.
CREATE TABLE holds (
  book_id INTEGER NOT NULL,
  hold_id BLOB NOT NULL,
  referral_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  kind TEXT NOT NULL CONSTRAINT hold_kind_known CHECK (kind IN ('reward', 'commission')),
  source_id TEXT,
  amount INTEGER NOT NULL CONSTRAINT hold_amount_positive CHECK (amount > 0),
  matures_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  steps INTEGER NOT NULL CONSTRAINT hold_steps_bounds CHECK (steps >= 0),
  remaining INTEGER NOT NULL CONSTRAINT hold_remaining_bounds CHECK (remaining BETWEEN 0 AND amount),
  last_step INTEGER GENERATED ALWAYS AS (nullif(steps, 0)) STORED,
  PRIMARY KEY (book_id, hold_id),
  UNIQUE (book_id, hold_id, amount),
  UNIQUE (book_id, hold_id, referral_id),
  CONSTRAINT untouched_is_whole CHECK (steps > 0 OR remaining = amount),
  CONSTRAINT hold_is_posted FOREIGN KEY (book_id, hold_id) REFERENCES ledger_transactions (book_id, transaction_id),
  CONSTRAINT hold_of_a_referral FOREIGN KEY (book_id, referral_id) REFERENCES referrals (book_id, referral_id),
  CONSTRAINT hold_names_its_spend FOREIGN KEY (book_id, source_id) REFERENCES spend_events (book_id, source_id),
  CONSTRAINT hold_follows_its_steps FOREIGN KEY (book_id, hold_id, last_step, remaining)
    REFERENCES hold_steps (book_id, hold_id, n, remaining) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_maturing ON holds (book_id, matures_at, hold_id) WHERE remaining > 0;
CREATE INDEX holds_of_a_referral ON holds (book_id, referral_id, created_at, hold_id) WHERE remaining > 0;

CREATE TABLE hold_steps (
  book_id INTEGER NOT NULL,
  hold_id BLOB NOT NULL,
  n INTEGER NOT NULL,
  prev_n INTEGER,
  referral_id BLOB NOT NULL,
  hold_amount INTEGER NOT NULL,
  kind TEXT NOT NULL CONSTRAINT hold_step_kind_known CHECK (kind IN ('release', 'void')),
  amount INTEGER NOT NULL CONSTRAINT hold_step_amount_positive CHECK (amount > 0),
  remaining_before INTEGER NOT NULL,
  remaining INTEGER NOT NULL CONSTRAINT never_over_released CHECK (remaining >= 0),
  transaction_id BLOB NOT NULL,
  at INTEGER NOT NULL,
  CONSTRAINT hold_step PRIMARY KEY (book_id, hold_id, n),
  CONSTRAINT one_step_a_transaction UNIQUE (book_id, transaction_id, hold_id),
  UNIQUE (book_id, hold_id, n, remaining),
  CONSTRAINT hold_step_sum CHECK (remaining = remaining_before - amount),
  CONSTRAINT hold_step_follows CHECK ((n = 1 AND prev_n IS NULL AND remaining_before = hold_amount)
    OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  CONSTRAINT step_of_a_hold FOREIGN KEY (book_id, hold_id, hold_amount) REFERENCES holds (book_id, hold_id, amount),
  CONSTRAINT step_of_the_same_referral FOREIGN KEY (book_id, hold_id, referral_id)
    REFERENCES holds (book_id, hold_id, referral_id),
  CONSTRAINT hold_chain FOREIGN KEY (book_id, hold_id, prev_n, remaining_before)
    REFERENCES hold_steps (book_id, hold_id, n, remaining),
  CONSTRAINT hold_step_is_posted FOREIGN KEY (book_id, transaction_id)
    REFERENCES ledger_transactions (book_id, transaction_id)
) STRICT;

-- A hold is what its transaction credits to `held`, for the same user and referral.
CREATE TRIGGER hold_equals_its_posting BEFORE INSERT ON holds
WHEN (NEW.user_id, NEW.referral_id, CASE NEW.kind WHEN 'reward' THEN 'referral_bonus' ELSE 'affiliate_commission' END,
    NEW.amount) IS NOT (
  SELECT t.user_id, t.referral_id, t.kind, sum(f.amount) FROM ledger_transactions AS t
  JOIN transfers AS f ON f.book_id = t.book_id AND f.transaction_id = t.transaction_id
  JOIN accounts AS a ON a.book_id = f.book_id AND a.account_id = f.credit_account AND a.purpose = 'held'
  WHERE t.book_id = NEW.book_id AND t.transaction_id = NEW.hold_id)
BEGIN SELECT RAISE(ABORT, 'hold_equals_its_posting'); END;
CREATE TRIGGER holds_keep_their_facts
BEFORE UPDATE OF book_id, hold_id, referral_id, user_id, kind, source_id, amount, matures_at, created_at ON holds
BEGIN SELECT RAISE(ABORT, 'holds_keep_their_facts'); END;
CREATE TRIGGER holds_go_down BEFORE UPDATE OF steps, remaining ON holds
WHEN NEW.steps < OLD.steps OR NEW.remaining > OLD.remaining
BEGIN SELECT RAISE(ABORT, 'holds_go_down'); END;
CREATE TRIGGER holds_stay BEFORE DELETE ON holds BEGIN SELECT RAISE(ABORT, 'holds_stay'); END;

-- A step is posted by a transaction of the same user and referral, of the kind that such a step has; a reward's hold
-- is voided by the retraction of that very reward.
CREATE TRIGGER hold_step_is_its_transaction BEFORE INSERT ON hold_steps
WHEN NOT EXISTS (SELECT 1 FROM holds AS h
  JOIN ledger_transactions AS t ON t.book_id = h.book_id AND t.transaction_id = NEW.transaction_id
    AND t.user_id = h.user_id AND t.referral_id = h.referral_id
  WHERE h.book_id = NEW.book_id AND h.hold_id = NEW.hold_id AND CASE
    WHEN NEW.kind = 'release' THEN t.kind = 'hold_release'
    WHEN h.kind = 'reward' THEN t.kind = 'credit_retraction' AND t.reverses IS h.hold_id
    ELSE t.kind IN ('affiliate_commission', 'credit_retraction') END)
BEGIN SELECT RAISE(ABORT, 'hold_step_is_its_transaction'); END;
-- Nor do the steps of a transaction exceed what it takes from `held`.
CREATE TRIGGER hold_steps_are_in_their_legs BEFORE INSERT ON hold_steps
WHEN NEW.amount + coalesce((SELECT sum(s.amount) FROM hold_steps AS s
    WHERE s.book_id = NEW.book_id AND s.transaction_id = NEW.transaction_id), 0)
  > coalesce((SELECT sum(f.amount) FROM transfers AS f
    JOIN accounts AS a ON a.book_id = f.book_id AND a.account_id = f.debit_account AND a.purpose = 'held'
    WHERE f.book_id = NEW.book_id AND f.transaction_id = NEW.transaction_id), 0)
BEGIN SELECT RAISE(ABORT, 'hold_steps_are_in_their_legs'); END;
-- One writer, so the database itself keeps what remains: no statement can forget it.
CREATE TRIGGER hold_steps_move_the_hold AFTER INSERT ON hold_steps BEGIN
  UPDATE holds SET steps = NEW.n, remaining = NEW.remaining
  WHERE book_id = NEW.book_id AND hold_id = NEW.hold_id;
END;
CREATE TRIGGER hold_steps_never_change BEFORE UPDATE ON hold_steps
BEGIN SELECT RAISE(ABORT, 'hold_steps_never_change'); END;
CREATE TRIGGER hold_steps_stay BEFORE DELETE ON hold_steps BEGIN SELECT RAISE(ABORT, 'hold_steps_stay'); END;

-- What rewards were granted in a UTC month (months since January of year 0) whose program had a budget, gross; and under
-- which budget the first that did not fit has closed it.
CREATE TABLE budget_months (
  book_id INTEGER NOT NULL REFERENCES books (book_id),
  month INTEGER NOT NULL CONSTRAINT budget_month_bounds CHECK (month BETWEEN 0 AND 119999),
  granted INTEGER NOT NULL CONSTRAINT granted_bounds CHECK (granted >= 0),
  closed_under INTEGER CONSTRAINT closed_under_bounds CHECK (closed_under >= 0),
  PRIMARY KEY (book_id, month)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER budget_months_keep_their_key BEFORE UPDATE OF book_id, month ON budget_months
WHEN (NEW.book_id, NEW.month) IS NOT (OLD.book_id, OLD.month)
BEGIN SELECT RAISE(ABORT, 'budget_months_keep_their_key'); END;
CREATE TRIGGER budget_months_count_up BEFORE UPDATE OF granted ON budget_months WHEN NEW.granted < OLD.granted
BEGIN SELECT RAISE(ABORT, 'budget_months_count_up'); END;
CREATE TRIGGER budget_months_stay BEFORE DELETE ON budget_months
BEGIN SELECT RAISE(ABORT, 'budget_months_stay'); END;
