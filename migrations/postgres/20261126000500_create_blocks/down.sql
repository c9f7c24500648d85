DROP TABLE sealed_transfers;
DROP TABLE ledger_blocks;
DROP FUNCTION block_has_its_transfers();
DROP FUNCTION seals_are_transfers();
DROP FUNCTION seals_are_of_a_block();
