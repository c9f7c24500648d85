-- What a program promises over time: commissions, step by step; rewards and commissions that are held until a day;
-- budgets, month by month. None of it is written by a spend of a program that has none of it.

-- The running total of a referral's commission: each step moves it by what was posted, upward or back.
CREATE TABLE commission_steps (
  book_id BIGINT NOT NULL,
  referral_id UUID NOT NULL,
  n BIGINT NOT NULL,
  prev_n BIGINT,
  amount BIGINT NOT NULL CONSTRAINT commission_amount_moves CHECK (amount <> 0),
  posted_before BIGINT NOT NULL,
  posted BIGINT NOT NULL CONSTRAINT commission_posted_from_zero CHECK (posted >= 0),
  transaction_id UUID NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  CONSTRAINT commission_step PRIMARY KEY (book_id, referral_id, n),
  CONSTRAINT commission_posted_once UNIQUE (book_id, transaction_id),
  CONSTRAINT commission_sum CHECK (posted = posted_before + amount),
  CONSTRAINT commission_follows CHECK ((n = 1 AND prev_n IS NULL AND posted_before = 0)
    OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  CONSTRAINT commission_is_posted FOREIGN KEY (book_id, transaction_id)
    REFERENCES ledger_transactions (book_id, transaction_id)
);
SELECT guard('commission_steps', false);
CREATE TRIGGER commission_of_a_referral AFTER INSERT ON commission_steps REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION referrals_are_known();

-- A step follows the one before: a gap, a fork, a wrong sum is not insertable.
CREATE FUNCTION commissions_follow() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT s.posted FROM commission_steps AS s
      WHERE s.book_id = f.book_id AND s.referral_id = f.referral_id AND s.n = f.prev_n LIMIT 1) AS s ON true
    WHERE f.prev_n IS NOT NULL AND s.posted IS DISTINCT FROM f.posted_before;
  IF FOUND THEN
    RAISE EXCEPTION 'a commission does not follow the one before' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER commission_chain AFTER INSERT ON commission_steps REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION commissions_follow();
SELECT always('commission_steps', 'commission_of_a_referral'), always('commission_steps', 'commission_chain');

-- What a referral says was posted is where its steps end.
CREATE FUNCTION commission_is_recorded() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT s.posted FROM commission_steps AS s WHERE s.book_id = NEW.book_id AND s.referral_id = NEW.referral_id
      AND s.n = NEW.commission_steps) IS DISTINCT FROM NEW.commission_posted THEN
    RAISE EXCEPTION 'a commission is not recorded' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER first_commission_steps_are_recorded AFTER INSERT ON referral_progress
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.commission_steps > 0) EXECUTE FUNCTION commission_is_recorded();
CREATE CONSTRAINT TRIGGER commission_steps_are_recorded AFTER UPDATE ON referral_progress
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.commission_steps > 0 AND (NEW.book_id, NEW.referral_id, NEW.commission_steps, NEW.commission_posted)
  IS DISTINCT FROM (OLD.book_id, OLD.referral_id, OLD.commission_steps, OLD.commission_posted))
EXECUTE FUNCTION commission_is_recorded();
SELECT always('referral_progress', 'first_commission_steps_are_recorded'),
  always('referral_progress', 'commission_steps_are_recorded');

-- What was posted to be held: which transaction, for whose referral, until when. All but the last two never changes;
-- they say where the chain of its steps ends.
CREATE TABLE holds (
  book_id BIGINT NOT NULL,
  -- The transaction that posted it.
  hold_id UUID NOT NULL,
  referral_id UUID NOT NULL,
  user_id UUID NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CONSTRAINT hold_kind_known CHECK (kind IN ('reward', 'commission')),
  -- The spend that it stems from; NULL when no single one does.
  source_id TEXT COLLATE "C",
  amount BIGINT NOT NULL CONSTRAINT hold_amount_positive CHECK (amount > 0),
  matures_at TIMESTAMPTZ NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  steps BIGINT NOT NULL CONSTRAINT hold_steps_bounds CHECK (steps >= 0),
  remaining BIGINT NOT NULL,
  PRIMARY KEY (book_id, hold_id),
  CONSTRAINT hold_amount UNIQUE (book_id, hold_id, amount),
  CONSTRAINT hold_referral UNIQUE (book_id, hold_id, referral_id),
  CONSTRAINT hold_remaining_bounds CHECK (remaining BETWEEN 0 AND amount),
  CONSTRAINT untouched_is_whole CHECK (steps > 0 OR remaining = amount),
  CONSTRAINT hold_is_posted FOREIGN KEY (book_id, hold_id) REFERENCES ledger_transactions (book_id, transaction_id)
) WITH (fillfactor = 85);
CREATE INDEX holds_maturing ON holds (book_id, matures_at, hold_id) WHERE remaining > 0;
CREATE INDEX holds_of_a_referral ON holds (book_id, referral_id) WHERE remaining > 0;
SELECT guard('holds', true);
CREATE TRIGGER holds_keep_their_facts BEFORE UPDATE OF book_id, hold_id, referral_id, user_id, kind, source_id, amount,
  matures_at, created_at ON holds FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER holds_go_down BEFORE UPDATE ON holds
