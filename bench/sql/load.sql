-- The data set, written set-wise: :referred users referred by others, ten a referrer, each verified and welcomed; every
-- user has a code; :lines lines in each referred user's ledger, the first of them the welcome credit, the others of the
-- one kind that no other table tells of. Then five referrers
-- with 1,000 referred users each. What the schema checks row by row is not checked while it is loaded; `ledger verify`
-- checks all of it afterwards (in the small size, at each run).
SET session_replication_role = replica;
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';

CREATE FUNCTION pg_temp.id(kind INT, n BIGINT) RETURNS UUID LANGUAGE SQL IMMUTABLE AS
$$ SELECT ('01a00000-' || lpad(to_hex(kind), 4, '0') || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;

-- As `referral_domain::ledger::account_id` derives it: version 8 of SHA-256.
CREATE FUNCTION pg_temp.account(book BIGINT, owner UUID) RETURNS UUID LANGUAGE SQL IMMUTABLE AS $$
  SELECT overlay(overlay(hex placing '8' from 13) placing substr('89ab', 1 + (get_byte(hash, 8) >> 4) % 4, 1) from 17)::uuid
  FROM (SELECT sha256(int8send(book) || uuid_send(owner) || 'available|USD'::bytea) AS hash) AS h,
    LATERAL (SELECT encode(substr(hash, 1, 16), 'hex') AS hex) AS x
$$;

-- Those that are asked in any role, and so must be put aside by name.
CREATE TEMP TABLE always_on AS
  SELECT tgrelid::regclass AS relation, tgname AS name FROM pg_trigger WHERE tgenabled = 'A';
DO $$ DECLARE t RECORD; BEGIN
  FOR t IN SELECT * FROM always_on LOOP
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', t.relation, t.name);
  END LOOP;
END $$;

SELECT book_id AS book FROM programs \gset
INSERT INTO rule_versions (book_id, version, effective_from, rules)
  SELECT book_id, 2, effective_from + interval '1 microsecond',
    jsonb_set(rules::jsonb, '{policy,max_referrals_per_referrer_per_day}', '1000000')::text
  FROM rule_versions WHERE book_id = :book;

-- Who is who: 1 a referrer, 2 a referred user; the referrer of n is n / 10, but of the last 5,000 one of the last five.
CREATE TEMP TABLE people AS
  SELECT 1 AS kind, n, 'r_' || n AS host, NULL::bigint AS referrer FROM generate_series(0, :referred / 10 + 4) AS n
  UNION ALL
  SELECT 2, n, 's_' || n, n / 10 FROM generate_series(0, :referred - 1) AS n
  UNION ALL
  SELECT 2, :referred + n, 'hot_' || n / 1000 || '_' || n % 1000, :referred / 10 + n / 1000
  FROM generate_series(0, 4999) AS n;

-- When all of them came: a referral's progress repeats its terms, to the microsecond.
SELECT now() - interval '1 day' AS begun \gset
INSERT INTO users (book_id, user_id, signed_up_at, event_word_at, event_word_verified, first_verified_at, first_seen_at)
  SELECT :book, pg_temp.id(kind, n), t, t, true, t, t FROM people, (SELECT :'begun'::timestamptz AS t) AS t;
INSERT INTO user_names (book_id, host_id, user_id) SELECT :book, host, pg_temp.id(kind, n) FROM people;
INSERT INTO referral_codes (book_id, code_id, owner_id, text, folded, is_primary, active, uses, created_at)
  SELECT :book, pg_temp.id(kind + 2, n), pg_temp.id(kind, n), code, code, true, true, 0, :'begun'
  FROM (SELECT kind, n, upper(kind || 'C' || lpad(to_hex(n), 6, '0')) AS code FROM people) AS p;
INSERT INTO referrals (book_id, referral_id, referrer_id, referred_id, code_id, code_text, rule_version, referrer_reward,
    welcome_credit, spend_threshold, qualification_window_days, clawback_window_days, hold_days, source, signed_up_at, applied_at,
    qualifies_until, created_at)
  SELECT :book, pg_temp.id(5, n), pg_temp.id(1, referrer), pg_temp.id(2, n), pg_temp.id(3, referrer),
    upper('1C' || lpad(to_hex(referrer), 6, '0')), 1, 2500, 1000, 5000, 90, 60, 0, 'api', t, t, t + interval '90 days', t
  FROM people, (SELECT :'begun'::timestamptz AS t) AS t WHERE kind = 2;
INSERT INTO referral_progress (book_id, referral_id, qualifies_until, spend_threshold, referrer_reward, welcome_credit,
    state, activated_at, review, verified_at, spend_gross, spend_refunded, welcome_status, welcome_at,
    welcome_transaction, reward_status, reward_steps,
    commission_gross, commission_refunded, commission_due, commission_posted, commission_steps, updated_at)
  SELECT :book, pg_temp.id(5, n), t + interval '90 days', 5000, 2500, 1000, 'active', t, 'none', t, 0, 0, 'granted', t,
    pg_temp.id(256, n), 'not_due', 0, 0, 0, 0, 0, 0, t
  FROM people, (SELECT :'begun'::timestamptz AS t) AS t WHERE kind = 2;

CREATE TEMP TABLE lines AS
  SELECT p.n, l AS line, pg_temp.id(2, p.n) AS owner, pg_temp.account(:book, pg_temp.id(2, p.n)) AS account,
    pg_temp.id(255 + l, p.n) AS transaction, pg_temp.id(4095 + l, p.n) AS transfer, pg_temp.id(5, p.n) AS referral,
    CASE l WHEN 1 THEN 1000 ELSE 1 END AS amount, 999 + l AS after, now() - interval '1 day' + l * interval '1 second' AS at
  FROM people AS p, generate_series(1, :lines) AS l WHERE kind = 2;
UPDATE lines SET at = date_trunc('second', at);

INSERT INTO accounts (book_id, account_id, user_id, purpose, currency, created_at)
  SELECT :book, account, owner, 'available', 'USD', at FROM lines WHERE line = 1;
INSERT INTO account_heads (book_id, account_id, seq, balance)
  SELECT :book, account, line, after FROM lines WHERE line = :lines;
INSERT INTO ledger_transactions (book_id, transaction_id, user_id, kind, referral_id, description, created_by,
    effective_at, recorded_at)
  SELECT :book, transaction, owner, CASE line WHEN 1 THEN 'welcome_credit' ELSE 'owed_repayment' END,
    CASE line WHEN 1 THEN referral END, 'For the bench', 'system', at, at FROM lines;
INSERT INTO transfers (book_id, transfer_id, transaction_id, kind, origin, origin_id, leg, debit_system, credit_account,
    currency, amount, referral_id, effective_at, recorded_at)
  SELECT :book, transfer, transaction, CASE line WHEN 1 THEN 'welcome_credit' ELSE 'owed_repayment' END,
    CASE line WHEN 1 THEN 'welcome' ELSE 'adjustment' END, CASE line WHEN 1 THEN 'ref_' || referral ELSE 'adj_' || transaction END,
    0, CASE line WHEN 1 THEN 'welcome_expense' ELSE 'adjustment' END, account, 'USD', amount,
    CASE line WHEN 1 THEN referral END, at, at FROM lines;
INSERT INTO entries (book_id, account_id, seq, prev_seq, transfer_id, side, amount, balance_before, balance_after, purpose)
  SELECT :book, account, line, nullif(line - 1, 0), transfer, 'C', amount, after - amount, after, 'available' FROM lines;
INSERT INTO history_lines (book_id, user_id, n, prev_n, transaction_id, available_before, held_before, in_payout_before,
    owed_before, available_after, held_after, in_payout_after, owed_after, earned, taken, paid_out, at)
  SELECT :book, owner, line, nullif(line - 1, 0), transaction, after - amount, 0, 0, 0, after, 0, 0, 0, 0, 0, 0, at FROM lines;
DO $$ DECLARE t RECORD; BEGIN
  FOR t IN SELECT * FROM always_on LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.relation, t.name);
  END LOOP;
END $$;
DROP TABLE lines, people, always_on;
RESET session_replication_role;
VACUUM (ANALYZE);
