-- Payouts: where users are paid, what they asked for, and the batches that carry it out.
--
-- Everything but a method's secret is immutable: a payout and a batch are facts, what becomes of them are steps, and
-- each step is insertable only after the one before. A user has one open payout: a new one refers to the end of the
-- one before. A payout is in one batch that is not discarded, since it enters a batch by a step of its own.

-- A change is a new version; only erasing may touch one that stands.
CREATE TABLE payout_methods (
  book_id INTEGER NOT NULL,
  user_id BLOB NOT NULL,
  n INTEGER NOT NULL,
  prev_n INTEGER,
  kind TEXT NOT NULL CONSTRAINT method_kind_known CHECK (kind = 'paypal' OR kind = 'sepa' OR kind = 'external'),
  label TEXT NOT NULL,
  digest BLOB NOT NULL CONSTRAINT method_digest_form CHECK (length(digest) = 32),
  sealed BLOB CONSTRAINT method_sealed_form CHECK (length(sealed) > 29),
  changed_at INTEGER NOT NULL,
  CONSTRAINT method_version PRIMARY KEY (book_id, user_id, n),
  CONSTRAINT method_of_a_kind UNIQUE (book_id, user_id, n, kind),
  CONSTRAINT method_follows CHECK ((n = 1 AND prev_n IS NULL) OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  CONSTRAINT method_of_a_user FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id),
  CONSTRAINT method_chain FOREIGN KEY (book_id, user_id, prev_n) REFERENCES payout_methods (book_id, user_id, n)
) STRICT;
CREATE TRIGGER payout_methods_stay BEFORE DELETE ON payout_methods BEGIN SELECT RAISE(ABORT, 'payout_methods_stay'); END;
CREATE TRIGGER payout_methods_are_only_erased BEFORE UPDATE ON payout_methods
WHEN NEW.sealed IS NOT NULL
  OR (NEW.book_id, NEW.user_id, NEW.n, NEW.prev_n, NEW.kind, NEW.digest, NEW.changed_at)
    IS NOT (OLD.book_id, OLD.user_id, OLD.n, OLD.prev_n, OLD.kind, OLD.digest, OLD.changed_at)
BEGIN SELECT RAISE(ABORT, 'payout_methods_are_only_erased'); END;

