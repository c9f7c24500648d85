-- Blocks that seal transfers. A sealer writes them, behind the hot path, which knows nothing of them: no table it writes
-- gets a column, an index or a trigger for it.
--
--   ledger_blocks      one chain a book: each names the hash of the one before
--   sealed_transfers   the place of a transfer in its block, once and for ever, and the leaf that was hashed
--
-- The hashes are the service's (`referral-proof`): the database sees that blocks follow one another and are whole. A
-- block's last place is there at commit, and each place has the one before it.

CREATE TABLE ledger_blocks (
  book_id INTEGER NOT NULL,
  n INTEGER NOT NULL,
  prev_n INTEGER,
  prev_hash BLOB NOT NULL CONSTRAINT block_prev_hash_form CHECK (length(prev_hash) = 32),
  root BLOB NOT NULL CONSTRAINT block_root_form CHECK (length(root) = 32),
  transfers INTEGER NOT NULL CONSTRAINT block_size_bounds CHECK (transfers BETWEEN 1 AND 65536),
  hash BLOB NOT NULL CONSTRAINT block_hash_form CHECK (length(hash) = 32),
  signature BLOB CONSTRAINT block_signature_form CHECK (length(signature) = 64),
  sealed_at INTEGER NOT NULL,
  last_position INTEGER GENERATED ALWAYS AS (transfers - 1) STORED,
  CONSTRAINT block_n PRIMARY KEY (book_id, n),
  CONSTRAINT block_hash_once UNIQUE (book_id, hash),
  CONSTRAINT block_link UNIQUE (book_id, n, hash),
  CONSTRAINT block_follows CHECK ((n = 1 AND prev_n IS NULL AND prev_hash = zeroblob(32))
    OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  CONSTRAINT ledger_blocks_of_a_book FOREIGN KEY (book_id) REFERENCES books (book_id),
  CONSTRAINT block_chain FOREIGN KEY (book_id, prev_n, prev_hash) REFERENCES ledger_blocks (book_id, n, hash),
  CONSTRAINT block_is_whole FOREIGN KEY (book_id, n, last_position)
    REFERENCES sealed_transfers (book_id, n, position) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TRIGGER ledger_blocks_never_change BEFORE UPDATE ON ledger_blocks
BEGIN SELECT RAISE(ABORT, 'ledger_blocks_never_change'); END;
CREATE TRIGGER ledger_blocks_stay BEFORE DELETE ON ledger_blocks
BEGIN SELECT RAISE(ABORT, 'ledger_blocks_stay'); END;

CREATE TABLE sealed_transfers (
  book_id INTEGER NOT NULL,
  transfer_id BLOB NOT NULL,
  n INTEGER NOT NULL,
  position INTEGER NOT NULL CONSTRAINT position_bounds CHECK (position >= 0),
  leaf BLOB NOT NULL CONSTRAINT leaf_form CHECK (length(leaf) = 32),
  prev_position INTEGER GENERATED ALWAYS AS (CASE WHEN position > 0 THEN position - 1 END) VIRTUAL,
  CONSTRAINT sealed_once PRIMARY KEY (book_id, transfer_id),
  CONSTRAINT sealed_place UNIQUE (book_id, n, position),
  CONSTRAINT sealed_is_a_transfer FOREIGN KEY (book_id, transfer_id) REFERENCES transfers (book_id, transfer_id),
  CONSTRAINT sealed_of_a_block FOREIGN KEY (book_id, n) REFERENCES ledger_blocks (book_id, n),
  CONSTRAINT sealed_without_gap FOREIGN KEY (book_id, n, prev_position)
    REFERENCES sealed_transfers (book_id, n, position)
) STRICT;
CREATE TRIGGER sealed_transfers_never_change BEFORE UPDATE ON sealed_transfers
BEGIN SELECT RAISE(ABORT, 'sealed_transfers_never_change'); END;
CREATE TRIGGER sealed_transfers_stay BEFORE DELETE ON sealed_transfers
BEGIN SELECT RAISE(ABORT, 'sealed_transfers_stay'); END;
CREATE TRIGGER sealed_in_a_block BEFORE INSERT ON sealed_transfers
WHEN NEW.position >= (SELECT b.transfers FROM ledger_blocks AS b WHERE b.book_id = NEW.book_id AND b.n = NEW.n)
BEGIN SELECT RAISE(ABORT, 'sealed_in_a_block'); END;
