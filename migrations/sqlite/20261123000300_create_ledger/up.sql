-- The double-entry ledger: a wrong balance cannot be stored, by anybody, through any path.
--
--   ledger_transactions  one business transaction: a group of legs, and one line of one user's history
--   transfers            one leg: a positive amount from a debit side to a credit side, so everything sums to zero
--   entries              the running balance of each user account: (account, prev_seq, balance_before) must be the
--                        entry before, so a gap, a fork, a wrong sum or an overdraft is not insertable
--   account_heads        the last entry of each account, kept by a trigger; it only moves forward
--   history_lines        the running balances of each user, chained like entries, and equal to the heads
--
-- System accounts are names without a row. A unit writes transactions, then all transfers, then, transaction by
-- transaction, its entries and its line; at commit no leg, entry or line may be missing (deferred foreign keys).

CREATE TABLE accounts (
  book_id INTEGER NOT NULL,
  account_id BLOB NOT NULL CONSTRAINT account_id_form CHECK (length(account_id) = 16),
  user_id BLOB NOT NULL,
  purpose TEXT NOT NULL CONSTRAINT purpose_known CHECK (purpose = 'available' OR purpose = 'held'
    OR purpose = 'in_payout' OR purpose = 'owed'),
  currency TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (book_id, account_id),
  CONSTRAINT one_account_a_purpose UNIQUE (book_id, user_id, purpose, currency),
  UNIQUE (book_id, account_id, currency),
  UNIQUE (book_id, account_id, purpose),
  FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id),
  FOREIGN KEY (book_id, currency) REFERENCES books (book_id, currency)
) STRICT;

CREATE TABLE ledger_transactions (
  book_id INTEGER NOT NULL,
  transaction_id BLOB NOT NULL CONSTRAINT transaction_id_form CHECK (length(transaction_id) = 16),
  user_id BLOB NOT NULL,
  kind TEXT NOT NULL CONSTRAINT transaction_kind_known CHECK (kind = 'welcome_credit' OR kind = 'referral_bonus'
    OR kind = 'affiliate_commission' OR kind = 'credit_redemption' OR kind = 'affiliate_payout'
    OR kind = 'credit_retraction' OR kind = 'manual_adjustment' OR kind = 'hold_release'
    OR kind = 'owed_repayment'),
  referral_id BLOB,
  reverses BLOB,
  description TEXT NOT NULL,
  reference TEXT,
  reference_type TEXT CONSTRAINT reference_type_known
    CHECK (reference_type = 'redemption' OR reference_type = 'payout' OR reference_type = 'event'
    OR reference_type = 'adjustment'),
  created_by TEXT NOT NULL CONSTRAINT created_by_known CHECK (created_by = 'system' OR created_by = 'user'
    OR created_by = 'service' OR created_by = 'operator'),
  effective_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  first_leg INTEGER GENERATED ALWAYS AS (0) STORED,
  PRIMARY KEY (book_id, transaction_id),
  UNIQUE (book_id, transaction_id, user_id, recorded_at),
  CONSTRAINT reference_typed CHECK ((reference IS NULL) = (reference_type IS NULL)),
  CONSTRAINT reverses_another CHECK (reverses IS NOT transaction_id),
  FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id),
  FOREIGN KEY (book_id, referral_id) REFERENCES referrals (book_id, referral_id),
  FOREIGN KEY (book_id, reverses) REFERENCES ledger_transactions (book_id, transaction_id),
  CONSTRAINT transaction_has_leg_0 FOREIGN KEY (book_id, transaction_id, first_leg)
    REFERENCES transfers (book_id, transaction_id, leg) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT transaction_has_a_line FOREIGN KEY (book_id, transaction_id)
    REFERENCES history_lines (book_id, transaction_id) DEFERRABLE INITIALLY DEFERRED
) STRICT;
-- What was posted for a referral.
CREATE INDEX ledger_transactions_of_a_referral ON ledger_transactions (book_id, referral_id, transaction_id)
WHERE referral_id IS NOT NULL;

