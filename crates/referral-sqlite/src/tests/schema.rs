//! The schema: up, down and up again; what it holds; that Diesel sees the same columns; which index answers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_migrations::MigrationHarness;
use referral_domain::code::FoldedCode;
use referral_domain::id::{BookId, ReferralId, UserId};
use referral_domain::ledger::TransactionKind;
use referral_domain::port::{HistoryFilter, Reports, StoreError};
use referral_domain::reference::SourceId;
use referral_domain::time::Timestamp;
use tempfile::TempDir;

use super::{FILE, attacks, lines};
use crate::SqliteStore;
use crate::connection::{self, Role};
use crate::migration::{self, MIGRATIONS};
use crate::reports::history;
use crate::{codes, holds, spending};

fn an_empty_file() -> (SqliteConnection, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let conn = connection::open(&folder.path().join(FILE), Role::Writer).expect("a connection");
    (conn, folder)
}

/// Everything the schema holds, as it was written.
fn objects(conn: &mut SqliteConnection) -> Vec<String> {
    lines(
        conn,
        "SELECT type || ' ' || name || ': ' || sql AS line FROM sqlite_schema
         WHERE sql IS NOT NULL AND name NOT LIKE '%migrations' ORDER BY 1",
    )
}

#[test]
fn migrations_go_up_down_and_up_again() {
    let (mut conn, _folder) = an_empty_file();
    let names = migration::pending(&mut conn).expect("pending");
    assert_eq!(migration::migrate(&mut conn).expect("up"), names);
    let first = objects(&mut conn);
    conn.revert_all_migrations(MIGRATIONS).expect("down");
    assert_eq!(objects(&mut conn), Vec::<String>::new(), "down leaves nothing");
    assert_eq!(migration::migrate(&mut conn).expect("up again"), names);
    assert_eq!(objects(&mut conn), first);
    println!("migrations={} objects={}", names.len(), first.len());
    assert!(migration::migrate(&mut conn).expect("nothing to do").is_empty());
}

#[tokio::test]
async fn migrations_go_down_from_a_book_in_use() {
    let (mut conn, _folder) = attacks::an_honest_book().await;
    conn.batch_execute("PRAGMA foreign_keys=OFF").expect("keys are off");
    conn.revert_all_migrations(MIGRATIONS).expect("down");
    assert_eq!(objects(&mut conn), Vec::<String>::new());
}

/// The migration since which the events of a referral are a chain.
const CHAINED: &str = "20261127004000";

#[tokio::test]
async fn a_file_from_before_the_chains_is_chained() {
    let (mut conn, _folder) = attacks::an_honest_book().await;
    let chains = |conn: &mut SqliteConnection| {
        lines(
            conn,
            "SELECT source_id || ' follows ' || coalesce(previous_event, 'none') AS line FROM spend_events
             UNION ALL SELECT lower(hex(referral_id)) || ' ends with ' || coalesce(last_event, 'none')
             FROM referral_progress ORDER BY 1",
        )
    };
    let told = chains(&mut conn);
    assert!(told.contains(&"eve_back follows eve_1".to_owned()), "{told:?}");
    while conn.revert_last_migration(MIGRATIONS).expect("down").to_string() != CHAINED {}
    conn.run_pending_migrations(MIGRATIONS).expect("up again");
    assert_eq!(chains(&mut conn), told);
}

#[derive(QueryableByName)]
struct ForeignKey {
    #[diesel(sql_type = Text)]
    child: String,
    #[diesel(sql_type = Text)]
    columns: String,
    #[diesel(sql_type = Text)]
    parent: String,
}

fn foreign_keys(conn: &mut SqliteConnection) -> Vec<ForeignKey> {
    diesel::sql_query(
        r#"SELECT s.name AS child, k."table" AS parent, group_concat(k."from", ',' ORDER BY k.seq) AS columns
           FROM sqlite_schema AS s JOIN pragma_foreign_key_list(s.name) AS k WHERE s.type = 'table'
           GROUP BY s.name, k.id ORDER BY 1, 3"#,
    )
    .load(conn)
    .expect("foreign keys")
}

