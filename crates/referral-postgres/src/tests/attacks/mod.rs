//! Attacks: somebody with a shell on the database tries to corrupt an honest book, one thing at a time.
//!
//! Each runs in a transaction of its own, as the owner of every table and as the service's role. As the owner it must be
//! refused by the very constraint or trigger it names; as the service by that, or by a right it does not have. A refusal
//! proves something only if the attack works without it: so each is tried again with what refuses it dropped.

mod honest;
mod on_adjustments;
mod on_audit;
mod on_blocks;
mod on_ledger;
mod on_lines;
mod on_postgres;
mod on_promises;
mod on_refunds;
mod on_rows;
mod on_story;
mod promised;
mod row;

use referral_testkit::operated::attack as on_payouts;
use tokio_postgres::Client;

use super::launch::{Database, a_database};
use super::operated;

/// What must refuse an attack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refusal {
    /// The constraint, index or trigger of this name.
    Named(&'static str),
    /// The server itself, in words that hold these.
    Words(&'static str),
}

struct Attack {
    label: String,
    sql: String,
    by: Refusal,
}

fn attack(label: &str, by: Refusal, sql: impl Into<String>) -> Attack {
    Attack { label: label.to_owned(), sql: sql.into(), by }
}

fn attacks() -> Vec<Attack> {
    let attacks = [on_ledger::attacks(), on_lines::attacks(), on_rows::attacks(), on_story::attacks()];
    let later = [
        on_adjustments::attacks(),
        on_audit::attacks(),
        on_promises::attacks(),
        on_refunds::attacks(),
        on_postgres::attacks(),
    ];
    attacks.into_iter().chain(later).flatten().chain(on_blocks::attacks()).collect()
}

/// Lets numbers stand for instants (microseconds) and days, so that the attacks read like those on the other stores.
const NUMBERS: &str = "
  CREATE FUNCTION at_micros(n bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
    AS $$ SELECT '1970-01-01Z'::timestamptz + n * interval '1 microsecond' $$;
  CREATE FUNCTION at_micros(n integer) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$ SELECT at_micros(n::bigint) $$;
  CREATE FUNCTION on_day(n integer) RETURNS date LANGUAGE sql IMMUTABLE AS $$ SELECT DATE '1970-01-01' + n $$;
  CREATE CAST (bigint AS timestamptz) WITH FUNCTION at_micros(bigint) AS ASSIGNMENT;
  CREATE CAST (integer AS timestamptz) WITH FUNCTION at_micros(integer) AS ASSIGNMENT;
  CREATE CAST (integer AS date) WITH FUNCTION on_day(integer) AS ASSIGNMENT;";

/// The honest book, in a database of its own.
pub(super) async fn an_honest_book() -> (Client, Database) {
    let database = a_database().await;
    let client = database.client().await;
    client.batch_execute(NUMBERS).await.expect("numbers are instants");
    client.batch_execute(&honest::everything()).await.expect("an honest book is stored");
    (client, database)
}

/// A database with something honest in it, and what is tried on it.
struct Target {
    client: Client,
    attacks: Vec<Attack>,
    _database: Database,
}

/// The honest book, and what operators did.
async fn targets() -> [Target; 2] {
    let shared = on_payouts::attacks().into_iter();
    let shared = shared.map(|it| attack(&it.label, Refusal::Named(it.by), it.sql));
    let emptied = [
        ("payout_methods", "payout_methods_stay_whole"),
        ("payouts", "payouts_stay_whole"),
        ("payout_steps", "payout_steps_stay_whole"),
        ("payout_batches", "payout_batches_stay_whole"),
        ("batch_steps", "batch_steps_stay_whole"),
        ("batch_items", "batch_items_stay_whole"),
        ("settlement_lines", "settlement_lines_stay_whole"),
        ("adjustments", "adjustments_stay_whole"),
        ("adjustment_steps", "adjustment_steps_stay_whole"),
        ("ledger_blocks", "ledger_blocks_stay_whole"),
        ("sealed_transfers", "sealed_transfers_stay_whole"),
    ];
    let emptied = emptied.into_iter().map(|(table, name)| {
        attack(&format!("empty {table}"), Refusal::Named(name), format!("TRUNCATE {table} CASCADE;"))
    });
    let (client, database) = an_honest_book().await;
    let honest = Target { client, attacks: attacks(), _database: database };
    let (store, database) = operated::told().await;
    drop(store);
    let client = database.client().await;
    [honest, Target { client, attacks: shared.chain(emptied).collect(), _database: database }]
}

/// How an attack ended: by what it was refused, or not at all.
#[derive(Debug, PartialEq)]
enum End {
    Refused { by: Option<String>, words: String, state: String },
    Stored,
}

/// Runs an attack up to the point where a commit would be.
async fn run(client: &Client, first: &str, sql: &str) -> End {
    let whole = format!("BEGIN; {first}\n{sql}\nSET CONSTRAINTS ALL IMMEDIATE;");
    let end = match client.batch_execute(&whole).await {
        Ok(()) => End::Stored,
        Err(error) => {
            let error = error.as_db_error().expect("the server refused it").clone();
            let by = error.constraint().map(ToOwned::to_owned);
            End::Refused { by, words: error.message().to_owned(), state: error.code().code().to_owned() }
        }
    };
    client.batch_execute("ROLLBACK").await.expect("rolled back");
    end
}

fn is_refused(end: &End, by: Refusal) -> bool {
    match (end, by) {
        (End::Refused { by: Some(name), .. }, Refusal::Named(expected)) => name == expected,
        (End::Refused { words, .. }, Refusal::Words(expected)) => words.contains(expected),
        _ => false,
    }
}

/// SQLSTATE of a right one does not have; a trigger of ours that says so names itself as a constraint, too.
fn is_no_right(end: &End) -> bool {
    matches!(end, End::Refused { by: None, state, .. } if state == "42501")
}

/// Every row of every table.
async fn fingerprint(client: &Client) -> Vec<String> {
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ 'migrations' ORDER BY 1";
    let mut found = Vec::new();
    for table in client.query(tables, &[]).await.expect("tables") {
        let table: &str = table.get(0);
        let rows = format!("SELECT '{table}' || t::text FROM {table} AS t ORDER BY 1");
        let rows = client.query(&rows, &[]).await.expect("rows");
        found.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_posting_is_accepted_from_the_owner_and_the_service() {
    let (client, _database) = an_honest_book().await;
    for role in ["", "SET LOCAL ROLE referral_app;"] {
        assert_eq!(run(&client, role, &honest::posting().sql()).await, End::Stored, "as {role:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_is_refused_by_what_it_names_and_changes_nothing() {
    let (mut tried, mut leaks, mut no_right) = (0, Vec::new(), 0);
    for Target { client, attacks, _database } in targets().await {
        let before = fingerprint(&client).await;
        for Attack { label, sql, by } in &attacks {
            let end = run(&client, "", sql).await;
            if !is_refused(&end, *by) {
                leaks.push(format!("{label}: {end:?} instead of {by:?}"));
            }
            let as_service = run(&client, "SET LOCAL ROLE referral_app;", sql).await;
            no_right += usize::from(is_no_right(&as_service));
            if !is_refused(&as_service, *by) && !is_no_right(&as_service) {
                leaks.push(format!("{label}, as the service: {as_service:?} instead of {by:?}"));
            }
        }
        tried += attacks.len() * 2;
        assert_eq!(fingerprint(&client).await, before, "nothing was left behind");
    }
    println!("rejected={}/{tried} of which the service had no right to={no_right}", tried - leaks.len());
    assert!(leaks.is_empty(), "{leaks:#?}");
    assert!(tried >= 400, "{tried} attacks");
}

/// What drops every constraint, index or trigger of this name.
async fn dropping(client: &Client, name: &str) -> String {
    let what = "WITH found AS (
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE;', conrelid::regclass, conname) AS sql, 1 AS rank
          FROM pg_constraint WHERE conname = $1 AND contype <> 't'
        UNION ALL SELECT format('DROP TRIGGER %I ON %s;', tgname, tgrelid::regclass), 2 FROM pg_trigger WHERE tgname = $1
        UNION ALL SELECT format('DROP INDEX %I;', indexname), 3 FROM pg_indexes WHERE indexname = $1)
      SELECT string_agg(sql, ' ') FROM found WHERE rank = (SELECT min(rank) FROM found)";
    let found = client.query_one(what, &[&name]).await.expect("the catalogue");
    found.get::<_, Option<String>>(0).unwrap_or_else(|| panic!("nothing is called {name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_passes_what_refuses_it_once_that_is_dropped() {
    let (mut tried, mut stored) = (0, Vec::new());
    for Target { client, attacks, _database } in targets().await {
        for Attack { label, sql, by } in attacks {
            let Refusal::Named(name) = by else { continue };
            tried += 1;
            let end = run(&client, &dropping(&client, name).await, &sql).await;
            assert!(!is_refused(&end, by), "{label}: {name} was dropped");
            if end == End::Stored {
                stored.push(label);
            }
        }
    }
    println!("refusals dropped={tried} attacks that then stored something={}", stored.len());
    let known = stored.iter().any(|label| label == "change when a transfer took effect");
    assert!(known && stored.len() * 2 >= tried, "{stored:?}");
}

/// Tables of which every promise is attacked, not some.
const WHOLLY: [&str; 4] = ["adjustments", "adjustment_steps", "ledger_blocks", "sealed_transfers"];
/// What another refuses before them: `adjustment_is_its_transaction`, and `adjustment_follows`.
const BEHIND: [&str; 2] = ["adjustment_is_posted", "adjustment_status_known"];

/// What has a name in a schema: its table, and whether it is a unique key that follows from a shorter one, which is only
/// what foreign keys point at.
const PROMISES: &str = "
  SELECT c.conrelid::regclass::text, c.conname::text, EXISTS (SELECT 1 FROM pg_constraint AS o
      WHERE c.contype = 'u' AND o.conrelid = c.conrelid AND o.contype IN ('p', 'u') AND o.oid <> c.oid
        AND o.conkey <@ c.conkey AND array_length(o.conkey, 1) < array_length(c.conkey, 1))
    FROM pg_constraint AS c WHERE c.connamespace = 'public'::regnamespace AND c.conrelid <> 0 AND c.contype IN ('c', 'p', 'u', 'f')
      AND c.conrelid::regclass::text !~ 'migrations' AND c.conparentid = 0
  UNION ALL SELECT tgrelid::regclass::text, tgname::text, false FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0
  ORDER BY 1, 2";

/// A name that the schema gave, not PostgreSQL.
fn is_given(table: &str, name: &str) -> bool {
    let ends = ["_pkey", "_key", "_fkey", "_check", "_not_null"];
    !(name.starts_with(table)
        && ends.iter().any(|end| name.trim_end_matches(char::is_numeric).ends_with(end)))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_table_is_left_without_attacks_and_no_promise_of_those_who_move_money_by_hand() {
    let (mut attacked, mut promises, mut missed) = (Vec::new(), Vec::new(), Vec::new());
    for Target { client, attacks, _database } in targets().await {
        attacked.extend(attacks.iter().filter_map(|attack| match attack.by {
            Refusal::Named(name) => Some(name),
            Refusal::Words(_) => None,
        }));
        let found = client.query(PROMISES, &[]).await.expect("the catalogue");
        promises = found
            .iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect::<Vec<(String, String, bool)>>();
    }
    let tables: std::collections::BTreeSet<_> = promises.iter().map(|(table, ..)| table.clone()).collect();
    for table in &tables {
        let its =
            promises.iter().filter(|(of, name, implied)| of == table && !implied && is_given(table, name));
        let its: Vec<&str> = its.map(|(_, name, _)| name.as_str()).collect();
        let is_attacked = |name: &&&str| attacked.contains(*name) || BEHIND.contains(*name);
        let left: Vec<_> = its.iter().filter(|name| !is_attacked(name)).collect();
        println!("{table}: attacked={}/{}", its.len() - left.len(), its.len());
        let whole = WHOLLY.contains(&table.as_str()) || on_payouts::TABLES.contains(&table.as_str());
        if left.len() == its.len() || (whole && !left.is_empty()) {
            missed.push(format!("{table}: {left:?}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
