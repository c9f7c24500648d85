//! The schema: up, down and up again; what it holds; that Diesel sees the same columns; which index answers.

use std::collections::BTreeSet;

use diesel_async::AsyncMigrationHarness;
use diesel_migrations::MigrationHarness;
use referral_domain::port::{Reports, StoreError};
use tokio_postgres::Client;

use super::attacks;
use super::launch::{a_database, an_empty_database};
use crate::migration::MIGRATIONS;
use crate::{PgStore, Sessions, codes, holds, ledger, referrals, spending, users};

async fn lines(client: &Client, query: &str) -> Vec<String> {
    let rows = client.query(query, &[]).await.unwrap_or_else(|error| panic!("{query}: {error:?}"));
    rows.iter().map(|row| row.get(0)).collect()
}

/// Everything the schema holds, as it was written.
async fn objects(client: &Client) -> Vec<String> {
    let query = "SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
        || ' ' || coalesce(generation_expression, '') || coalesce(column_default, '')
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name !~ 'migrations'
        AND table_name <> 'credit_transactions'
    UNION ALL SELECT 'view ' || viewname || definition FROM pg_views WHERE schemaname = 'public'
    UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 't'
        AND conrelid::regclass::text !~ 'migrations'
    UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename !~ 'migrations'
    UNION ALL SELECT 'trigger ' || tgenabled::text || ' ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'table ' || relname || ' ' || coalesce(reloptions::text, '') || ' ' || coalesce(relacl::text, '')
      FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname !~ 'migrations'
    ORDER BY 1";
    lines(client, query).await
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_go_up_down_and_up_again() {
    let database = an_empty_database().await;
    let (client, store) =
        (database.client().await, PgStore::open(&database.url(), Sessions::default()).expect("a store"));
    let names = store.pending().await.expect("pending");
    assert_eq!(store.migrate().await.expect("up"), names);
    let first = objects(&client).await;
    let mut harness = AsyncMigrationHarness::new(store.patient().await.expect("a session").conn);
    harness.revert_all_migrations(MIGRATIONS).expect("down");
    assert_eq!(objects(&client).await, Vec::<String>::new(), "down leaves nothing");
    assert_eq!(store.migrate().await.expect("up again"), names);
    assert_eq!(objects(&client).await, first);
    first.iter().filter(|object| !object.starts_with("function")).for_each(|object| println!("{object}"));
    println!("migrations={} objects={}", names.len(), first.len());
    assert!(store.migrate().await.expect("nothing to do").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_start_at_once_migrate_once() {
    let database = an_empty_database().await;
    let store = PgStore::open(&database.url(), Sessions::default()).expect("a store");
    let racers = (0..4).map(|_| {
        let store = store.clone();
        async move { store.migrate().await.expect("migrated").len() }
    });
    let mut applied = referral_testkit::contract::race(racers).await;
    applied.sort_unstable();
    println!("migrations applied by each of 4 servers={applied:?}");
    assert_eq!(applied[..3], [0, 0, 0]);
    assert!(applied[3] > 0);
}

fn why<T>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Unavailable(source)) => source.to_string(),
        Err(other) => panic!("not unavailable: {other:?}"),
        Ok(_) => panic!("it answered"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_ready_with_exactly_the_schema_of_this_build() {
    let database = an_empty_database().await;
    let store = PgStore::open(&database.url(), Sessions::default()).expect("a store");
    let missing = store.pending().await.expect("pending");
    assert_eq!(missing.first().map(String::as_str), Some("20261123000100_create_programs"));
    assert!(why(store.ready().await).contains(&missing.join(", ")), "it names what is missing");
    assert_eq!(store.pending().await.expect("pending"), missing, "asking changes nothing");
    assert_eq!(store.migrate().await.expect("migrated"), missing);
    store.ready().await.expect("ready");
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')";
    database.client().await.batch_execute(newer).await.expect("a newer build was here");
    assert!(why(store.ready().await).contains("20990101000000"));
    assert!(why(store.migrate().await).contains("newer"));
    assert!(why(store.pending().await).contains("newer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_begins_with_the_book_and_every_guard_holds_for_replication_too() {
    let client = a_database().await.client().await;
    let keys = "SELECT c.conrelid::regclass || ': ' || a.attname FROM pg_constraint AS c
      JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
      WHERE c.contype = 'p' AND c.connamespace = 'public'::regnamespace AND a.attname <> 'book_id'
        AND c.conrelid::regclass::text !~ 'migrations'";
    assert_eq!(lines(&client, keys).await, Vec::<String>::new());
    let lax = "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A'";
    assert_eq!(lines(&client, lax).await, Vec::<String>::new());
    let shared = "SELECT conrelid::regclass || ' ' || conname FROM pg_constraint
      WHERE contype = 'f' AND confrelid IN ('books'::regclass, 'rule_versions'::regclass) ORDER BY 1";
    let rare = ["api_keys", "programs", "rule_versions"].map(|table| format!("{table} {table}_book_id_fkey"));
    assert_eq!(lines(&client, shared).await, rare, "no hot table locks a row that every session shares");
    // A function without a path of its own says where each table is that it reads (`IS DISTINCT FROM f.x` is no table).
    let without_a_path = "SELECT p.proname::text AS name, p.prosrc FROM pg_proc AS p
      WHERE p.pronamespace = 'public'::regnamespace AND NOT coalesce(p.proconfig::text ~ 'search_path', false)";
    let tables = format!(
        r"SELECT p.name || ' ' || t.found[2] FROM ({without_a_path}) AS p CROSS JOIN LATERAL
          regexp_matches(p.prosrc, '\y(from|join|into|update)\s+([a-z_][a-z_.]*)', 'gi') AS t(found)
          WHERE lower(t.found[2]) NOT IN ('fresh', 'lateral') AND t.found[2] !~* '^(f|new)[.]'"
    );
    let named = lines(&client, &tables).await;
    let loose: Vec<_> = named.iter().filter(|table| !table.contains(" public.")).collect();
    println!(
        "tables that functions without a path name={} of them without a schema={}",
        named.len(),
        loose.len()
    );
    assert_eq!(loose, Vec::<&String>::new(), "no function asks a session where its tables are");
    assert!(named.len() > 30, "{named:?}");
}

/// Asks Diesel's tables for every column they name.
macro_rules! columns_of {
    ($($table:ident),+ $(,)?) => {
        [$((stringify!($table), {
            let query = diesel::QueryDsl::select(crate::schema::$table::table, crate::schema::$table::all_columns);
            diesel::debug_query::<diesel::pg::Pg, _>(&query).to_string()
        })),+]
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn diesel_sees_the_columns_that_are_there() {
    let client = a_database().await.client().await;
    let seen = columns_of!(
        audit_log,
        books,
        programs,
        rule_versions,
        api_keys,
        idempotency_replies,
        users,
        user_names,
        referral_codes,
        referrals,
        spend_events,
        holds,
        history_lines,
        ledger_transactions,
        redemptions,
        redemption_reversals
    );
    let mut columns = 0;
    for (table, sql) in &seen {
        let sql = sql.split(" -- ").next().unwrap_or_default();
        let asked = client.prepare(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let there = format!(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}'
               AND table_schema = 'public' AND is_generated = 'NEVER'"
        );
        let there: BTreeSet<_> = lines(&client, &there).await.into_iter().collect();
        let asked: BTreeSet<_> = asked.columns().iter().map(|column| column.name().to_owned()).collect();
        assert_eq!(asked, there, "{table}");
        columns += there.len();
    }
    println!("tables Diesel sees={} columns={columns}", seen.len());
}

/// The plan that a session of units makes once and keeps, for a statement of ours.
async fn plan(client: &Client, text: &str, types: &str, arguments: &str) -> String {
    let number = text.len();
    client
        .batch_execute(&format!("PREPARE s{number} ({types}) AS {text}"))
        .await
        .unwrap_or_else(|e| panic!("{text}: {e}"));
    let explain = format!("EXPLAIN (COSTS OFF) EXECUTE s{number}({arguments})");
    lines(client, &explain).await.join("\n")
}

const NAMES: (&str, &str) = ("text[], bigint", "ARRAY['u'], 1");
const KEYS: (&str, &str) = ("uuid[], bigint", "ARRAY[gen_random_uuid()], 1");

/// What a look-up is for, its text, the types and values of its binds, and the index that must answer.
type Hot = (&'static str, &'static str, (&'static str, &'static str), &'static str);

const HOT: [Hot; 16] = [
    (
        "users by name and id",
        users::LOCK,
        ("text[], bigint, uuid[]", "ARRAY['u'], 1, ARRAY[gen_random_uuid()]"),
        "users_pkey",
    ),
    ("spenders", spending::SPENDERS, NAMES, "referred_once"),
    (
        "who refers",
        referrals::GRAPH,
        ("bigint, uuid[]", "1, ARRAY[gen_random_uuid()]"),
        "referrals_of_a_referrer",
    ),
    (
        "the nth newest",
        referrals::NTH_NEWEST,
        ("uuid[], bigint[], bigint, timestamptz", "ARRAY[gen_random_uuid()], ARRAY[2], 1, now()"),
        "referrals_of_a_referrer",
    ),
    (
        "whose e-mails",
        users::EMAIL_OWNERS,
        ("bytea[], uuid[], bigint", "ARRAY['a'::bytea], ARRAY[gen_random_uuid()], 1"),
        "email_once_a_user",
    ),
    ("referrals by id", referrals::OF_IDS, KEYS, "referral_progress_pkey"),
    ("known events", spending::KNOWN, NAMES, "source_once"),
    ("refunds of spends", spending::REFUNDS, NAMES, "spend_events_refunds"),
    (
        "events that wait",
        spending::PARKED,
        ("bigint, uuid, timestamptz", "1, gen_random_uuid(), now()"),
        "spend_events_parked",
    ),
    ("codes", codes::LOCK, KEYS, "Index Cond: ((book_id = $2) AND (code_id = u.id))"),
    ("heads", ledger::LOCK_HEADS, KEYS, "account_heads_pkey"),
    (
        "to be expired",
        referrals::EXPIRABLE,
        ("bigint, timestamptz, bigint", "1, now(), 10"),
        "referral_progress_expirable",
    ),
    (
        "not at their level",
        referrals::UNSETTLED,
        ("bigint, bigint", "1, 10"),
        "referral_progress_reward_unsettled",
    ),
    (
        "withheld by the budget",
        referrals::BUDGETED,
        ("bigint, bigint", "1, 10"),
        "referral_progress_reward_budget",
    ),
    ("holds of referrals", holds::OF_REFERRALS, KEYS, "holds_of_a_referral"),
    ("matured holds", holds::MATURED, ("bigint, timestamptz, bigint", "1, now(), 10"), "holds_maturing"),
];

/// So many of everybody, in one book, that no index of all of a book is cheap. Nothing is analysed.
const GROWN: &str = "
  INSERT INTO books VALUES (1, 'default', 'USD', 2, now());
  INSERT INTO rule_versions VALUES (1, 1, '{}', now());
  CREATE TEMP TABLE n AS SELECT i, gen_random_uuid() AS id, gen_random_uuid() AS other FROM generate_series(1, 3000) AS i;
  INSERT INTO users (book_id, user_id, first_seen_at) SELECT 1, id, now() FROM n UNION ALL SELECT 1, other, now() FROM n;
  INSERT INTO user_names SELECT 1, 'u_' || i, id FROM n;
  INSERT INTO referral_codes SELECT 1, id, id, 'C' || i, 'C' || i, true, true, NULL, NULL, NULL, 0, NULL, now() FROM n;
  INSERT INTO referrals SELECT 1, id, id, other, id, 'C' || i, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL, 'typed', NULL, NULL, NULL,
    NULL, now(), now(), now() FROM n;
  INSERT INTO referral_progress SELECT 1, id, now(), 1, 1, 1, 'pending', NULL, NULL, NULL, 'none', NULL, NULL, 0, 0,
    'not_due', NULL, NULL, NULL, 'not_due', NULL, NULL, NULL, 0, NULL, 0, 0, 0, 0, 0, NULL, now() FROM n;
  INSERT INTO accounts SELECT 1, id, id, 'available', 'USD', now() FROM n;
  INSERT INTO spend_events (book_id, source_id, event_id, kind, body_hash, user_id, amount, currency, digits, occurred_at,
    recorded_at, outcome, counted, over_refund) SELECT 1, 'e' || i, id, 'S', decode(repeat('00', 32), 'hex'), id, 1, 'USD',
    2, now(), now(), 'not_referred', 0, false FROM n;";

/// What a plan must not do: read a whole table, or the whole of a book by an index and filter it by an id.
fn reads_too_much(plan: &str) -> bool {
    let filters = plan.lines().filter(|line| line.trim_start().starts_with("Filter:"));
    let by_id = filters.filter(|line| line.contains("_id = ")).count();
    by_id > 0 || ["Seq Scan", "Hash Join", "Merge Join"].iter().any(|step| plan.contains(step))
}

#[tokio::test(flavor = "multi_thread")]
async fn hot_look_ups_probe_indexes_without_anything_being_analysed() {
    let database = a_database().await;
    let client = database.client().await;
    client.batch_execute(&format!("BEGIN; {GROWN} COMMIT")).await.expect("a few thousand of everybody");
    let client = database.client().await;
    client.batch_execute(crate::connection::Role::Writer.settings()).await.expect("as units have it");
    for (what, text, (types, arguments), index) in HOT {
        let plan = plan(&client, text, types, arguments).await;
        println!("{what}:\n{plan}\n");
        assert!(plan.contains(index), "{what} is not found by {index}:\n{plan}");
        assert!(!reads_too_much(&plan), "{what}:\n{plan}");
    }
    println!("hot look-ups explained={}, all by index", HOT.len());
}

/// Looks of deferred triggers, which a session may plan while their tables are empty, and the index that must answer.
const CHAINS: [(&str, &str); 3] = [
    ("step_is_recorded", "reward_one_at_a_time"),
    ("commission_is_recorded", "commission_step"),
    ("hold_has_its_step", "hold_step_end"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_chain_is_found_by_the_chain_though_planned_on_empty_tables() {
    let database = a_database().await;
    let client = database.client().await;
    client.batch_execute(crate::connection::Role::Writer.settings()).await.expect("as units have it");
    for (function, index) in CHAINS {
        let source = format!("SELECT prosrc FROM pg_proc WHERE proname = '{function}'");
        let source = lines(&client, &source).await.concat();
        let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
        let look = source.split_once("IF (").and_then(|(_, rest)| rest.split_once(") IS DISTINCT"));
        let (look, _) = look.expect("a look");
        let look = look.replace("NEW.book_id", "1::bigint").replace("NEW.reward_steps", "1::bigint");
        let look = look.replace("NEW.commission_steps", "1::bigint").replace("NEW.steps", "1::bigint");
        let look = look.replace("NEW.referral_id", "$1").replace("NEW.hold_id", "$1");
        let plan = plan(&client, &look, "uuid", "gen_random_uuid()").await;
        println!("{function}:\n{plan}\n");
        assert!(plan.contains(&format!("using {index} on")), "{function} does not walk {index}:\n{plan}");
        assert!(!plan.contains("Filter:") && !plan.contains("Sort"), "{function}:\n{plan}");
    }
    println!("chains explained={}, each by its index", CHAINS.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn credit_transactions_are_read_from_the_ledger() {
    let (client, _database) = attacks::an_honest_book().await;
    let columns =
        "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'credit_transactions'
      ORDER BY ordinal_position";
    let expected = "user_id transaction_type amount balance_before balance_after referral_id reference_id
      reference_type description created_by created_at";
    assert_eq!(lines(&client, columns).await, expected.split_whitespace().collect::<Vec<_>>());
    let of_ana =
        "SELECT format('%s %s from %s to %s', transaction_type, amount, balance_before, balance_after)
      FROM credit_transactions WHERE user_id = 'u_ana' ORDER BY created_at";
    let told = [
        "referral_bonus 2500 from 0 to 2500",
        "credit_redemption -2000 from 2500 to 500",
        "credit_redemption 500 from 500 to 1000",
    ];
    assert_eq!(lines(&client, of_ana).await, told);
    client.batch_execute("DELETE FROM user_names WHERE host_id = 'u_ana'").await.expect("a name is erased");
    let nameless = "SELECT count(*)::text FROM credit_transactions WHERE user_id IS NULL";
    assert_eq!(
        (lines(&client, of_ana).await.len(), lines(&client, nameless).await),
        (0, vec!["3".to_owned()])
    );
}