/// Each index with its columns, in order.
fn indexes(conn: &mut SqliteConnection) -> Vec<String> {
    lines(
        conn,
        "SELECT s.name || '(' || group_concat(c.name, ',' ORDER BY c.seqno) || ')' AS line FROM sqlite_schema AS s
         JOIN pragma_index_list(s.name) AS i JOIN pragma_index_info(i.name) AS c WHERE s.type = 'table'
         GROUP BY s.name, i.name ORDER BY 1",
    )
}

fn tables(conn: &mut SqliteConnection) -> Vec<String> {
    lines(
        conn,
        "SELECT name AS line FROM sqlite_schema
         WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%migrations' ORDER BY 1",
    )
}

/// Tables whose rows a trigger keeps.
fn kept(conn: &mut SqliteConnection) -> BTreeSet<String> {
    let sql =
        "SELECT tbl_name AS line FROM sqlite_schema WHERE type = 'trigger' AND sql LIKE '%BEFORE DELETE ON%'";
    lines(conn, sql).into_iter().collect()
}

/// Foreign keys to rows that can be deleted, which no index begins with.
fn unindexed(conn: &mut SqliteConnection) -> Vec<String> {
    let (kept, indexes) = (kept(conn), indexes(conn));
    let deletable = foreign_keys(conn).into_iter().filter(|key| !kept.contains(&key.parent));
    let is_indexed = |key: &ForeignKey| {
        let start = format!("{}({}", key.child, key.columns);
        indexes
            .iter()
            .any(|index| index.strip_prefix(&start).is_some_and(|rest| rest.starts_with([',', ')'])))
    };
    deletable.filter(|key| !is_indexed(key)).map(|key| format!("{}({})", key.child, key.columns)).collect()
}

#[tokio::test]
async fn every_foreign_key_to_a_row_that_can_be_deleted_is_indexed() {
    let (mut conn, _folder) = attacks::an_honest_book().await;
    let (tables, keys, indexes) = (tables(&mut conn), foreign_keys(&mut conn), indexes(&mut conn));
    let mut columns = 0;
    for table in &tables {
        let sql = format!("SELECT name || ' ' || type AS line FROM pragma_table_xinfo('{table}')");
        let found = lines(&mut conn, &sql);
        columns += found.len();
        println!("table {table}: {}", found.join(", "));
    }
    indexes.iter().for_each(|index| println!("index {index}"));
    keys.iter().for_each(|key| println!("foreign key {}({}) to {}", key.child, key.columns, key.parent));
    let kept = kept(&mut conn);
    let to_kept = keys.iter().filter(|key| kept.contains(&key.parent)).count();
    println!(
        "schema tables={} columns={columns} indexes={} foreign_keys={} of which to rows that are never deleted={to_kept}",
        tables.len(),
        indexes.len(),
        keys.len()
    );
    assert_eq!(unindexed(&mut conn), Vec::<String>::new());
    assert!(tables.len() >= 20 && keys.len() >= 50, "the schema is there");
    let lent = "CREATE TABLE lent (id INTEGER PRIMARY KEY) STRICT;
      CREATE TABLE lending (id INTEGER PRIMARY KEY, lent INTEGER REFERENCES lent (id)) STRICT;";
    conn.batch_execute(lent).expect("two more tables");
    assert_eq!(unindexed(&mut conn), ["lending(lent)"], "the check finds one that is not");
}

