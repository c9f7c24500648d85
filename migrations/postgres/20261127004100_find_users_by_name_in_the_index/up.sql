-- Nearly every request begins with a user's name. The key holds the id that is asked for, so that the row is not read, which
-- lies on a page of its own for every name.

ALTER TABLE user_names DROP CONSTRAINT name_once;
ALTER TABLE user_names ADD CONSTRAINT name_once PRIMARY KEY (book_id, host_id) INCLUDE (user_id);