CREATE TABLE transfers (
  book_id INTEGER NOT NULL,
  transfer_id BLOB NOT NULL CONSTRAINT transfer_id_form CHECK (length(transfer_id) = 16),
  transaction_id BLOB NOT NULL,
  kind TEXT NOT NULL CONSTRAINT transfer_kind_known CHECK (kind = 'welcome_credit' OR kind = 'referral_bonus'
    OR kind = 'affiliate_commission' OR kind = 'credit_redemption' OR kind = 'affiliate_payout'
    OR kind = 'credit_retraction' OR kind = 'manual_adjustment' OR kind = 'hold_release'
    OR kind = 'owed_repayment'),
  origin TEXT NOT NULL CONSTRAINT origin_given CHECK (origin <> ''),
  origin_id TEXT NOT NULL CONSTRAINT origin_id_given CHECK (origin_id <> ''),
  leg INTEGER NOT NULL CONSTRAINT leg_bounds CHECK (leg BETWEEN 0 AND 15),
  debit_account BLOB,
  debit_system TEXT CONSTRAINT debit_system_known CHECK (debit_system = 'reward_expense'
    OR debit_system = 'welcome_expense' OR debit_system = 'commission_expense' OR debit_system = 'redemption'
    OR debit_system = 'payout_clearing' OR debit_system = 'adjustment' OR debit_system = 'write_off'),
  credit_account BLOB,
  credit_system TEXT CONSTRAINT credit_system_known CHECK (credit_system = 'reward_expense'
    OR credit_system = 'welcome_expense' OR credit_system = 'commission_expense' OR credit_system = 'redemption'
    OR credit_system = 'payout_clearing' OR credit_system = 'adjustment' OR credit_system = 'write_off'),
  currency TEXT NOT NULL,
  amount INTEGER NOT NULL CONSTRAINT transfer_amount_positive CHECK (amount > 0),
  referral_id BLOB,
  effective_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  need_debit TEXT GENERATED ALWAYS AS (CASE WHEN debit_account IS NOT NULL THEN 'D' END) STORED,
  need_credit TEXT GENERATED ALWAYS AS (CASE WHEN credit_account IS NOT NULL THEN 'C' END) STORED,
  PRIMARY KEY (book_id, transfer_id),
  -- The natural key: a command posts each of its legs once, for ever.
  CONSTRAINT transfer_natural UNIQUE (book_id, origin, origin_id, leg),
  UNIQUE (book_id, transaction_id, leg),
  UNIQUE (book_id, transfer_id, debit_account, amount),
  UNIQUE (book_id, transfer_id, credit_account, amount),
  CONSTRAINT debit_one_kind CHECK ((debit_account IS NULL) <> (debit_system IS NULL)),
  CONSTRAINT credit_one_kind CHECK ((credit_account IS NULL) <> (credit_system IS NULL)),
  CONSTRAINT a_user_side CHECK (debit_account IS NOT NULL OR credit_account IS NOT NULL),
  CONSTRAINT not_to_itself CHECK (debit_account IS NOT credit_account),
  FOREIGN KEY (book_id, transaction_id) REFERENCES ledger_transactions (book_id, transaction_id),
  FOREIGN KEY (book_id, referral_id) REFERENCES referrals (book_id, referral_id),
  CONSTRAINT debit_account_fk FOREIGN KEY (book_id, debit_account, currency)
    REFERENCES accounts (book_id, account_id, currency),
  CONSTRAINT credit_account_fk FOREIGN KEY (book_id, credit_account, currency)
    REFERENCES accounts (book_id, account_id, currency),
  CONSTRAINT debit_has_an_entry FOREIGN KEY (book_id, transfer_id, need_debit)
    REFERENCES entries (book_id, transfer_id, side) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT credit_has_an_entry FOREIGN KEY (book_id, transfer_id, need_credit)
    REFERENCES entries (book_id, transfer_id, side) DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE entries (
  book_id INTEGER NOT NULL,
  account_id BLOB NOT NULL,
  seq INTEGER NOT NULL,
  prev_seq INTEGER,
  transfer_id BLOB NOT NULL,
  side TEXT NOT NULL CONSTRAINT side_known CHECK (side IN ('D', 'C')),
  amount INTEGER NOT NULL CONSTRAINT entry_amount_positive CHECK (amount > 0),
  balance_before INTEGER NOT NULL,
  balance_after INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  debit_account BLOB GENERATED ALWAYS AS (CASE WHEN side = 'D' THEN account_id END) STORED,
  credit_account BLOB GENERATED ALWAYS AS (CASE WHEN side = 'C' THEN account_id END) STORED,
  CONSTRAINT entry_seq PRIMARY KEY (book_id, account_id, seq),
  UNIQUE (book_id, account_id, seq, balance_after),
  CONSTRAINT entry_once UNIQUE (book_id, transfer_id, side),
  -- `IS NOT NULL` is part of it: a comparison with NULL would be NULL, hence accepted.
  CONSTRAINT entry_follows CHECK ((seq = 1 AND prev_seq IS NULL AND balance_before = 0)
    OR (seq > 1 AND prev_seq IS NOT NULL AND prev_seq = seq - 1)),
  -- An integer overflow turns into a float here and would compare equal, hence typeof.
  CONSTRAINT entry_sum CHECK (typeof(balance_before + CASE side WHEN 'C' THEN amount ELSE -amount END) = 'integer'
    AND balance_after = balance_before + CASE side WHEN 'C' THEN amount ELSE -amount END),
  CONSTRAINT entry_bounds CHECK (CASE purpose WHEN 'owed' THEN balance_after <= 0 ELSE balance_after >= 0 END),
  CONSTRAINT entry_purpose FOREIGN KEY (book_id, account_id, purpose)
    REFERENCES accounts (book_id, account_id, purpose),
  CONSTRAINT entry_chain FOREIGN KEY (book_id, account_id, prev_seq, balance_before)
    REFERENCES entries (book_id, account_id, seq, balance_after),
  CONSTRAINT entry_debit FOREIGN KEY (book_id, transfer_id, debit_account, amount)
    REFERENCES transfers (book_id, transfer_id, debit_account, amount),
  CONSTRAINT entry_credit FOREIGN KEY (book_id, transfer_id, credit_account, amount)
    REFERENCES transfers (book_id, transfer_id, credit_account, amount)
) STRICT;

CREATE TABLE account_heads (
  book_id INTEGER NOT NULL,
  account_id BLOB NOT NULL,
  seq INTEGER NOT NULL CONSTRAINT head_seq_positive CHECK (seq > 0),
  balance INTEGER NOT NULL,
  PRIMARY KEY (book_id, account_id),
  FOREIGN KEY (book_id, account_id) REFERENCES accounts (book_id, account_id),
  CONSTRAINT head_is_an_entry FOREIGN KEY (book_id, account_id, seq, balance)
    REFERENCES entries (book_id, account_id, seq, balance_after)
) STRICT, WITHOUT ROWID;

CREATE TABLE history_lines (
  book_id INTEGER NOT NULL,
  user_id BLOB NOT NULL,
  n INTEGER NOT NULL,
  prev_n INTEGER,
  transaction_id BLOB NOT NULL,
  available_before INTEGER NOT NULL,
  held_before INTEGER NOT NULL,
  in_payout_before INTEGER NOT NULL,
  owed_before INTEGER NOT NULL,
  available_after INTEGER NOT NULL,
  held_after INTEGER NOT NULL,
  in_payout_after INTEGER NOT NULL,
  owed_after INTEGER NOT NULL,
  earned INTEGER NOT NULL CONSTRAINT earned_bounds CHECK (earned >= 0),
  taken INTEGER NOT NULL CONSTRAINT taken_bounds CHECK (taken >= 0),
  paid_out INTEGER NOT NULL CONSTRAINT paid_out_bounds CHECK (paid_out >= 0),
  at INTEGER NOT NULL,
  CONSTRAINT line_n PRIMARY KEY (book_id, user_id, n),
  CONSTRAINT line_once UNIQUE (book_id, transaction_id),
  -- Also finds the last line at or before an instant.
  CONSTRAINT one_line_an_instant UNIQUE (book_id, user_id, at),
  UNIQUE (book_id, user_id, n, available_after, held_after, in_payout_after, owed_after),
  CONSTRAINT line_follows CHECK (
    (n = 1 AND prev_n IS NULL AND available_before = 0 AND held_before = 0 AND in_payout_before = 0 AND owed_before = 0)
    OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  CONSTRAINT line_bounds CHECK (available_after >= 0 AND held_after >= 0 AND in_payout_after >= 0 AND owed_after >= 0),
  CONSTRAINT owed_is_repaid_first CHECK (available_after = 0 OR owed_after = 0),
  CONSTRAINT line_is_its_transaction FOREIGN KEY (book_id, transaction_id, user_id, at)
    REFERENCES ledger_transactions (book_id, transaction_id, user_id, recorded_at),
  CONSTRAINT line_chain FOREIGN KEY
    (book_id, user_id, prev_n, available_before, held_before, in_payout_before, owed_before)
    REFERENCES history_lines (book_id, user_id, n, available_after, held_after, in_payout_after, owed_after)
) STRICT;

-- One writer, so the database itself keeps the head: no statement can forget it.
CREATE TRIGGER entries_move_the_head AFTER INSERT ON entries BEGIN
  INSERT INTO account_heads (book_id, account_id, seq, balance)
  VALUES (NEW.book_id, NEW.account_id, NEW.seq, NEW.balance_after)
  ON CONFLICT (book_id, account_id) DO UPDATE SET seq = excluded.seq, balance = excluded.balance;
END;
CREATE TRIGGER account_heads_move_forward BEFORE UPDATE ON account_heads
WHEN NEW.seq <= OLD.seq OR NEW.account_id <> OLD.account_id OR NEW.book_id <> OLD.book_id
BEGIN SELECT RAISE(ABORT, 'account_heads_move_forward'); END;
CREATE TRIGGER account_heads_stay BEFORE DELETE ON account_heads
BEGIN SELECT RAISE(ABORT, 'account_heads_stay'); END;

-- Leg 0 claims the group. Another leg needs leg 0 of the same natural key and transaction, and comes before any entry
-- of it: entries follow all transfers of a unit, so a leg that comes in a later unit finds one.
CREATE TRIGGER transfers_leg_same_group BEFORE INSERT ON transfers
WHEN NEW.leg > 0 AND NOT EXISTS (
  SELECT 1 FROM transfers AS t
  WHERE t.book_id = NEW.book_id AND t.origin = NEW.origin AND t.origin_id = NEW.origin_id AND t.leg = 0
    AND t.transaction_id = NEW.transaction_id AND t.recorded_at = NEW.recorded_at
    AND NOT EXISTS (SELECT 1 FROM entries AS e WHERE e.book_id = t.book_id AND e.transfer_id = t.transfer_id))
BEGIN SELECT RAISE(ABORT, 'transfers_leg_same_group'); END;

CREATE TRIGGER history_lines_are_later BEFORE INSERT ON history_lines
WHEN EXISTS (SELECT 1 FROM history_lines AS l
  WHERE l.book_id = NEW.book_id AND l.user_id = NEW.user_id AND l.n = NEW.prev_n AND l.at >= NEW.at)
BEGIN SELECT RAISE(ABORT, 'history_lines_are_later'); END;

-- A line is written when the entries of its transaction, and of no later one, are in place: it must equal the heads.
CREATE TRIGGER history_lines_equal_the_heads BEFORE INSERT ON history_lines
WHEN (NEW.available_after, NEW.held_after, NEW.in_payout_after, -NEW.owed_after) IS NOT (
  SELECT coalesce(max(h.balance) FILTER (WHERE a.purpose = 'available'), 0),
         coalesce(max(h.balance) FILTER (WHERE a.purpose = 'held'), 0),
         coalesce(max(h.balance) FILTER (WHERE a.purpose = 'in_payout'), 0),
         coalesce(max(h.balance) FILTER (WHERE a.purpose = 'owed'), 0)
  FROM accounts AS a JOIN account_heads AS h ON h.book_id = a.book_id AND h.account_id = a.account_id
  WHERE a.book_id = NEW.book_id AND a.user_id = NEW.user_id)
BEGIN SELECT RAISE(ABORT, 'history_lines_equal_the_heads'); END;

CREATE TRIGGER accounts_never_change BEFORE UPDATE ON accounts
BEGIN SELECT RAISE(ABORT, 'accounts_never_change'); END;
CREATE TRIGGER accounts_stay BEFORE DELETE ON accounts BEGIN SELECT RAISE(ABORT, 'accounts_stay'); END;
CREATE TRIGGER ledger_transactions_never_change BEFORE UPDATE ON ledger_transactions
BEGIN SELECT RAISE(ABORT, 'ledger_transactions_never_change'); END;
CREATE TRIGGER ledger_transactions_stay BEFORE DELETE ON ledger_transactions
BEGIN SELECT RAISE(ABORT, 'ledger_transactions_stay'); END;
CREATE TRIGGER transfers_never_change BEFORE UPDATE ON transfers
BEGIN SELECT RAISE(ABORT, 'transfers_never_change'); END;
CREATE TRIGGER transfers_stay BEFORE DELETE ON transfers BEGIN SELECT RAISE(ABORT, 'transfers_stay'); END;
CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries_never_change'); END;
CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries_stay'); END;
CREATE TRIGGER history_lines_never_change BEFORE UPDATE ON history_lines
BEGIN SELECT RAISE(ABORT, 'history_lines_never_change'); END;
CREATE TRIGGER history_lines_stay BEFORE DELETE ON history_lines
BEGIN SELECT RAISE(ABORT, 'history_lines_stay'); END;
