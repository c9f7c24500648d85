DROP TABLE sealed_transfers;
DROP TABLE ledger_blocks;
