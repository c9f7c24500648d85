-- The double-entry ledger: a wrong balance cannot be stored, by anybody, through any path.
--
--   ledger_transactions  one business transaction: a group of legs, and one line of one user's history
--   transfers            one leg: a positive amount from a debit side to a credit side, so everything sums to zero
--   entries              the running balance of each user account: (account, prev_seq, balance_before) must be the
--                        entry before, so a gap, a fork, a wrong sum or an overdraft is not insertable
--   account_heads        the last entry of each account; it only moves forward, and is never left behind
--   history_lines        the running balances of each user, chained like entries; each moves by what the entries of
--                        its transaction moved
--
-- System accounts are names without a row. A unit writes transactions, transfers, heads, entries, lines, each in one
-- statement, in that order; at commit no leg, entry or line may be missing (deferred constraint triggers).
--
-- What a row says of rows that never change, or that must be there at commit, is asked by triggers where a foreign key
-- would cost an index of its own, or write a lock to the log for each row. They look and lock nothing: what they find
-- stays as it is, since nobody may change or delete it.

CREATE TABLE accounts (
  book_id BIGINT NOT NULL,
  account_id UUID NOT NULL,
  user_id UUID NOT NULL,
  purpose TEXT COLLATE "C" NOT NULL
    CONSTRAINT purpose_known CHECK (purpose IN ('available', 'held', 'in_payout', 'owed')),
  currency TEXT COLLATE "C" NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (book_id, account_id),
  CONSTRAINT one_account_a_purpose UNIQUE (book_id, user_id, purpose, currency),
  CONSTRAINT account_currency UNIQUE (book_id, account_id, currency),
  CONSTRAINT account_purpose UNIQUE (book_id, account_id, purpose),
  FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id)
);
SELECT guard('accounts', false);

CREATE FUNCTION currency_is_the_books() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT 1 FROM books AS b WHERE b.book_id = NEW.book_id AND b.currency = NEW.currency) IS NULL THEN
    RAISE EXCEPTION '% is not the currency of book %', NEW.currency, NEW.book_id
      USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER account_in_the_books_currency BEFORE INSERT ON accounts
FOR EACH ROW EXECUTE FUNCTION currency_is_the_books();
SELECT always('accounts', 'account_in_the_books_currency');

CREATE TABLE ledger_transactions (
  book_id BIGINT NOT NULL,
  transaction_id UUID NOT NULL,
  user_id UUID NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CONSTRAINT transaction_kind_known CHECK (kind IN ('welcome_credit',
    'referral_bonus', 'affiliate_commission', 'credit_redemption', 'affiliate_payout', 'credit_retraction',
    'manual_adjustment', 'hold_release', 'owed_repayment')),
  referral_id UUID,
  reverses UUID,
  description TEXT NOT NULL,
  reference TEXT COLLATE "C",
  reference_type TEXT COLLATE "C" CONSTRAINT reference_type_known
    CHECK (reference_type IN ('redemption', 'payout', 'event', 'adjustment')),
  created_by TEXT COLLATE "C" NOT NULL
    CONSTRAINT created_by_known CHECK (created_by IN ('system', 'user', 'service', 'operator')),
  effective_at TIMESTAMPTZ NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (book_id, transaction_id),
  CONSTRAINT reference_typed CHECK ((reference IS NULL) = (reference_type IS NULL)),
  CONSTRAINT reverses_another CHECK (reverses IS DISTINCT FROM transaction_id),
  FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id),
  CONSTRAINT reverses_a_transaction FOREIGN KEY (book_id, reverses)
    REFERENCES ledger_transactions (book_id, transaction_id)
);
SELECT guard('ledger_transactions', false);

