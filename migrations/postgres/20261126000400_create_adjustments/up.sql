-- Adjustments: what an operator puts right by hand, once a reference, and who asked for it and decided it. A step is an
-- entry of the audit log: that is where its person stands. What waits is decided once, by somebody else.

CREATE TABLE adjustments (
  book_id BIGINT NOT NULL,
  adjustment_id UUID NOT NULL,
  user_id UUID NOT NULL,
  reference TEXT COLLATE "C" NOT NULL CONSTRAINT adjustment_reference_given CHECK (reference <> ''),
  amount BIGINT NOT NULL CONSTRAINT adjustment_moves CHECK (amount <> 0),
  reason TEXT NOT NULL CONSTRAINT adjustment_reason_given CHECK (reason <> ''),
  created_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (book_id, adjustment_id),
  CONSTRAINT adjusted_once UNIQUE (book_id, reference),
  CONSTRAINT adjustment_of_a_user FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id)
);
SELECT guard('adjustments', false);

CREATE TABLE adjustment_steps (
  book_id BIGINT NOT NULL,
  adjustment_id UUID NOT NULL,
  n BIGINT NOT NULL,
  prev_n BIGINT,
  prev_status TEXT COLLATE "C",
  status TEXT COLLATE "C" NOT NULL
    CONSTRAINT adjustment_status_known CHECK (status IN ('waiting', 'posted', 'rejected')),
  audit_id UUID NOT NULL,
  note TEXT,
  transaction_id UUID,
  at TIMESTAMPTZ NOT NULL,
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
);
SELECT guard('adjustment_steps', false);

CREATE FUNCTION asked_and_decided_by_one() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM adjustment_steps AS s
    JOIN audit_log AS asked ON asked.book_id = s.book_id AND asked.audit_id = s.audit_id
    JOIN audit_log AS decided ON decided.book_id = NEW.book_id AND decided.audit_id = NEW.audit_id
    WHERE s.book_id = NEW.book_id AND s.adjustment_id = NEW.adjustment_id AND s.n = 1
      AND (asked.actor_kind, asked.user_id, asked.actor_id)
        IS NOT DISTINCT FROM (decided.actor_kind, decided.user_id, decided.actor_id);
  IF FOUND THEN
    RAISE EXCEPTION 'a second person decides' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER adjustment_needs_a_second_person BEFORE INSERT ON adjustment_steps
FOR EACH ROW WHEN (NEW.n > 1) EXECUTE FUNCTION asked_and_decided_by_one();

-- Who moved money by hand posted it to the user it was asked for, as what it is.
CREATE FUNCTION step_is_its_transaction() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM adjustments AS a
    JOIN ledger_transactions AS t ON t.book_id = a.book_id AND t.user_id = a.user_id
    WHERE a.book_id = NEW.book_id AND a.adjustment_id = NEW.adjustment_id
      AND t.transaction_id = NEW.transaction_id AND t.kind = 'manual_adjustment';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'an adjustment is not its transaction' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER adjustment_is_its_transaction BEFORE INSERT ON adjustment_steps
FOR EACH ROW WHEN (NEW.transaction_id IS NOT NULL) EXECUTE FUNCTION step_is_its_transaction();
SELECT always('adjustment_steps', 'adjustment_needs_a_second_person'),
  always('adjustment_steps', 'adjustment_is_its_transaction');

CREATE FUNCTION has_a_first_step() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT 1 FROM adjustment_steps AS s WHERE s.book_id = NEW.book_id AND s.adjustment_id = NEW.adjustment_id
      AND s.n = 1) IS NULL THEN
    RAISE EXCEPTION 'an adjustment has no step' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER adjustment_has_a_step AFTER INSERT ON adjustments DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION has_a_first_step();
SELECT always('adjustments', 'adjustment_has_a_step');

DO $$
BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'referral_app') THEN
    GRANT SELECT, INSERT ON adjustments, adjustment_steps TO referral_app;
  END IF;
END $$;