FOR EACH ROW WHEN (NEW.remaining > OLD.remaining OR NEW.steps < OLD.steps) EXECUTE FUNCTION refuse();
CREATE TRIGGER hold_of_a_referral AFTER INSERT ON holds REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION referrals_are_known();

-- A hold is what its transaction moved to what this user is held, for this referral.
CREATE FUNCTION holds_equal_their_postings() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT t.user_id, t.referral_id FROM ledger_transactions AS t
      WHERE t.book_id = f.book_id AND t.transaction_id = f.hold_id LIMIT 1) AS t ON true
    LEFT JOIN LATERAL (SELECT l.held_after - l.held_before AS held FROM history_lines AS l
      WHERE l.book_id = f.book_id AND l.transaction_id = f.hold_id LIMIT 1) AS l ON true
    WHERE (t.user_id, t.referral_id, l.held) IS DISTINCT FROM (f.user_id, f.referral_id, f.amount);
  IF FOUND THEN
    RAISE EXCEPTION 'a hold is not what its transaction posted' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER hold_equals_its_posting AFTER INSERT ON holds REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION holds_equal_their_postings();
SELECT always('holds', 'holds_keep_their_facts'), always('holds', 'holds_go_down'),
  always('holds', 'hold_of_a_referral'), always('holds', 'hold_equals_its_posting');

-- Releases and voids of one hold, in a chain that cannot exceed it.
CREATE TABLE hold_steps (
  book_id BIGINT NOT NULL,
  hold_id UUID NOT NULL,
  n BIGINT NOT NULL,
  prev_n BIGINT,
  referral_id UUID NOT NULL,
  hold_amount BIGINT NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CONSTRAINT hold_step_kind_known CHECK (kind IN ('release', 'void')),
  amount BIGINT NOT NULL CONSTRAINT hold_step_amount_positive CHECK (amount > 0),
  remaining_before BIGINT NOT NULL,
  remaining BIGINT NOT NULL CONSTRAINT never_over_released CHECK (remaining >= 0),
  transaction_id UUID NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  CONSTRAINT hold_step PRIMARY KEY (book_id, hold_id, n),
  -- By transaction first, so that all steps of one are found.
  CONSTRAINT one_step_a_transaction UNIQUE (book_id, transaction_id, hold_id),
  CONSTRAINT hold_step_end UNIQUE (book_id, hold_id, n, remaining),
  CONSTRAINT hold_step_sum CHECK (remaining = remaining_before - amount),
  CONSTRAINT hold_step_follows CHECK ((n = 1 AND prev_n IS NULL AND remaining_before = hold_amount)
    OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  CONSTRAINT step_of_a_hold FOREIGN KEY (book_id, hold_id, hold_amount) REFERENCES holds (book_id, hold_id, amount),
  CONSTRAINT step_of_the_same_referral FOREIGN KEY (book_id, hold_id, referral_id)
    REFERENCES holds (book_id, hold_id, referral_id),
  CONSTRAINT hold_chain FOREIGN KEY (book_id, hold_id, prev_n, remaining_before)
    REFERENCES hold_steps (book_id, hold_id, n, remaining)
);
SELECT guard('hold_steps', false);

-- A release is one; a void of a reward takes back that very reward; and no more than left what this user is held. A void
-- of another reward's hold is not insertable.
CREATE FUNCTION hold_steps_are_transactions() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT h.kind, h.user_id FROM holds AS h
      WHERE h.book_id = f.book_id AND h.hold_id = f.hold_id LIMIT 1) AS h ON true
    LEFT JOIN LATERAL (SELECT t.kind, t.user_id, t.referral_id, t.reverses FROM ledger_transactions AS t
      WHERE t.book_id = f.book_id AND t.transaction_id = f.transaction_id LIMIT 1) AS t ON true
    LEFT JOIN LATERAL (SELECT l.held_before - l.held_after AS freed FROM history_lines AS l
      WHERE l.book_id = f.book_id AND l.transaction_id = f.transaction_id LIMIT 1) AS l ON true
    WHERE (t.user_id, t.referral_id) IS DISTINCT FROM (h.user_id, f.referral_id)
      OR NOT coalesce(CASE WHEN f.kind = 'release' THEN t.kind = 'hold_release'
        WHEN h.kind = 'reward' THEN t.kind = 'credit_retraction' AND t.reverses = f.hold_id
        ELSE t.kind IN ('affiliate_commission', 'credit_retraction') END, false)
      OR coalesce(l.freed, 0) < (SELECT sum(s.amount) FROM hold_steps AS s
        WHERE s.book_id = f.book_id AND s.transaction_id = f.transaction_id);
  IF FOUND THEN
    RAISE EXCEPTION 'a step of a hold is not what its transaction did' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER hold_step_is_its_transaction AFTER INSERT ON hold_steps REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION hold_steps_are_transactions();

