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

use tokio_postgres::Client;

use super::launch::{Database, a_database};

/// What must refuse an attack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refusal {
    /// The constraint, index or trigger of this name.
    Named(&'static str),
    /// The server itself, in words that hold these.
    Words(&'static str),
}

struct Attack {
    label: &'static str,
    sql: String,
    by: Refusal,
}

fn attack(label: &'static str, by: Refusal, sql: impl Into<String>) -> Attack {
    Attack { label, sql: sql.into(), by }
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
    let (client, _database) = an_honest_book().await;
    let before = fingerprint(&client).await;
    let (attacks, mut leaks, mut no_right) = (attacks(), Vec::new(), 0);
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
    assert_eq!(fingerprint(&client).await, before, "nothing was left behind");
    let (tried, refused) = (attacks.len() * 2, attacks.len() * 2 - leaks.len());
    println!(
        "rejected={refused}/{tried} of which the service had no right to={no_right} rows={}",
        before.len()
    );
    assert!(leaks.is_empty(), "{leaks:#?}");
    assert!(attacks.len() >= 100, "{} attacks", attacks.len());
}

/// What drops a constraint, an index or a trigger of this name.
async fn dropping(client: &Client, name: &str) -> String {
    let what = "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE;', conrelid::regclass, conname), 1
        FROM pg_constraint WHERE conname = $1 AND contype <> 't'
      UNION ALL SELECT format('DROP TRIGGER %I ON %s;', tgname, tgrelid::regclass), 2 FROM pg_trigger WHERE tgname = $1
      UNION ALL SELECT format('DROP INDEX %I;', indexname), 3 FROM pg_indexes WHERE indexname = $1
      ORDER BY 2 LIMIT 1";
    let found = client.query_opt(what, &[&name]).await.expect("the catalogue");
    found.unwrap_or_else(|| panic!("nothing is called {name}")).get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_passes_what_refuses_it_once_that_is_dropped() {
    let (client, _database) = an_honest_book().await;
    let (mut tried, mut stored) = (0, Vec::new());
    for Attack { label, sql, by } in &attacks() {
        let Refusal::Named(name) = by else { continue };
        tried += 1;
        let end = run(&client, &dropping(&client, name).await, sql).await;
        assert!(!is_refused(&end, *by), "{label}: {name} was dropped");
        if end == End::Stored {
            stored.push(*label);
        }
    }
    println!("refusals dropped={tried} attacks that then stored something={}", stored.len());
    assert!(
        stored.contains(&"change when a transfer took effect") && stored.len() * 2 >= tried,
        "{stored:?}"
    );
}
