\set person random(1, 100000)
BEGIN;
INSERT INTO p1_events (person, amount) VALUES (:person, 50);
UPDATE p1_totals SET total = total + 50 WHERE person = :person;
COMMIT;
