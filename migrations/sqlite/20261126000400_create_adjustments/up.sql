-- Adjustments: what an operator puts right by hand, once a reference, and who asked for it and decided it. A step is an
-- entry of the audit log: that is where its person stands. What waits is decided once, by somebody else.

CREATE TABLE adjustments (
  book_id INTEGER NOT NULL,
  adjustment_id BLOB NOT NULL CONSTRAINT adjustment_id_form CHECK (length(adjustment_id) = 16),
  user_id BLOB NOT NULL,
  reference TEXT NOT NULL CONSTRAINT adjustment_reference_given CHECK (reference <> ''),
  amount INTEGER NOT NULL CONSTRAINT adjustment_moves CHECK (amount <> 0),
  reason TEXT NOT NULL CONSTRAINT adjustment_reason_given CHECK (reason <> ''),
  created_at INTEGER NOT NULL,
  first_step INTEGER GENERATED ALWAYS AS (1) STORED,
  PRIMARY KEY (book_id, adjustment_id),
  CONSTRAINT adjusted_once UNIQUE (book_id, reference),
  CONSTRAINT adjustment_of_a_user FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id),
  CONSTRAINT adjustment_has_a_step FOREIGN KEY (book_id, adjustment_id, first_step)
    REFERENCES adjustment_steps (book_id, adjustment_id, n) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TRIGGER adjustments_never_change BEFORE UPDATE ON adjustments
BEGIN SELECT RAISE(ABORT, 'adjustments_never_change'); END;
CREATE TRIGGER adjustments_stay BEFORE DELETE ON adjustments BEGIN SELECT RAISE(ABORT, 'adjustments_stay'); END;

CREATE TABLE adjustment_steps (
  book_id INTEGER NOT NULL,
  adjustment_id BLOB NOT NULL,
  n INTEGER NOT NULL,
  prev_n INTEGER,
  prev_status TEXT,
  status TEXT NOT NULL CONSTRAINT adjustment_status_known CHECK (status = 'waiting' OR status = 'posted'
    OR status = 'rejected'),
  audit_id BLOB NOT NULL,
  note TEXT,
  transaction_id BLOB,
  at INTEGER NOT NULL,
  CONSTRAINT adjustment_step PRIMARY KEY (book_id, adjustment_id, n),
  CONSTRAINT adjustment_posted_once UNIQUE (book_id, transaction_id),
  CONSTRAINT adjustment_step_audited_once UNIQUE (book_id, audit_id),
  CONSTRAINT adjustment_step_end UNIQUE (book_id, adjustment_id, n, status),
  CONSTRAINT adjustment_follows CHECK (
    (n = 1 AND prev_n IS NULL AND prev_status IS NULL AND status IN ('waiting', 'posted'))
    OR (n = 2 AND prev_n IS NOT NULL AND prev_n = 1 AND prev_status IS NOT NULL AND prev_status = 'waiting'
      AND status IN ('posted', 'rejected'))),
  CONSTRAINT adjusted_by_a_transaction CHECK ((status = 'posted') = (transaction_id IS NOT NULL)),
  CONSTRAINT step_of_an_adjustment FOREIGN KEY (book_id, adjustment_id)
    REFERENCES adjustments (book_id, adjustment_id),
  CONSTRAINT adjustment_chain FOREIGN KEY (book_id, adjustment_id, prev_n, prev_status)
    REFERENCES adjustment_steps (book_id, adjustment_id, n, status),
  CONSTRAINT adjustment_step_is_audited FOREIGN KEY (book_id, audit_id) REFERENCES audit_log (book_id, audit_id),
  CONSTRAINT adjustment_is_posted FOREIGN KEY (book_id, transaction_id)
    REFERENCES ledger_transactions (book_id, transaction_id)
) STRICT;
CREATE TRIGGER adjustment_steps_never_change BEFORE UPDATE ON adjustment_steps
BEGIN SELECT RAISE(ABORT, 'adjustment_steps_never_change'); END;
CREATE TRIGGER adjustment_steps_stay BEFORE DELETE ON adjustment_steps
BEGIN SELECT RAISE(ABORT, 'adjustment_steps_stay'); END;
CREATE TRIGGER adjustment_needs_a_second_person BEFORE INSERT ON adjustment_steps
WHEN NEW.n > 1 AND EXISTS (SELECT 1 FROM adjustment_steps AS s
  JOIN audit_log AS asked ON asked.book_id = s.book_id AND asked.audit_id = s.audit_id
  JOIN audit_log AS decided ON decided.book_id = NEW.book_id AND decided.audit_id = NEW.audit_id
  WHERE s.book_id = NEW.book_id AND s.adjustment_id = NEW.adjustment_id AND s.n = 1
    AND asked.actor_kind = decided.actor_kind AND asked.user_id IS decided.user_id
    AND asked.actor_id IS decided.actor_id)
BEGIN SELECT RAISE(ABORT, 'adjustment_needs_a_second_person'); END;
-- Who moved money by hand posted it to the user it was asked for, as what it is.
CREATE TRIGGER adjustment_is_its_transaction BEFORE INSERT ON adjustment_steps
WHEN NEW.transaction_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM adjustments AS a
  JOIN ledger_transactions AS t ON t.book_id = a.book_id AND t.user_id = a.user_id
  WHERE a.book_id = NEW.book_id AND a.adjustment_id = NEW.adjustment_id
    AND t.transaction_id = NEW.transaction_id AND t.kind = 'manual_adjustment')
BEGIN SELECT RAISE(ABORT, 'adjustment_is_its_transaction'); END;