CREATE TABLE payouts (
  book_id INTEGER NOT NULL,
  payout_id BLOB NOT NULL CONSTRAINT payout_id_form CHECK (length(payout_id) = 16),
  user_id BLOB NOT NULL,
  n INTEGER NOT NULL,
  prev_n INTEGER,
  method_n INTEGER NOT NULL,
  kind TEXT NOT NULL,
  amount INTEGER NOT NULL CONSTRAINT payout_amount_positive CHECK (amount > 0),
  first INTEGER NOT NULL GENERATED ALWAYS AS (1) STORED,
  CONSTRAINT payout_once PRIMARY KEY (book_id, payout_id),
  CONSTRAINT payout_n UNIQUE (book_id, user_id, n),
  CONSTRAINT payout_owner UNIQUE (book_id, payout_id, user_id, n),
  CONSTRAINT payout_facts UNIQUE (book_id, payout_id, user_id, method_n, kind, amount),
  CONSTRAINT payout_follows CHECK ((n = 1 AND prev_n IS NULL) OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  CONSTRAINT payout_goes_to_a_method FOREIGN KEY (book_id, user_id, method_n, kind)
    REFERENCES payout_methods (book_id, user_id, n, kind),
  CONSTRAINT payout_has_a_step FOREIGN KEY (book_id, payout_id, first)
    REFERENCES payout_steps (book_id, payout_id, n) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT one_open_payout FOREIGN KEY (book_id, user_id, prev_n)
    REFERENCES payout_steps (book_id, user_id, ends)
) STRICT;
CREATE TRIGGER payouts_never_change BEFORE UPDATE ON payouts
BEGIN SELECT RAISE(ABORT, 'payouts_never_change'); END;
CREATE TRIGGER payouts_stay BEFORE DELETE ON payouts BEGIN SELECT RAISE(ABORT, 'payouts_stay'); END;

CREATE TABLE payout_batches (
  book_id INTEGER NOT NULL,
  batch_id BLOB NOT NULL CONSTRAINT batch_id_form CHECK (length(batch_id) = 16),
  kind TEXT NOT NULL CONSTRAINT batch_kind_known CHECK (kind = 'paypal' OR kind = 'sepa' OR kind = 'external'),
  count INTEGER NOT NULL CONSTRAINT batch_count_bounds CHECK (count BETWEEN 1 AND 1000),
  total INTEGER NOT NULL CONSTRAINT batch_total_positive CHECK (total > 0),
  left_out TEXT NOT NULL,
  made_by_kind TEXT NOT NULL CONSTRAINT maker_kind_known CHECK (made_by_kind = 'user' OR made_by_kind = 'key'
    OR made_by_kind = 'staff' OR made_by_kind = 'command'),
  made_by TEXT NOT NULL CONSTRAINT maker_given CHECK (made_by <> ''),
  first INTEGER NOT NULL GENERATED ALWAYS AS (1) STORED,
  CONSTRAINT batch_once PRIMARY KEY (book_id, batch_id),
  CONSTRAINT batch_of_a_kind UNIQUE (book_id, batch_id, kind),
  CONSTRAINT batch_maker UNIQUE (book_id, batch_id, made_by_kind, made_by),
  CONSTRAINT batch_has_a_step FOREIGN KEY (book_id, batch_id, first)
    REFERENCES batch_steps (book_id, batch_id, n) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TRIGGER payout_batches_never_change BEFORE UPDATE ON payout_batches
BEGIN SELECT RAISE(ABORT, 'payout_batches_never_change'); END;
CREATE TRIGGER payout_batches_stay BEFORE DELETE ON payout_batches BEGIN SELECT RAISE(ABORT, 'payout_batches_stay'); END;

-- A batch comes to each stage at most once; a person other than its maker approves it.
CREATE TABLE batch_steps (
  book_id INTEGER NOT NULL,
  batch_id BLOB NOT NULL,
  n INTEGER NOT NULL,
  prev_n INTEGER,
  prev_status TEXT,
  status TEXT NOT NULL,
  manifest BLOB CONSTRAINT manifest_form CHECK (length(manifest) = 32),
  format TEXT CONSTRAINT format_given CHECK (format <> ''),
  maker_kind TEXT NOT NULL,
  maker TEXT NOT NULL,
  actor_kind TEXT NOT NULL CONSTRAINT actor_kind_known CHECK (actor_kind = 'user' OR actor_kind = 'key'
    OR actor_kind = 'staff' OR actor_kind = 'command'),
  actor_id TEXT NOT NULL CONSTRAINT actor_given CHECK (actor_id <> ''),
  at INTEGER NOT NULL,
  CONSTRAINT batch_step PRIMARY KEY (book_id, batch_id, n),
  CONSTRAINT batch_step_status UNIQUE (book_id, batch_id, n, status),
  CONSTRAINT batch_stage_once UNIQUE (book_id, batch_id, status),
  CONSTRAINT batch_step_follows CHECK ((n = 1 AND prev_n IS NULL)
    OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  CONSTRAINT batch_step_is_legal CHECK (coalesce(prev_status, '') || '>' || status IN ('>draft', 'draft>sealed',
    'sealed>approved', 'approved>exported', 'exported>settled', 'draft>discarded', 'sealed>discarded',
    'approved>discarded') AND (prev_n IS NULL) = (prev_status IS NULL)),
  CONSTRAINT sealed_has_a_manifest CHECK ((status = 'sealed') = (manifest IS NOT NULL)),
  CONSTRAINT exported_has_a_format CHECK ((status = 'exported') = (format IS NOT NULL)),
  CONSTRAINT maker_makes_the_draft CHECK (status <> 'draft' OR (maker_kind = actor_kind AND maker = actor_id)),
  CONSTRAINT second_person_approves CHECK (status <> 'approved' OR maker_kind <> actor_kind OR maker <> actor_id),
  CONSTRAINT step_knows_the_maker FOREIGN KEY (book_id, batch_id, maker_kind, maker)
    REFERENCES payout_batches (book_id, batch_id, made_by_kind, made_by),
  CONSTRAINT batch_step_chain FOREIGN KEY (book_id, batch_id, prev_n, prev_status)
    REFERENCES batch_steps (book_id, batch_id, n, status)
) STRICT;
CREATE TRIGGER batch_steps_never_change BEFORE UPDATE ON batch_steps
BEGIN SELECT RAISE(ABORT, 'batch_steps_never_change'); END;
CREATE TRIGGER batch_steps_stay BEFORE DELETE ON batch_steps BEGIN SELECT RAISE(ABORT, 'batch_steps_stay'); END;

CREATE TABLE payout_steps (
  book_id INTEGER NOT NULL,
  payout_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  payout_n INTEGER NOT NULL,
  n INTEGER NOT NULL,
  prev_n INTEGER,
  prev_status TEXT,
  status TEXT NOT NULL,
  batch_id BLOB,
  transaction_id BLOB,
  cancelled_by TEXT CONSTRAINT cancelled_by_known CHECK (cancelled_by = 'user' OR cancelled_by = 'operator'
    OR cancelled_by = 'rule'),
  reason_code TEXT,
  reason TEXT,
  at INTEGER NOT NULL,
  -- Which of the user's payouts this step ends.
  ends INTEGER GENERATED ALWAYS AS (CASE WHEN status IN ('paid', 'cancelled', 'failed') THEN payout_n END) STORED,
  -- The batch that the step before was in.
  carried_by BLOB GENERATED ALWAYS AS (CASE WHEN prev_status IN ('batched', 'sent') THEN batch_id END) STORED,
  -- Where that batch must have come to.
  batch_was TEXT GENERATED ALWAYS AS (CASE WHEN status = 'sent' THEN 'exported'
    WHEN status = 'approved' AND prev_status = 'batched' THEN 'discarded' END) STORED,
  -- What a bank must have said.
  settled_as TEXT GENERATED ALWAYS AS (CASE WHEN status IN ('paid', 'failed') THEN status END) STORED,
  CONSTRAINT payout_step PRIMARY KEY (book_id, payout_id, n),
  CONSTRAINT payout_step_status UNIQUE (book_id, payout_id, n, status),
  CONSTRAINT payout_step_batch UNIQUE (book_id, payout_id, n, batch_id),
  CONSTRAINT payout_ends_once UNIQUE (book_id, user_id, ends),
  CONSTRAINT payout_step_posted_once UNIQUE (book_id, transaction_id),
  CONSTRAINT payout_step_follows CHECK ((n = 1 AND prev_n IS NULL)
    OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  CONSTRAINT payout_step_is_legal CHECK (coalesce(prev_status, '') || '>' || status IN ('>requested',
    'requested>approved', 'batched>approved', 'approved>batched', 'batched>sent', 'sent>paid', 'sent>failed',
    'requested>cancelled', 'approved>cancelled') AND (prev_n IS NULL) = (prev_status IS NULL)),
  CONSTRAINT payout_step_moves_money CHECK (
    (status IN ('requested', 'paid', 'cancelled', 'failed')) = (transaction_id IS NOT NULL)),
  CONSTRAINT payout_step_names_its_batch CHECK (
    (status IN ('batched', 'sent', 'paid', 'failed') OR coalesce(prev_status, '') = 'batched') = (batch_id IS NOT NULL)),
  CONSTRAINT cancelled_says_who CHECK ((status = 'cancelled') = (cancelled_by IS NOT NULL)),
  CONSTRAINT reason_is_whole CHECK ((reason_code IS NULL) = (reason IS NULL)
    AND (reason_code IS NULL OR status IN ('cancelled', 'failed')) AND (status <> 'failed' OR reason_code IS NOT NULL)),
  CONSTRAINT step_of_a_payout FOREIGN KEY (book_id, payout_id, user_id, payout_n)
    REFERENCES payouts (book_id, payout_id, user_id, n),
  CONSTRAINT payout_step_chain FOREIGN KEY (book_id, payout_id, prev_n, prev_status)
    REFERENCES payout_steps (book_id, payout_id, n, status),
  CONSTRAINT payout_stays_in_its_batch FOREIGN KEY (book_id, payout_id, prev_n, carried_by)
    REFERENCES payout_steps (book_id, payout_id, n, batch_id),
  CONSTRAINT step_in_a_batch FOREIGN KEY (book_id, batch_id) REFERENCES payout_batches (book_id, batch_id),
  CONSTRAINT batch_has_come_so_far FOREIGN KEY (book_id, batch_id, batch_was)
    REFERENCES batch_steps (book_id, batch_id, status),
  CONSTRAINT payout_step_is_posted FOREIGN KEY (book_id, transaction_id)
    REFERENCES ledger_transactions (book_id, transaction_id),
  CONSTRAINT bank_has_said_so FOREIGN KEY (book_id, payout_id, batch_id, settled_as)
    REFERENCES settlement_lines (book_id, payout_id, batch_id, outcome)
) STRICT;
CREATE TRIGGER payout_steps_never_change BEFORE UPDATE ON payout_steps
BEGIN SELECT RAISE(ABORT, 'payout_steps_never_change'); END;
CREATE TRIGGER payout_steps_stay BEFORE DELETE ON payout_steps BEGIN SELECT RAISE(ABORT, 'payout_steps_stay'); END;
CREATE INDEX payout_steps_by_status ON payout_steps (book_id, status, payout_id);

CREATE TABLE batch_items (
  book_id INTEGER NOT NULL,
  batch_id BLOB NOT NULL,
  payout_id BLOB NOT NULL,
  step_n INTEGER NOT NULL,
  user_id BLOB NOT NULL,
  method_n INTEGER NOT NULL,
  kind TEXT NOT NULL,
  amount INTEGER NOT NULL,
  digest BLOB NOT NULL CONSTRAINT item_digest_form CHECK (length(digest) = 32),
  entered TEXT NOT NULL GENERATED ALWAYS AS ('batched') STORED,
  CONSTRAINT batch_item PRIMARY KEY (book_id, batch_id, payout_id),
  CONSTRAINT entered_once UNIQUE (book_id, payout_id, step_n),
  CONSTRAINT item_amount UNIQUE (book_id, payout_id, batch_id, amount),
  CONSTRAINT item_is_a_payout FOREIGN KEY (book_id, payout_id, user_id, method_n, kind, amount)
    REFERENCES payouts (book_id, payout_id, user_id, method_n, kind, amount),
  CONSTRAINT item_in_its_batch FOREIGN KEY (book_id, batch_id, kind)
    REFERENCES payout_batches (book_id, batch_id, kind),
  CONSTRAINT item_entered FOREIGN KEY (book_id, payout_id, step_n, entered)
    REFERENCES payout_steps (book_id, payout_id, n, status),
  CONSTRAINT item_entered_this FOREIGN KEY (book_id, payout_id, step_n, batch_id)
    REFERENCES payout_steps (book_id, payout_id, n, batch_id)
) STRICT;
CREATE TRIGGER batch_items_never_change BEFORE UPDATE ON batch_items
BEGIN SELECT RAISE(ABORT, 'batch_items_never_change'); END;
CREATE TRIGGER batch_items_stay BEFORE DELETE ON batch_items BEGIN SELECT RAISE(ABORT, 'batch_items_stay'); END;

-- What banks said: once a payout, and only of what is in the batch, with its very amount.
CREATE TABLE settlement_lines (
  book_id INTEGER NOT NULL,
  payout_id BLOB NOT NULL,
  batch_id BLOB NOT NULL,
  outcome TEXT NOT NULL CONSTRAINT outcome_is_final CHECK (outcome IN ('paid', 'failed')),
  amount INTEGER NOT NULL,
  failure TEXT CONSTRAINT failure_of_what_failed CHECK (failure IS NULL OR outcome = 'failed'),
  at INTEGER NOT NULL,
  CONSTRAINT settled_once PRIMARY KEY (book_id, payout_id),
  CONSTRAINT settled_so UNIQUE (book_id, payout_id, batch_id, outcome),
  CONSTRAINT line_matches_an_item FOREIGN KEY (book_id, payout_id, batch_id, amount)
    REFERENCES batch_items (book_id, payout_id, batch_id, amount)
) STRICT;
CREATE TRIGGER settlement_lines_never_change BEFORE UPDATE ON settlement_lines
BEGIN SELECT RAISE(ABORT, 'settlement_lines_never_change'); END;
CREATE TRIGGER settlement_lines_stay BEFORE DELETE ON settlement_lines BEGIN SELECT RAISE(ABORT, 'settlement_lines_stay'); END;
