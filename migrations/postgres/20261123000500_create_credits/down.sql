DROP VIEW credit_transactions;
DROP TABLE redemption_reversals;
DROP TABLE redemptions;