CREATE TABLE transfers (
  book_id BIGINT NOT NULL,
  transfer_id UUID NOT NULL,
  transaction_id UUID NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CONSTRAINT transfer_kind_known CHECK (kind IN ('welcome_credit',
    'referral_bonus', 'affiliate_commission', 'credit_redemption', 'affiliate_payout', 'credit_retraction',
    'manual_adjustment', 'hold_release', 'owed_repayment')),
  origin TEXT COLLATE "C" NOT NULL CONSTRAINT origin_given CHECK (origin <> ''),
  origin_id TEXT COLLATE "C" NOT NULL CONSTRAINT origin_id_given CHECK (origin_id <> ''),
  leg SMALLINT NOT NULL CONSTRAINT leg_bounds CHECK (leg BETWEEN 0 AND 15),
  debit_account UUID,
  debit_system TEXT COLLATE "C" CONSTRAINT debit_system_known CHECK (debit_system IN ('reward_expense',
    'welcome_expense', 'commission_expense', 'redemption', 'payout_clearing', 'adjustment', 'write_off')),
  credit_account UUID,
  credit_system TEXT COLLATE "C" CONSTRAINT credit_system_known CHECK (credit_system IN ('reward_expense',
    'welcome_expense', 'commission_expense', 'redemption', 'payout_clearing', 'adjustment', 'write_off')),
  currency TEXT COLLATE "C" NOT NULL,
  amount BIGINT NOT NULL CONSTRAINT transfer_amount_positive CHECK (amount > 0),
  referral_id UUID,
  effective_at TIMESTAMPTZ NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL,
  -- Which transaction of the database wrote it; never shown, never hashed.
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (book_id, transfer_id),
  -- The natural key: a command posts each of its legs once, for ever.
  CONSTRAINT transfer_natural UNIQUE (book_id, origin, origin_id, leg),
  CONSTRAINT transfer_leg UNIQUE (book_id, transaction_id, leg),
  CONSTRAINT debit_one_kind CHECK ((debit_account IS NULL) <> (debit_system IS NULL)),
  CONSTRAINT credit_one_kind CHECK ((credit_account IS NULL) <> (credit_system IS NULL)),
  CONSTRAINT a_user_side CHECK (debit_account IS NOT NULL OR credit_account IS NOT NULL),
  CONSTRAINT not_to_itself CHECK (debit_account IS DISTINCT FROM credit_account),
  CONSTRAINT leg_of_a_transaction FOREIGN KEY (book_id, transaction_id)
    REFERENCES ledger_transactions (book_id, transaction_id),
  CONSTRAINT debit_account_fk FOREIGN KEY (book_id, debit_account, currency)
    REFERENCES accounts (book_id, account_id, currency),
  CONSTRAINT credit_account_fk FOREIGN KEY (book_id, credit_account, currency)
    REFERENCES accounts (book_id, account_id, currency)
);
SELECT guard('transfers', false);
CREATE FUNCTION has_leg_0() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT 1 FROM transfers AS t WHERE t.book_id = NEW.book_id AND t.transaction_id = NEW.transaction_id
      AND t.leg = 0) IS NULL THEN
    RAISE EXCEPTION 'a transaction has no leg 0' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transaction_has_leg_0 AFTER INSERT ON ledger_transactions DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION has_leg_0();
SELECT always('ledger_transactions', 'transaction_has_leg_0');

-- Leg 0 claims the group: other legs are written by the unit that wrote leg 0, with the same natural key.
CREATE FUNCTION leg_has_leg_0() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM transfers AS t WHERE t.book_id = NEW.book_id AND t.origin = NEW.origin
    AND t.origin_id = NEW.origin_id AND t.leg = 0 AND t.transaction_id = NEW.transaction_id
    AND t.xid = pg_current_xact_id();
  IF NOT FOUND THEN
    RAISE EXCEPTION 'leg % has no leg 0 of its own group in this unit', NEW.leg
      USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER leg_same_group AFTER INSERT ON transfers
FOR EACH ROW WHEN (NEW.leg > 0) EXECUTE FUNCTION leg_has_leg_0();
CREATE TRIGGER transfer_of_this_unit BEFORE INSERT ON transfers
FOR EACH ROW WHEN (NEW.xid <> pg_current_xact_id()) EXECUTE FUNCTION refuse();
SELECT always('transfers', 'leg_same_group'), always('transfers', 'transfer_of_this_unit');

