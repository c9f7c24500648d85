ALTER TABLE user_names DROP CONSTRAINT name_once;
ALTER TABLE user_names ADD CONSTRAINT name_once PRIMARY KEY (book_id, host_id);
