-- What P1, P8 and L write, in a database of their own. P1 is the least an event could cost, L the same in units of many;
-- P8 is all that ours does.
CREATE TABLE p1_events (id bigserial PRIMARY KEY, person int NOT NULL, amount int NOT NULL);
CREATE TABLE p1_totals (person int PRIMARY KEY, total bigint NOT NULL) WITH (fillfactor = 70);
INSERT INTO p1_totals SELECT n, 0 FROM generate_series(1, 100000) AS n;
CREATE TABLE p8_events (source text PRIMARY KEY, person int NOT NULL, amount int NOT NULL, outcome text NOT NULL, at timestamptz NOT NULL);
CREATE TABLE p8_totals (person int PRIMARY KEY, total bigint NOT NULL, step int NOT NULL) WITH (fillfactor = 70);
INSERT INTO p8_totals SELECT n, 0, 0 FROM generate_series(1, 100000) AS n;
CREATE TABLE p8_steps (person int NOT NULL, n bigserial, PRIMARY KEY (person, n));
CREATE TABLE p8_transfers (id bigserial PRIMARY KEY, debit int NOT NULL, credit int NOT NULL, amount int NOT NULL, at timestamptz NOT NULL);
CREATE TABLE p8_heads (person int PRIMARY KEY, seq bigint NOT NULL, balance bigint NOT NULL) WITH (fillfactor = 70);
INSERT INTO p8_heads SELECT n, 0, 0 FROM generate_series(1, 100000) AS n;
CREATE TABLE p8_entries (person int NOT NULL, seq bigint NOT NULL, transfer bigint NOT NULL, amount int NOT NULL,
  balance_before bigint NOT NULL, balance_after bigint NOT NULL, PRIMARY KEY (person, seq));
CREATE TABLE p8_days (person int NOT NULL, day date NOT NULL, revenue bigint NOT NULL, PRIMARY KEY (person, day)) WITH (fillfactor = 70);
CREATE TABLE p8_outbox (position bigserial PRIMARY KEY, body text NOT NULL);
CREATE TABLE l_events (source text PRIMARY KEY, person text NOT NULL, amount bigint NOT NULL);
CREATE TABLE l_totals (person text PRIMARY KEY, total bigint NOT NULL) WITH (fillfactor = 70);
INSERT INTO l_totals SELECT 's_' || n, 0 FROM generate_series(0, 99999) AS n;
CREATE FUNCTION l_record(p_sources text[], p_people text[], p_amounts bigint[]) RETURNS bigint LANGUAGE sql AS $$
  WITH fresh AS (INSERT INTO l_events SELECT * FROM unnest(p_sources, p_people, p_amounts) AS u(source, person, amount)
      ORDER BY u.source ON CONFLICT DO NOTHING RETURNING person, amount),
    added AS (INSERT INTO l_totals AS t SELECT person, sum(amount)::bigint FROM fresh GROUP BY person ORDER BY person
      ON CONFLICT (person) DO UPDATE SET total = t.total + excluded.total RETURNING 1)
  SELECT count(*) FROM added;
$$;
CREATE TABLE g_codes (id bigint PRIMARY KEY, body text NOT NULL);
INSERT INTO g_codes SELECT n, 'a code of about thirty-two bytes' FROM generate_series(0, 999999) AS n;
VACUUM (ANALYZE);
