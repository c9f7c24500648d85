\set person random(1, 100000)
\set source random(1, 4611686018427387904)
BEGIN;
SELECT total, step FROM p8_totals WHERE person = :person FOR UPDATE;
INSERT INTO p8_events VALUES ('inv_' || :source, :person, 50, 'counted', now());
UPDATE p8_totals SET total = total + 50, step = step + 1 WHERE person = :person;
INSERT INTO p8_steps (person) VALUES (:person);
SELECT seq, balance FROM p8_heads WHERE person = :person FOR UPDATE \gset
INSERT INTO p8_transfers (debit, credit, amount, at) VALUES (0, :person, 50, now());
INSERT INTO p8_entries VALUES (:person, :seq + 1, 1, 50, :balance, :balance + 50);
UPDATE p8_heads SET seq = seq + 1, balance = balance + 50 WHERE person = :person;
INSERT INTO p8_days VALUES (:person, current_date, 50)
  ON CONFLICT (person, day) DO UPDATE SET revenue = p8_days.revenue + 50;
INSERT INTO p8_outbox (body) VALUES ('something happened to somebody');
COMMIT;
