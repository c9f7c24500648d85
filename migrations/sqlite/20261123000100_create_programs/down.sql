DROP TABLE idempotency_replies;
DROP TABLE api_keys;
DROP TABLE rule_versions;
DROP TABLE programs;
DROP TABLE books;
