-- Programs: the immutable book, what may change of it, its rules, its API keys, its stored replies.
--
-- Conventions of every migration here: tables are STRICT; every key begins with book_id; ids are BLOB(16), the bytes of
-- a UUID; instants are INTEGER microseconds since 1970 UTC; money is INTEGER minor units; nothing is made by the
-- database (no defaults, no clock). What "append-only" guards is refused to everybody, through any path:
-- recursive_triggers=ON makes INSERT OR REPLACE fire the DELETE trigger too.

CREATE TABLE books (
  book_id INTEGER NOT NULL PRIMARY KEY CONSTRAINT book_id_positive CHECK (book_id > 0),
  slug TEXT NOT NULL CONSTRAINT slug_form CHECK (length(slug) BETWEEN 1 AND 40 AND slug NOT GLOB '*[^a-z0-9-]*'),
  currency TEXT NOT NULL CONSTRAINT currency_form CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
  digits INTEGER NOT NULL CONSTRAINT digits_bounds CHECK (digits BETWEEN 0 AND 4),
  created_at INTEGER NOT NULL,
  CONSTRAINT slug_once UNIQUE (slug),
  UNIQUE (book_id, currency)
) STRICT;
CREATE TRIGGER books_never_change BEFORE UPDATE ON books BEGIN SELECT RAISE(ABORT, 'books_never_change'); END;
CREATE TRIGGER books_stay BEFORE DELETE ON books BEGIN SELECT RAISE(ABORT, 'books_stay'); END;

CREATE TABLE programs (
  book_id INTEGER NOT NULL PRIMARY KEY REFERENCES books (book_id),
  name TEXT NOT NULL CONSTRAINT name_given CHECK (name <> ''),
  landing_url TEXT NOT NULL,
  status TEXT NOT NULL CONSTRAINT program_status_known CHECK (status IN ('active', 'paused'))
) STRICT;
CREATE TRIGGER programs_stay BEFORE DELETE ON programs BEGIN SELECT RAISE(ABORT, 'programs_stay'); END;

CREATE TABLE rule_versions (
  book_id INTEGER NOT NULL REFERENCES books (book_id),
  version INTEGER NOT NULL CONSTRAINT version_positive CHECK (version > 0),
  rules TEXT NOT NULL CONSTRAINT rules_are_json CHECK (json_valid(rules)),
  effective_from INTEGER NOT NULL,
  PRIMARY KEY (book_id, version)
) STRICT;
CREATE TRIGGER rule_versions_never_change BEFORE UPDATE ON rule_versions
BEGIN SELECT RAISE(ABORT, 'rule_versions_never_change'); END;
CREATE TRIGGER rule_versions_stay BEFORE DELETE ON rule_versions
BEGIN SELECT RAISE(ABORT, 'rule_versions_stay'); END;

CREATE TABLE api_keys (
  book_id INTEGER NOT NULL REFERENCES books (book_id),
  api_key_id BLOB NOT NULL CONSTRAINT api_key_id_form CHECK (length(api_key_id) = 16),
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  hash BLOB NOT NULL CONSTRAINT hash_form CHECK (length(hash) = 32),
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER,
  expires_at INTEGER,
  revoked_at INTEGER,
  PRIMARY KEY (book_id, api_key_id),
  -- Asked for before the program is known.
  CONSTRAINT key_once UNIQUE (api_key_id),
  CONSTRAINT hash_once UNIQUE (hash)
) STRICT;
CREATE TRIGGER api_keys_keep_their_rights
BEFORE UPDATE OF book_id, api_key_id, prefix, hash, scopes, created_at, expires_at ON api_keys
BEGIN SELECT RAISE(ABORT, 'api_keys_keep_their_rights'); END;
CREATE TRIGGER api_keys_stay_revoked BEFORE UPDATE OF revoked_at ON api_keys WHEN OLD.revoked_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'api_keys_stay_revoked'); END;
CREATE TRIGGER api_keys_stay BEFORE DELETE ON api_keys BEGIN SELECT RAISE(ABORT, 'api_keys_stay'); END;

CREATE TABLE idempotency_replies (
  book_id INTEGER NOT NULL REFERENCES books (book_id),
  caller TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  "key" TEXT NOT NULL,
  request BLOB NOT NULL CONSTRAINT request_form CHECK (length(request) = 32),
  status INTEGER NOT NULL CONSTRAINT status_bounds CHECK (status BETWEEN 100 AND 599),
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  CONSTRAINT reply_once PRIMARY KEY (book_id, caller, endpoint, "key")
) STRICT;
-- Old replies are forgotten oldest first, whatever their program.
CREATE INDEX idempotency_replies_age ON idempotency_replies (created_at);
CREATE TRIGGER idempotency_replies_never_change BEFORE UPDATE ON idempotency_replies
BEGIN SELECT RAISE(ABORT, 'idempotency_replies_never_change'); END;
