DROP TABLE adjustment_steps;
DROP TABLE adjustments;
DROP FUNCTION has_a_first_step;
DROP FUNCTION step_is_its_transaction;
DROP FUNCTION asked_and_decided_by_one;