CREATE TABLE entries (
  book_id BIGINT NOT NULL,
  account_id UUID NOT NULL,
  seq BIGINT NOT NULL,
  prev_seq BIGINT,
  transfer_id UUID NOT NULL,
  side TEXT COLLATE "C" NOT NULL CONSTRAINT side_known CHECK (side IN ('D', 'C')),
  amount BIGINT NOT NULL CONSTRAINT entry_amount_positive CHECK (amount > 0),
  balance_before BIGINT NOT NULL,
  balance_after BIGINT NOT NULL,
  purpose TEXT COLLATE "C" NOT NULL,
  CONSTRAINT entry_seq PRIMARY KEY (book_id, account_id, seq),
  CONSTRAINT entry_once UNIQUE (book_id, transfer_id, side),
  -- `IS NOT NULL` is part of it: a comparison with NULL would be NULL, hence accepted.
  CONSTRAINT entry_follows CHECK ((seq = 1 AND prev_seq IS NULL AND balance_before = 0)
    OR (seq > 1 AND prev_seq IS NOT NULL AND prev_seq = seq - 1)),
  CONSTRAINT entry_sum CHECK (balance_after = balance_before + CASE side WHEN 'C' THEN amount ELSE -amount END),
  CONSTRAINT entry_bounds CHECK (CASE purpose WHEN 'owed' THEN balance_after <= 0 ELSE balance_after >= 0 END),
  CONSTRAINT entry_purpose FOREIGN KEY (book_id, account_id, purpose)
    REFERENCES accounts (book_id, account_id, purpose)
);
SELECT guard('entries', false);

-- An entry follows the one before: a gap, a fork, a wrong sum is not insertable.
CREATE FUNCTION entries_follow() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT e.balance_after FROM entries AS e
      WHERE e.book_id = f.book_id AND e.account_id = f.account_id AND e.seq = f.prev_seq LIMIT 1) AS e ON true
    WHERE f.prev_seq IS NOT NULL AND e.balance_after IS DISTINCT FROM f.balance_before;
  IF FOUND THEN
    RAISE EXCEPTION 'an entry does not follow the one before' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER entry_chain AFTER INSERT ON entries REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION entries_follow();

-- An entry is one side of its transfer: the account of that side, and the amount.
CREATE FUNCTION entries_are_sides() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT t.amount, CASE f.side WHEN 'D' THEN t.debit_account ELSE t.credit_account END AS account_id
      FROM transfers AS t WHERE t.book_id = f.book_id AND t.transfer_id = f.transfer_id LIMIT 1) AS t ON true
    WHERE f.side = TG_ARGV[0]
      AND (t.account_id IS DISTINCT FROM f.account_id OR t.amount IS DISTINCT FROM f.amount);
  IF FOUND THEN
    RAISE EXCEPTION 'an entry is no side of its transfer' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER entry_debit AFTER INSERT ON entries REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION entries_are_sides('D');
CREATE TRIGGER entry_credit AFTER INSERT ON entries REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION entries_are_sides('C');
SELECT always('entries', 'entry_chain'), always('entries', 'entry_debit'), always('entries', 'entry_credit');
CREATE FUNCTION side_has_an_entry() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT 1 FROM entries AS e WHERE e.book_id = NEW.book_id AND e.transfer_id = NEW.transfer_id
      AND e.side = TG_ARGV[0]) IS NULL THEN
    RAISE EXCEPTION 'a side of a transfer has no entry' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER debit_has_an_entry AFTER INSERT ON transfers DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.debit_account IS NOT NULL) EXECUTE FUNCTION side_has_an_entry('D');
CREATE CONSTRAINT TRIGGER credit_has_an_entry AFTER INSERT ON transfers DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.credit_account IS NOT NULL) EXECUTE FUNCTION side_has_an_entry('C');
SELECT always('transfers', 'debit_has_an_entry'), always('transfers', 'credit_has_an_entry');

-- The one money row that changes. No index but its key, and room on its page: an update moves nothing else.
CREATE TABLE account_heads (
  book_id BIGINT NOT NULL,
  account_id UUID NOT NULL,
  seq BIGINT NOT NULL CONSTRAINT head_seq_positive CHECK (seq > 0),
  balance BIGINT NOT NULL,
  PRIMARY KEY (book_id, account_id),
  FOREIGN KEY (book_id, account_id) REFERENCES accounts (book_id, account_id)
) WITH (fillfactor = 70);
SELECT guard('account_heads', true);
-- A head moves before its entry comes, so this is asked at commit.
CREATE FUNCTION head_has_its_entry() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT e.balance_after FROM entries AS e WHERE e.book_id = NEW.book_id AND e.account_id = NEW.account_id
      AND e.seq = NEW.seq) IS DISTINCT FROM NEW.balance THEN
    RAISE EXCEPTION 'a head is no entry' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER head_is_an_entry AFTER INSERT OR UPDATE ON account_heads DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION head_has_its_entry();
