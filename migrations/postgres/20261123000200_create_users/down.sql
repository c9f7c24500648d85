DROP FUNCTION make_users(BIGINT, TEXT[], UUID[], TIMESTAMPTZ);
DROP TABLE user_emails;
DROP TABLE user_names;
DROP TABLE users;