#[tokio::test]
async fn every_table_is_strict_and_every_key_begins_with_the_book() {
    let (mut conn, _folder) = attacks::an_honest_book().await;
    let loose = lines(
        &mut conn,
        "SELECT name AS line FROM pragma_table_list
         WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'
           AND name NOT LIKE '%migrations'",
    );
    assert_eq!(loose, Vec::<String>::new());
    let keys = lines(
        &mut conn,
        "SELECT s.name || ': ' || c.name AS line FROM sqlite_schema AS s JOIN pragma_table_info(s.name) AS c
         WHERE s.type = 'table' AND c.pk = 1 AND s.name NOT LIKE '%migrations' AND c.name <> 'book_id'",
    );
    assert_eq!(keys, Vec::<String>::new());
}

/// Asks Diesel's tables for every column they name.
macro_rules! select_every_column {
    ($conn:expr; $($table:ident),+ $(,)?) => {
        [$((stringify!($table), {
            let query = crate::schema::$table::table.select(crate::schema::$table::all_columns);
            let sql = diesel::debug_query::<diesel::sqlite::Sqlite, _>(&query).to_string();
            let sql = sql.split(" -- ").next().unwrap_or_default().to_owned();
            $conn.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
            sql.matches(concat!("`", stringify!($table), "`.")).count()
        })),+]
    };
}

/// The terms that progress repeats for its indexes: whoever reads them reads them of the referral.
const REPEATED: [&str; 4] = ["qualifies_until", "spend_threshold", "referrer_reward", "welcome_credit"];

#[tokio::test]
async fn diesel_sees_the_columns_that_are_there() {
    let (mut conn, _folder) = attacks::an_honest_book().await;
    let seen = select_every_column!(conn; audit_log, books, programs, rule_versions, api_keys, idempotency_replies, users,
        user_names, user_emails, referral_codes, referrals, referral_progress, spend_events, spend_event_details,
        spend_folds, accounts, account_heads, ledger_transactions, transfers, entries, history_lines, reward_steps,
        commission_steps, holds, budget_months, redemptions, redemption_reversals);
    for (table, columns) in seen {
        let sql = format!("SELECT name AS line FROM pragma_table_info('{table}')");
        let rowid = usize::from(table == "user_emails");
        let seen = columns + if table == "referral_progress" { REPEATED.len() } else { 0 };
        let there = lines(&mut conn, &sql);
        assert_eq!(there.len() + rowid, seen, "{table}");
        assert!(
            table != "referral_progress" || REPEATED.iter().all(|term| there.iter().any(|it| it == term))
        );
    }
    println!("tables Diesel sees={}", seen.len());
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = BigInt)]
    #[allow(dead_code, reason = "named so that the row is read whole")]
    id: i64,
}

fn plan(conn: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let rows: Vec<Plan> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(conn).expect("a plan");
    rows.into_iter().map(|row| row.detail).collect()
}

/// The statements that something runs, with 1 for each bind.
fn statements(conn: &mut SqliteConnection, run: impl FnOnce(&mut SqliteConnection)) -> Vec<String> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            told.lock().expect("not poisoned").push(query.to_string());
        }
    });
    run(conn);
    conn.set_instrumentation(|_: InstrumentationEvent<'_>| ());
    let seen = seen.lock().expect("not poisoned");
    seen.iter().map(|sql| sql.split(" -- ").next().unwrap_or_default().replace('?', "1")).collect()
}

#[tokio::test]
async fn a_code_is_found_by_the_unique_index_of_its_folded_form() {
    let (mut conn, _folder) = attacks::an_honest_book().await;
    let folded = FoldedCode::fold("ana-2o26").expect("a code");
    let asked = statements(&mut conn, |conn| {
        let found = codes::by_folded(conn, BookId(1), &folded).expect("a look-up");
        assert_eq!(found.expect("ana's code").text.as_str(), "ANA-2026");
    });
    let found = plan(&mut conn, &asked[0]);
    println!("plan of a code's look-up: {found:?}");
    let unique =
        "SEARCH referral_codes USING INDEX sqlite_autoindex_referral_codes_2 (book_id=? AND folded=?)";
    assert_eq!((asked.len(), found), (1, vec![unique.to_owned()]));
    let columns = "SELECT name AS line FROM pragma_index_info('sqlite_autoindex_referral_codes_2')";
    assert_eq!(lines(&mut conn, columns), ["book_id", "folded"]);
}