SELECT always('account_heads', 'head_is_an_entry');
-- Whoever would set a head back decided on an older one: that is a race lost (40001), not a right denied.
CREATE FUNCTION head_is_older() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'a head only moves forward' USING ERRCODE = '40001', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER account_heads_move_forward BEFORE UPDATE ON account_heads
FOR EACH ROW WHEN (NEW.seq <= OLD.seq OR NEW.account_id <> OLD.account_id OR NEW.book_id <> OLD.book_id)
EXECUTE FUNCTION head_is_older();
SELECT always('account_heads', 'account_heads_move_forward');

-- Heads move before the entries they point at, so that each statement of entries leaves none behind.
CREATE FUNCTION heads_keep_up() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM (SELECT f.book_id, f.account_id, max(f.seq) AS seq FROM fresh AS f GROUP BY 1, 2) AS f
    LEFT JOIN LATERAL (SELECT h.seq FROM account_heads AS h
      WHERE h.book_id = f.book_id AND h.account_id = f.account_id LIMIT 1) AS h ON true
    WHERE h.seq IS DISTINCT FROM f.seq;
  IF FOUND THEN
    RAISE EXCEPTION 'a head is not the last entry' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER entries_move_the_head AFTER INSERT ON entries REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION heads_keep_up();
SELECT always('entries', 'entries_move_the_head');

CREATE TABLE history_lines (
  book_id BIGINT NOT NULL,
  user_id UUID NOT NULL,
  n BIGINT NOT NULL,
  prev_n BIGINT,
  transaction_id UUID NOT NULL,
  available_before BIGINT NOT NULL,
  held_before BIGINT NOT NULL,
  in_payout_before BIGINT NOT NULL,
  owed_before BIGINT NOT NULL,
  available_after BIGINT NOT NULL,
  held_after BIGINT NOT NULL,
  in_payout_after BIGINT NOT NULL,
  owed_after BIGINT NOT NULL,
  earned BIGINT NOT NULL CONSTRAINT earned_bounds CHECK (earned >= 0),
  taken BIGINT NOT NULL CONSTRAINT taken_bounds CHECK (taken >= 0),
  paid_out BIGINT NOT NULL CONSTRAINT paid_out_bounds CHECK (paid_out >= 0),
  at TIMESTAMPTZ NOT NULL,
  CONSTRAINT line_n PRIMARY KEY (book_id, user_id, n),
  CONSTRAINT line_once UNIQUE (book_id, transaction_id),
  -- Also finds the last line at or before an instant.
  CONSTRAINT one_line_an_instant UNIQUE (book_id, user_id, at),
  CONSTRAINT line_follows CHECK (
    (n = 1 AND prev_n IS NULL AND available_before = 0 AND held_before = 0 AND in_payout_before = 0 AND owed_before = 0)
    OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  CONSTRAINT line_bounds CHECK (available_after >= 0 AND held_after >= 0 AND in_payout_after >= 0 AND owed_after >= 0),
  CONSTRAINT owed_is_repaid_first CHECK (available_after = 0 OR owed_after = 0)
);
SELECT guard('history_lines', false);

CREATE FUNCTION lines_follow() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT l.available_after, l.held_after, l.in_payout_after, l.owed_after FROM history_lines AS l
      WHERE l.book_id = f.book_id AND l.user_id = f.user_id AND l.n = f.prev_n LIMIT 1) AS l ON true
    WHERE f.prev_n IS NOT NULL AND (l.available_after IS DISTINCT FROM f.available_before
      OR l.held_after IS DISTINCT FROM f.held_before OR l.in_payout_after IS DISTINCT FROM f.in_payout_before
      OR l.owed_after IS DISTINCT FROM f.owed_before);
  IF FOUND THEN
    RAISE EXCEPTION 'a line does not follow the one before' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER line_chain AFTER INSERT ON history_lines REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION lines_follow();

