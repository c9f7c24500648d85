DROP TABLE settlement_lines;
DROP TABLE batch_items;
DROP TABLE payout_steps;
DROP TABLE batch_steps;
DROP TABLE payout_batches;
DROP TABLE payouts;
DROP TABLE payout_methods;