#[tokio::test]
async fn what_workers_claim_is_found_by_partial_indexes() {
    let (mut conn, _folder) = attacks::an_honest_book().await;
    let unsettled = plan(&mut conn, &crate::referrals::UNSETTLED.replace('?', "1"));
    let scans = unsettled.iter().filter(|step| step.starts_with("SCAN") && !step.contains("due"));
    assert_eq!(scans.collect::<Vec<_>>(), Vec::<&String>::new(), "{unsettled:#?}");
    let indexes = [
        "reward_unsettled",
        "reward_undue",
        "welcome_unsettled",
        "welcome_undue",
        "commission_unsettled",
        "commission_undue",
        "reward_withheld",
        "welcome_withheld",
        "commission_withheld",
    ];
    for index in indexes.map(|name| format!("referral_progress_{name}")) {
        assert!(unsettled.iter().any(|step| step.contains(&index)), "{index} is not used: {unsettled:#?}");
    }
    let expirable = plan(&mut conn, &crate::referrals::EXPIRABLE.replace('?', "1"));
    assert!(expirable[0].contains("referral_progress_expirable"), "{expirable:#?}");
    let budgeted = plan(&mut conn, &crate::referrals::BUDGETED.replace('?', "1"));
    assert!(budgeted[0].contains("referral_progress_reward_budget"), "{budgeted:#?}");
    assert!(budgeted.iter().all(|step| !step.contains("B-TREE")), "in its order: {budgeted:#?}");
    let matured = plan(&mut conn, &holds::MATURED.replace('?', "1"));
    assert!(matured[0].contains("holds_maturing"), "{matured:#?}");
    let waiting = plan(&mut conn, &crate::referrals::WAITING.replace('?', "1"));
    assert!(waiting[0].contains("referrer_id=?"), "one referrer's referrals, not the book's: {waiting:#?}");
    let cat = UserId::from_uuid(uuid::Uuid::from_u128(0xc1));
    let asked = statements(&mut conn, |conn| {
        let parked = spending::parked(conn, BookId(1), cat, Timestamp::from_micros(0)).expect("events");
        assert_eq!(parked.len(), 1);
        let spend = SourceId::parse("eve_1").expect("an id");
        assert_eq!(spending::refunds(conn, BookId(1), &spend).expect("refunds").len(), 1);
        let referral = ReferralId::from_uuid(uuid::Uuid::from_u128(0x52));
        assert_eq!(holds::open(conn, BookId(1), vec![referral]).expect("holds").len(), 1);
        codes::primary(conn, BookId(1), cat).expect("a code");
    });
    let [parked, refunds, open, primary] = [0, 1, 2, 3].map(|at| plan(&mut conn, &asked[at]));
    assert!(parked[0].contains("spend_events_parked"), "{parked:#?}");
    assert!(refunds[0].contains("spend_events_refunds"), "{refunds:#?}");
    assert!(open[0].contains("holds_of_a_referral"), "{open:#?}");
    assert!(primary[0].contains("referral_codes_primary"), "{primary:#?}");
}

/// Every way to bound a page by time, by number and by kind.
fn filters() -> Vec<HistoryFilter> {
    let (from, until) = (Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX));
    let chosen = |bit: u32, n: u32| n & bit != 0;
    let filter = |n: u32| HistoryFilter {
        from: chosen(1, n).then_some(from),
        until: chosen(2, n).then_some(until),
        before: chosen(4, n).then_some(3),
        kinds: if chosen(8, n) { vec![TransactionKind::CreditRedemption] } else { Vec::new() },
        limit: 2,
    };
    (0..16).map(filter).collect()
}

