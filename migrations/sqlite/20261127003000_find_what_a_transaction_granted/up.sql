-- Which progress names a transaction. While a deferred key is open, SQLite asks this of every transaction that is inserted:
-- without an index each reward read every row of its book to hear that there is none. They are unique, as a transaction
-- grants one thing, and because the planner prefers a walk by the primary key's first column to any index that is not.

CREATE UNIQUE INDEX referral_progress_of_a_welcome ON referral_progress (book_id, welcome_transaction)
WHERE welcome_transaction IS NOT NULL;
CREATE UNIQUE INDEX referral_progress_of_a_reward ON referral_progress (book_id, reward_transaction)
WHERE reward_transaction IS NOT NULL;
