-- Users: everything else knows a user by an internal id that stays; what names or describes the person can be erased
-- (user_names, user_emails, users.email) without touching the ledger.

CREATE TABLE users (
  book_id BIGINT NOT NULL,
  user_id UUID NOT NULL,
  signed_up_at TIMESTAMPTZ,
  event_word_at TIMESTAMPTZ,
  event_word_verified BOOLEAN,
  token_word_at TIMESTAMPTZ,
  token_word_verified BOOLEAN,
  first_verified_at TIMESTAMPTZ,
  email BYTEA CONSTRAINT email_form CHECK (length(email) = 32),
  first_seen_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (book_id, user_id),
  CONSTRAINT event_word_whole CHECK ((event_word_at IS NULL) = (event_word_verified IS NULL)),
  CONSTRAINT token_word_whole CHECK ((token_word_at IS NULL) = (token_word_verified IS NULL))
) WITH (fillfactor = 85);
SELECT guard('users', true);
CREATE TRIGGER users_keep_their_id BEFORE UPDATE OF book_id, user_id, first_seen_at ON users
FOR EACH ROW WHEN ((NEW.book_id, NEW.user_id, NEW.first_seen_at)
  IS DISTINCT FROM (OLD.book_id, OLD.user_id, OLD.first_seen_at)) EXECUTE FUNCTION refuse();
CREATE TRIGGER users_of_a_book BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION book_is_known();
SELECT always('users', 'users_keep_their_id'), always('users', 'users_of_a_book');

-- The one place where the host's id stands. A name comes before its user: whoever gets the name makes the user.
CREATE TABLE user_names (
  book_id BIGINT NOT NULL,
  host_id TEXT COLLATE "C" NOT NULL CONSTRAINT host_id_form CHECK (length(host_id) BETWEEN 1 AND 100),
  user_id UUID NOT NULL,
  CONSTRAINT name_once PRIMARY KEY (book_id, host_id),
  CONSTRAINT one_name UNIQUE (book_id, user_id),
  CONSTRAINT named_user FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id)
    DEFERRABLE INITIALLY DEFERRED
);

-- Every e-mail a user ever had, as a keyed hash. Rows of one instant are told apart by the unit that wrote them: xid is
-- the database's own, never shown, never hashed.
CREATE TABLE user_emails (
  book_id BIGINT NOT NULL,
  email BYTEA NOT NULL CONSTRAINT user_email_form CHECK (length(email) = 32),
  user_id UUID NOT NULL,
  first_seen_at TIMESTAMPTZ NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CONSTRAINT email_once_a_user PRIMARY KEY (book_id, email, user_id),
  FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id)
);

-- Makes the users whom nobody named yet, under the ids that came with their names. Names are sorted by the caller, so
-- that two units which make the same users at once meet in one order: the second waits for the first and then finds
-- its users. Nothing is written when all are known.
CREATE FUNCTION make_users(p_book BIGINT, p_names TEXT[], p_ids UUID[], p_now TIMESTAMPTZ) RETURNS VOID
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM unnest(p_names) AS u(host_id)
    WHERE (SELECT 1 FROM user_names AS n WHERE n.book_id = p_book AND n.host_id = u.host_id LIMIT 1) IS NULL;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO user_names (book_id, host_id, user_id)
    SELECT p_book, u.host_id, u.user_id FROM unnest(p_names, p_ids) AS u(host_id, user_id)
    WHERE (SELECT 1 FROM user_names AS n WHERE n.book_id = p_book AND n.host_id = u.host_id LIMIT 1) IS NULL
    ON CONFLICT (book_id, host_id) DO NOTHING;
  INSERT INTO users (book_id, user_id, first_seen_at)
    SELECT p_book, u.user_id, p_now FROM unnest(p_names, p_ids) AS u(host_id, user_id)
    CROSS JOIN LATERAL (SELECT n.user_id FROM user_names AS n
      WHERE n.book_id = p_book AND n.host_id = u.host_id LIMIT 1) AS named
    WHERE named.user_id = u.user_id
      AND (SELECT 1 FROM users AS x WHERE x.book_id = p_book AND x.user_id = u.user_id LIMIT 1) IS NULL;
END $$;
