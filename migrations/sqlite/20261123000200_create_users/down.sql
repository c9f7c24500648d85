DROP TABLE user_emails;
DROP TABLE user_names;
DROP TABLE users;
