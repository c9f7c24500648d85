DROP TABLE history_lines;
DROP TABLE account_heads;
DROP TABLE entries;
DROP TABLE transfers;
DROP TABLE ledger_transactions;
DROP TABLE accounts;