-- Holds move before their steps come, so that each statement of steps leaves none behind.
CREATE FUNCTION holds_keep_up() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM (SELECT f.book_id, f.hold_id, max(f.n) AS n FROM fresh AS f GROUP BY 1, 2) AS f
    LEFT JOIN LATERAL (SELECT h.steps FROM holds AS h
      WHERE h.book_id = f.book_id AND h.hold_id = f.hold_id LIMIT 1) AS h ON true
    WHERE h.steps IS DISTINCT FROM f.n;
  IF FOUND THEN
    RAISE EXCEPTION 'a hold is not at its last step' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER hold_steps_move_the_hold AFTER INSERT ON hold_steps REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION holds_keep_up();
SELECT always('hold_steps', 'hold_step_is_its_transaction'), always('hold_steps', 'hold_steps_move_the_hold');

-- A hold that moved says where its steps end.
CREATE FUNCTION hold_has_its_step() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT s.remaining FROM hold_steps AS s WHERE s.book_id = NEW.book_id AND s.hold_id = NEW.hold_id
      AND s.n = NEW.steps) IS DISTINCT FROM NEW.remaining THEN
    RAISE EXCEPTION 'a hold does not say where its steps end' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER hold_follows_its_steps AFTER INSERT OR UPDATE ON holds DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.steps > 0) EXECUTE FUNCTION hold_has_its_step();
SELECT always('holds', 'hold_follows_its_steps');

-- What rewards granted in a UTC month sum up to, in programs with a budget; a month is the number of those since the
-- year 0. It is closed under the limit that the first one which did not fit met.
CREATE TABLE budget_months (
  book_id BIGINT NOT NULL,
  month BIGINT NOT NULL CONSTRAINT budget_month_bounds CHECK (month BETWEEN 0 AND 119999),
  granted BIGINT NOT NULL CONSTRAINT granted_bounds CHECK (granted >= 0),
  closed_under BIGINT CONSTRAINT closed_under_bounds CHECK (closed_under >= 0),
  PRIMARY KEY (book_id, month)
) WITH (fillfactor = 70);
SELECT guard('budget_months', true);
CREATE TRIGGER budget_months_keep_their_key BEFORE UPDATE OF book_id, month ON budget_months
FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER budget_months_count_up BEFORE UPDATE ON budget_months
FOR EACH ROW WHEN (NEW.granted < OLD.granted) EXECUTE FUNCTION refuse();
CREATE TRIGGER budget_months_of_a_book BEFORE INSERT ON budget_months
FOR EACH ROW EXECUTE FUNCTION book_is_known();
SELECT always('budget_months', 'budget_months_keep_their_key'), always('budget_months', 'budget_months_count_up'),
  always('budget_months', 'budget_months_of_a_book');

-- Months stay and keep their number: a look is enough.
CREATE FUNCTION budget_months_are_known() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f WHERE f.budget_month IS NOT NULL AND (SELECT 1 FROM budget_months AS m
    WHERE m.book_id = f.book_id AND m.month = f.budget_month LIMIT 1) IS NULL;
  IF FOUND THEN
    RAISE EXCEPTION 'a month that has no budget' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER step_of_a_budget_month AFTER INSERT ON reward_steps REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION budget_months_are_known();
SELECT always('reward_steps', 'step_of_a_budget_month');

DO $$
BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'referral_app') THEN
    GRANT SELECT, INSERT ON commission_steps, holds, hold_steps, budget_months TO referral_app;
    GRANT UPDATE (steps, remaining) ON holds TO referral_app;
    GRANT UPDATE (granted, closed_under) ON budget_months TO referral_app;
  END IF;
END $$;
