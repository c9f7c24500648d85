-- A page of a history reads the transaction of each of its lines. By their ids they lie on a leaf of the index each; by
-- their user and instant beside each other. An instant is one transaction's, as it is one line's.

CREATE UNIQUE INDEX transaction_of_an_instant ON ledger_transactions (book_id, user_id, recorded_at);
