-- The audit log: every change by a person or a key, append-only as the ledger is. A person stands here by their internal
-- id; their name stands in user_names alone, and can be erased. Nothing else here may name a person.

CREATE TABLE audit_log (
  book_id INTEGER NOT NULL REFERENCES books (book_id),
  audit_id BLOB NOT NULL CONSTRAINT audit_id_form CHECK (length(audit_id) = 16),
  actor_kind TEXT NOT NULL CONSTRAINT actor_kind_known CHECK (actor_kind = 'user' OR actor_kind = 'key'
    OR actor_kind = 'staff' OR actor_kind = 'command'),
  user_id BLOB,
  actor_id TEXT CONSTRAINT actor_id_given CHECK (actor_id <> ''),
  action TEXT NOT NULL CONSTRAINT action_form
    CHECK (action GLOB '?*.?*' AND action NOT GLOB '*.*.*' AND action NOT GLOB '*[^a-z.-]*'),
  subject TEXT NOT NULL CONSTRAINT audit_subject_given CHECK (subject <> ''),
  before TEXT CONSTRAINT before_is_an_object CHECK (json_valid(before) AND json_type(before) = 'object'),
  after TEXT CONSTRAINT after_is_an_object CHECK (json_valid(after) AND json_type(after) = 'object'),
  at INTEGER NOT NULL,
  CONSTRAINT audited_once PRIMARY KEY (book_id, audit_id),
  CONSTRAINT a_person_is_a_user CHECK ((actor_kind IN ('user', 'staff')) = (user_id IS NOT NULL)),
  CONSTRAINT no_person_is_named CHECK ((actor_kind IN ('key', 'command')) = (actor_id IS NOT NULL)),
  CONSTRAINT audit_of_a_user FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id)
) STRICT;
-- Pages, newest first: of all, of a person, of another actor, of a subject.
CREATE INDEX audit_log_newest ON audit_log (book_id, at, audit_id);
CREATE INDEX audit_log_of_a_person ON audit_log (book_id, user_id, at, audit_id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_log_of_an_actor ON audit_log (book_id, actor_id, at, audit_id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_log_of_a_subject ON audit_log (book_id, subject, at, audit_id);
CREATE TRIGGER audit_log_never_change BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'audit_log_never_change'); END;
CREATE TRIGGER audit_log_stay BEFORE DELETE ON audit_log BEGIN SELECT RAISE(ABORT, 'audit_log_stay'); END;