#[tokio::test]
async fn a_page_of_a_history_is_read_in_its_order_and_never_sorted() {
    let (mut conn, _folder) = attacks::an_honest_book().await;
    let ana = UserId::from_uuid(uuid::Uuid::from_u128(0xa1));
    let (filters, mut plans) = (filters(), BTreeSet::new());
    for filter in &filters {
        let asked = statements(&mut conn, |conn| {
            assert!(!history::page(conn, BookId(1), ana, filter).expect("a page").is_empty(), "{filter:?}");
        });
        let page = plan(&mut conn, asked.last().expect("a page is one statement"));
        let in_order =
            "SEARCH history_lines USING INDEX sqlite_autoindex_history_lines_3 (book_id=? AND user_id=?";
        assert!(page[0].starts_with(in_order), "{filter:?}: {page:#?}");
        plans.extend(asked.iter().map(|sql| plan(&mut conn, sql).join("; ")));
    }
    plans.iter().for_each(|plan| println!("plan of a page: {plan}"));
    println!("pages planned={} plans={}", filters.len(), plans.len());
    assert!(plans.iter().all(|plan| !plan.contains("B-TREE") && !plan.contains("SCAN")), "{plans:#?}");
    let columns = "SELECT name AS line FROM pragma_index_info('sqlite_autoindex_history_lines_3')";
    assert_eq!(lines(&mut conn, columns), ["book_id", "user_id", "at"]);
}

fn why<T>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Unavailable(source)) => source.to_string(),
        Err(other) => panic!("not unavailable: {other:?}"),
        Ok(_) => panic!("it answered"),
    }
}

#[tokio::test]
async fn a_store_is_ready_with_exactly_the_schema_of_this_build() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = SqliteStore::open(folder.path().join(FILE)).expect("a store opens");
    let missing = store.pending().await.expect("pending");
    assert_eq!(missing.first().map(String::as_str), Some("20261123000100_create_programs"));
    assert!(why(store.ready().await).contains(&missing.join(", ")), "it names what is missing");
    assert_eq!(store.pending().await.expect("pending"), missing, "asking changes nothing");
    assert_eq!(store.migrate().await.expect("migrated"), missing);
    store.ready().await.expect("ready");
    let mut conn = connection::open(&folder.path().join(FILE), Role::Writer).expect("a connection");
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')";
    conn.batch_execute(newer).expect("a newer build was here");
    assert!(why(store.ready().await).contains("20990101000000"));
    assert!(why(store.migrate().await).contains("newer"));
    assert!(why(store.pending().await).contains("newer"));
}

#[tokio::test]
async fn credit_transactions_are_read_from_the_ledger() {
    let (mut conn, _folder) = attacks::an_honest_book().await;
    let columns = lines(&mut conn, "SELECT name AS line FROM pragma_table_info('credit_transactions')");
    let expected = "user_id transaction_type amount balance_before balance_after referral_id reference_id
      reference_type description created_by created_at";
    assert_eq!(columns, expected.split_whitespace().collect::<Vec<_>>());
    let of_ana = "SELECT format('%s %d from %d to %d', transaction_type, amount, balance_before, balance_after) AS line
      FROM credit_transactions WHERE user_id = 'u_ana' ORDER BY created_at";
    let told = [
        "referral_bonus 2500 from 0 to 2500",
        "credit_redemption -2000 from 2500 to 500",
        "credit_redemption 500 from 500 to 1000",
    ];
    assert_eq!(lines(&mut conn, of_ana), told);
    conn.batch_execute("DELETE FROM user_names WHERE host_id = 'u_ana'").expect("a name is erased");
    let nameless = "SELECT count(*) || '' AS line FROM credit_transactions WHERE user_id IS NULL";
    assert_eq!((lines(&mut conn, of_ana).len(), lines(&mut conn, nameless)), (0, vec!["3".to_owned()]));
}
