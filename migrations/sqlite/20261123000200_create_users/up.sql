-- Users: everything else knows a user by an internal id that stays; what names or describes the person can be erased
-- (user_names, user_emails, users.email) without touching the ledger.

CREATE TABLE users (
  book_id INTEGER NOT NULL REFERENCES books (book_id),
  user_id BLOB NOT NULL CONSTRAINT user_id_form CHECK (length(user_id) = 16),
  signed_up_at INTEGER,
  event_word_at INTEGER,
  event_word_verified INTEGER CONSTRAINT event_word_bool CHECK (event_word_verified IN (0, 1)),
  token_word_at INTEGER,
  token_word_verified INTEGER CONSTRAINT token_word_bool CHECK (token_word_verified IN (0, 1)),
  first_verified_at INTEGER,
  email BLOB CONSTRAINT email_form CHECK (length(email) = 32),
  first_seen_at INTEGER NOT NULL,
  PRIMARY KEY (book_id, user_id),
  CONSTRAINT event_word_whole CHECK ((event_word_at IS NULL) = (event_word_verified IS NULL)),
  CONSTRAINT token_word_whole CHECK ((token_word_at IS NULL) = (token_word_verified IS NULL))
) STRICT, WITHOUT ROWID;
CREATE TRIGGER users_keep_their_id BEFORE UPDATE OF book_id, user_id, first_seen_at ON users
WHEN (NEW.book_id, NEW.user_id, NEW.first_seen_at) IS NOT (OLD.book_id, OLD.user_id, OLD.first_seen_at)
BEGIN SELECT RAISE(ABORT, 'users_keep_their_id'); END;
CREATE TRIGGER users_stay BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, 'users_stay'); END;

-- The one place where the host's id stands.
CREATE TABLE user_names (
  book_id INTEGER NOT NULL,
  host_id TEXT NOT NULL CONSTRAINT host_id_form CHECK (length(host_id) BETWEEN 1 AND 100),
  user_id BLOB NOT NULL,
  CONSTRAINT name_once PRIMARY KEY (book_id, host_id),
  CONSTRAINT one_name UNIQUE (book_id, user_id),
  FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id)
) STRICT, WITHOUT ROWID;

-- Every e-mail a user ever had, as a keyed hash. Rows of one instant are told apart by their rowid.
CREATE TABLE user_emails (
  book_id INTEGER NOT NULL,
  email BLOB NOT NULL CONSTRAINT user_email_form CHECK (length(email) = 32),
  user_id BLOB NOT NULL,
  first_seen_at INTEGER NOT NULL,
  CONSTRAINT email_once_a_user PRIMARY KEY (book_id, email, user_id),
  FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id)
) STRICT;
