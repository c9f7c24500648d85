-- The audit log: every change by a person or a key, append-only as the ledger is. A person stands here by their internal
-- id; their name stands in user_names alone, and can be erased. Nothing else here may name a person.

CREATE TABLE audit_log (
  book_id BIGINT NOT NULL,
  audit_id UUID NOT NULL,
  actor_kind TEXT NOT NULL CONSTRAINT actor_kind_known CHECK (actor_kind IN ('user', 'key', 'staff', 'command')),
  user_id UUID,
  actor_id TEXT COLLATE "C" CONSTRAINT actor_id_given CHECK (actor_id <> ''),
  action TEXT COLLATE "C" NOT NULL CONSTRAINT action_form CHECK (action ~ '^[a-z-]+\.[a-z-]+$'),
  subject TEXT COLLATE "C" NOT NULL CONSTRAINT audit_subject_given CHECK (subject <> ''),
  before TEXT CONSTRAINT before_is_an_object CHECK (jsonb_typeof(before::jsonb) = 'object'),
  after TEXT CONSTRAINT after_is_an_object CHECK (jsonb_typeof(after::jsonb) = 'object'),
  at TIMESTAMPTZ NOT NULL,
  CONSTRAINT audited_once PRIMARY KEY (book_id, audit_id),
  CONSTRAINT a_person_is_a_user CHECK ((actor_kind IN ('user', 'staff')) = (user_id IS NOT NULL)),
  CONSTRAINT no_person_is_named CHECK ((actor_kind IN ('key', 'command')) = (actor_id IS NOT NULL)),
  CONSTRAINT audit_of_a_user FOREIGN KEY (book_id, user_id) REFERENCES users (book_id, user_id)
);
-- Pages, newest first: of all, of a person, of another actor, of a subject.
CREATE INDEX audit_log_newest ON audit_log (book_id, at, audit_id);
CREATE INDEX audit_log_of_a_person ON audit_log (book_id, user_id, at, audit_id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_log_of_an_actor ON audit_log (book_id, actor_id, at, audit_id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_log_of_a_subject ON audit_log (book_id, subject, at, audit_id);
SELECT guard('audit_log', false);
CREATE TRIGGER audit_log_of_a_book BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION book_is_known();
SELECT always('audit_log', 'audit_log_of_a_book');

DO $$
BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'referral_app') THEN
    GRANT SELECT, INSERT ON audit_log TO referral_app;
  END IF;
END $$;
