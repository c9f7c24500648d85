DROP INDEX transaction_of_an_instant;