CREATE FUNCTION lines_are_transactions() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT t.user_id, t.recorded_at FROM ledger_transactions AS t
      WHERE t.book_id = f.book_id AND t.transaction_id = f.transaction_id LIMIT 1) AS t ON true
    WHERE t.user_id IS DISTINCT FROM f.user_id OR t.recorded_at IS DISTINCT FROM f.at;
  IF FOUND THEN
    RAISE EXCEPTION 'a line is not its transaction' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER line_is_its_transaction AFTER INSERT ON history_lines REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION lines_are_transactions();
SELECT always('history_lines', 'line_chain'), always('history_lines', 'line_is_its_transaction');
CREATE FUNCTION has_a_line() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT 1 FROM history_lines AS l WHERE l.book_id = NEW.book_id AND l.transaction_id = NEW.transaction_id)
      IS NULL THEN
    RAISE EXCEPTION 'a transaction has no line' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transaction_has_a_line AFTER INSERT ON ledger_transactions DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION has_a_line();
SELECT always('ledger_transactions', 'transaction_has_a_line');

CREATE FUNCTION lines_are_later() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    CROSS JOIN LATERAL (SELECT l.at FROM history_lines AS l
      WHERE l.book_id = f.book_id AND l.user_id = f.user_id AND l.n = f.prev_n LIMIT 1) AS l
    WHERE l.at >= f.at;
  IF FOUND THEN
    RAISE EXCEPTION 'a line is not later than the one before' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER history_lines_are_later AFTER INSERT ON history_lines REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION lines_are_later();

-- A line moves by what the entries of its transaction moved on this user's accounts; a transaction with another user's
-- has no line. So the end of a user's lines equals their heads: both are the same sums, and neither can miss one.
CREATE FUNCTION lines_equal_the_entries() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    CROSS JOIN LATERAL (
      SELECT bool_and(a.user_id = f.user_id) AS is_theirs,
        sum(e.balance_after - e.balance_before) FILTER (WHERE a.purpose = 'available') AS available,
        sum(e.balance_after - e.balance_before) FILTER (WHERE a.purpose = 'held') AS held,
        sum(e.balance_after - e.balance_before) FILTER (WHERE a.purpose = 'in_payout') AS in_payout,
        sum(e.balance_before - e.balance_after) FILTER (WHERE a.purpose = 'owed') AS owed
      FROM transfers AS t
      CROSS JOIN LATERAL (SELECT e.account_id, e.balance_before, e.balance_after FROM entries AS e
        WHERE e.book_id = f.book_id AND e.transfer_id = t.transfer_id LIMIT 2) AS e
      CROSS JOIN LATERAL (SELECT a.user_id, a.purpose FROM accounts AS a
        WHERE a.book_id = f.book_id AND a.account_id = e.account_id LIMIT 1) AS a
      WHERE t.book_id = f.book_id AND t.transaction_id = f.transaction_id) AS moved
    WHERE NOT coalesce(moved.is_theirs, true)
      OR f.available_after - f.available_before <> coalesce(moved.available, 0)
      OR f.held_after - f.held_before <> coalesce(moved.held, 0)
      OR f.in_payout_after - f.in_payout_before <> coalesce(moved.in_payout, 0)
      OR f.owed_after - f.owed_before <> coalesce(moved.owed, 0);
  IF FOUND THEN
    RAISE EXCEPTION 'a line does not say what its entries moved' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER lines_equal_the_heads AFTER INSERT ON history_lines REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION lines_equal_the_entries();
SELECT always('history_lines', 'history_lines_are_later'), always('history_lines', 'lines_equal_the_heads');

-- No entry comes after the line of its transaction: the line would not say it.
CREATE FUNCTION entries_precede_their_line() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    CROSS JOIN LATERAL (SELECT t.transaction_id FROM transfers AS t
      WHERE t.book_id = f.book_id AND t.transfer_id = f.transfer_id LIMIT 1) AS t
    CROSS JOIN LATERAL (SELECT 1 FROM history_lines AS l
      WHERE l.book_id = f.book_id AND l.transaction_id = t.transaction_id LIMIT 1) AS l;
  IF FOUND THEN
    RAISE EXCEPTION 'an entry comes after its line' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER entries_before_their_line AFTER INSERT ON entries REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION entries_precede_their_line();
SELECT always('entries', 'entries_before_their_line');
