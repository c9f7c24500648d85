-- Programs: the immutable book, what may change of it, its rules, its API keys, its stored replies.
--
-- Conventions of every migration here: every key begins with book_id; instants are microseconds; money is BIGINT minor
-- units; nothing is made by the database (no defaults, no clock, no sequence) but transfers.xid. Keys of text compare
-- byte by byte (COLLATE "C"). What is guarded is refused to everybody, the owner and replication included (ENABLE
-- ALWAYS), and a refusal names the trigger as its constraint.
--
-- No foreign key points at a row that every session shares (a book, a version of its rules): each insert would lock
-- that row, and group commit would be off. Such rows are never changed nor deleted, so a trigger that only looks, and
-- locks nothing, guarantees as much.
--
-- Functions name their schema, so that no temporary table of a session stands in for a real one.

CREATE FUNCTION refuse() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% refuses this', TG_NAME USING ERRCODE = '42501', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;

-- Rows of these tables stay; with `change` false they never change either.
CREATE FUNCTION guard(p_table TEXT, p_change BOOLEAN) RETURNS VOID LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  v_events TEXT[][] := ARRAY[['stay', 'DELETE', 'ROW'], ['stay_whole', 'TRUNCATE', 'STATEMENT'],
    ['never_change', 'UPDATE', 'ROW']];
  v_event TEXT[];
BEGIN
  FOREACH v_event SLICE 1 IN ARRAY v_events LOOP
    CONTINUE WHEN p_change AND v_event[2] = 'UPDATE';
    EXECUTE format('CREATE TRIGGER %I BEFORE %s ON %I FOR EACH %s EXECUTE FUNCTION refuse()',
      p_table || '_' || v_event[1], v_event[2], p_table, v_event[3]);
    PERFORM always(p_table, p_table || '_' || v_event[1]);
  END LOOP;
END $$;

-- A trigger that fires for replication, too: `session_replication_role` is no way around it.
CREATE FUNCTION always(p_table TEXT, p_trigger TEXT) RETURNS VOID LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', p_table, p_trigger);
END $$;

CREATE TABLE books (
  book_id BIGINT NOT NULL PRIMARY KEY CONSTRAINT book_id_positive CHECK (book_id > 0),
  slug TEXT COLLATE "C" NOT NULL CONSTRAINT slug_form CHECK (slug ~ '^[a-z0-9-]{1,40}$'),
  currency TEXT COLLATE "C" NOT NULL CONSTRAINT currency_form CHECK (currency ~ '^[A-Z]{3}$'),
  digits SMALLINT NOT NULL CONSTRAINT digits_bounds CHECK (digits BETWEEN 0 AND 4),
  created_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT slug_once UNIQUE (slug)
);
SELECT guard('books', false);

-- Looks, and locks nothing: see above.
CREATE FUNCTION book_is_known() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT 1 FROM books AS b WHERE b.book_id = NEW.book_id) IS NULL THEN
    RAISE EXCEPTION 'there is no book %', NEW.book_id USING ERRCODE = '23503', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NEW;
END $$;

CREATE TABLE programs (
  book_id BIGINT NOT NULL PRIMARY KEY REFERENCES books (book_id),
  name TEXT NOT NULL CONSTRAINT name_given CHECK (name <> ''),
  landing_url TEXT NOT NULL,
  status TEXT NOT NULL CONSTRAINT program_status_known CHECK (status IN ('active', 'paused'))
);
SELECT guard('programs', true);

CREATE TABLE rule_versions (
  book_id BIGINT NOT NULL REFERENCES books (book_id),
  version BIGINT NOT NULL CONSTRAINT version_positive CHECK (version > 0),
  rules TEXT NOT NULL CONSTRAINT rules_are_json CHECK (rules::jsonb IS NOT NULL),
  effective_from TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (book_id, version)
);
SELECT guard('rule_versions', false);

CREATE TABLE api_keys (
  book_id BIGINT NOT NULL REFERENCES books (book_id),
  api_key_id UUID NOT NULL,
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  hash BYTEA NOT NULL CONSTRAINT hash_form CHECK (length(hash) = 32),
  scopes TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  last_used_at TIMESTAMPTZ,
  expires_at TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ,
  PRIMARY KEY (book_id, api_key_id),
  -- Asked for before the program is known.
  CONSTRAINT key_once UNIQUE (api_key_id),
  CONSTRAINT hash_once UNIQUE (hash)
);
SELECT guard('api_keys', true);
CREATE TRIGGER api_keys_keep_their_rights
BEFORE UPDATE OF book_id, api_key_id, prefix, hash, scopes, created_at, expires_at ON api_keys
FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER api_keys_stay_revoked BEFORE UPDATE OF revoked_at ON api_keys
FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL) EXECUTE FUNCTION refuse();
SELECT always('api_keys', 'api_keys_keep_their_rights'), always('api_keys', 'api_keys_stay_revoked');

CREATE TABLE idempotency_replies (
  book_id BIGINT NOT NULL,
  caller TEXT COLLATE "C" NOT NULL,
  endpoint TEXT COLLATE "C" NOT NULL,
  "key" TEXT COLLATE "C" NOT NULL,
  request BYTEA NOT NULL CONSTRAINT request_form CHECK (length(request) = 32),
  status SMALLINT NOT NULL CONSTRAINT status_bounds CHECK (status BETWEEN 100 AND 599),
  body TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT reply_once PRIMARY KEY (book_id, caller, endpoint, "key")
);
-- Old replies are forgotten oldest first, whatever their program.
CREATE INDEX idempotency_replies_age ON idempotency_replies (created_at);
CREATE TRIGGER idempotency_replies_never_change BEFORE UPDATE ON idempotency_replies
FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER idempotency_replies_of_a_book BEFORE INSERT ON idempotency_replies
FOR EACH ROW EXECUTE FUNCTION book_is_known();
SELECT always('idempotency_replies', 'idempotency_replies_never_change'),
  always('idempotency_replies', 'idempotency_replies_of_a_book');
