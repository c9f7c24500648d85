-- Blocks that seal transfers. A sealer writes them, behind the hot path, which knows nothing of them: no table it writes
-- gets a column, an index or a trigger for it.
--
--   ledger_blocks      one chain a book: each names the hash of the one before
--   sealed_transfers   the place of a transfer in its block, once and for ever, and the leaf that was hashed
--
-- The hashes are the service's (`referral-proof`): the database sees that blocks follow one another and are whole.

CREATE TABLE ledger_blocks (
  book_id BIGINT NOT NULL,
  n BIGINT NOT NULL,
  prev_n BIGINT,
  prev_hash BYTEA NOT NULL CONSTRAINT block_prev_hash_form CHECK (length(prev_hash) = 32),
  root BYTEA NOT NULL CONSTRAINT block_root_form CHECK (length(root) = 32),
  transfers BIGINT NOT NULL CONSTRAINT block_size_bounds CHECK (transfers BETWEEN 1 AND 65536),
  hash BYTEA NOT NULL CONSTRAINT block_hash_form CHECK (length(hash) = 32),
  signature BYTEA CONSTRAINT block_signature_form CHECK (length(signature) = 64),
  sealed_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT block_n PRIMARY KEY (book_id, n),
  CONSTRAINT block_hash_once UNIQUE (book_id, hash),
  CONSTRAINT block_link UNIQUE (book_id, n, hash),
  CONSTRAINT block_follows CHECK ((n = 1 AND prev_n IS NULL AND prev_hash = decode(repeat('00', 32), 'hex'))
    OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)),
  CONSTRAINT block_chain FOREIGN KEY (book_id, prev_n, prev_hash) REFERENCES ledger_blocks (book_id, n, hash)
);
SELECT guard('ledger_blocks', false);
CREATE TRIGGER ledger_blocks_of_a_book BEFORE INSERT ON ledger_blocks FOR EACH ROW EXECUTE FUNCTION book_is_known();
SELECT always('ledger_blocks', 'ledger_blocks_of_a_book');

CREATE TABLE sealed_transfers (
  book_id BIGINT NOT NULL,
  transfer_id UUID NOT NULL,
  n BIGINT NOT NULL,
  position BIGINT NOT NULL CONSTRAINT position_bounds CHECK (position >= 0),
  leaf BYTEA NOT NULL CONSTRAINT leaf_form CHECK (length(leaf) = 32),
  CONSTRAINT sealed_once PRIMARY KEY (book_id, transfer_id),
  CONSTRAINT sealed_place UNIQUE (book_id, n, position)
);
SELECT guard('sealed_transfers', false);

CREATE FUNCTION seals_are_transfers() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM fresh AS f
    LEFT JOIN LATERAL (SELECT true AS there FROM transfers AS t
      WHERE t.book_id = f.book_id AND t.transfer_id = f.transfer_id LIMIT 1) AS t ON true
    WHERE t.there IS NULL;
  IF FOUND THEN
    RAISE EXCEPTION 'what is sealed is no transfer' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER sealed_is_a_transfer AFTER INSERT ON sealed_transfers REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION seals_are_transfers();

CREATE FUNCTION seals_are_of_a_block() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM (SELECT f.book_id, f.n, max(f.position) AS position FROM fresh AS f GROUP BY 1, 2) AS f
    LEFT JOIN LATERAL (SELECT b.transfers FROM ledger_blocks AS b
      WHERE b.book_id = f.book_id AND b.n = f.n LIMIT 1) AS b ON true
    WHERE b.transfers IS NULL OR f.position >= b.transfers;
  IF FOUND THEN
    RAISE EXCEPTION 'a place is in no block' USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER sealed_in_a_block AFTER INSERT ON sealed_transfers REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION seals_are_of_a_block();
SELECT always('sealed_transfers', 'sealed_is_a_transfer'), always('sealed_transfers', 'sealed_in_a_block');

-- Places are unique and lie within the block, so as many as it says are all of them.
CREATE FUNCTION block_has_its_transfers() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT count(*) FROM sealed_transfers AS s WHERE s.book_id = NEW.book_id AND s.n = NEW.n) <> NEW.transfers THEN
    RAISE EXCEPTION 'a block has not the transfers it says' USING ERRCODE = '23514', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER block_is_whole AFTER INSERT ON ledger_blocks DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION block_has_its_transfers();
SELECT always('ledger_blocks', 'block_is_whole');

DO $$
BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'referral_app') THEN
    GRANT SELECT, INSERT ON ledger_blocks, sealed_transfers TO referral_app;
  END IF;
END $$;
