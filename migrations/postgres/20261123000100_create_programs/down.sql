DROP TABLE idempotency_replies;
DROP TABLE api_keys;
DROP TABLE rule_versions;
DROP TABLE programs;
DROP TABLE books;
DROP FUNCTION book_is_known();
DROP FUNCTION always(TEXT, TEXT);
DROP FUNCTION guard(TEXT, BOOLEAN);
DROP FUNCTION refuse();
