//! The same tables, hash-partitioned by book: the SQL of the migrations with nothing changed but that, and the whole
//! contract on it.
//!
//! Programs, their rules and their keys stay whole, as what a distributed database would copy to every node: few rows,
//! read by all, and found by keys that know no book.

use std::fs;
use std::path::Path;

use referral_domain::port::Store;
use referral_testkit::contract::Subject;
use referral_testkit::fake::NOON;
use tokio::sync::OnceCell;
use tokio_postgres::Client;

use super::contract::subject;
use super::launch::{Database, Ending, a_copy_of, an_empty_database};
use crate::{PgStore, Sessions};

/// What every node would have whole.
const WHOLE: [&str; 4] = ["books", "programs", "rule_versions", "api_keys"];

const PARTITIONS: u32 = 4;

/// The migrations, oldest first: the version and the SQL of each.
fn migrations() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
    let mut all: Vec<_> =
        fs::read_dir(folder).expect("migrations").map(|entry| entry.expect("read").path()).collect();
    all.sort();
    let version = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        name.split('_').next().expect("a version").to_owned()
    };
    all.iter().map(|path| (version(path), fs::read_to_string(path.join("up.sql")).expect("SQL"))).collect()
}

/// Partitions each table that a migration makes; answers the SQL, and which tables.
fn partitioned(sql: &str) -> (String, Vec<String>) {
    let (mut made, mut tables, mut current) = (String::new(), Vec::new(), None);
    for line in sql.lines() {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            let name = rest.trim_end_matches(" (").to_owned();
            current = (!WHOLE.contains(&name.as_str())).then_some(name);
        }
        match current.take_if(|_| line.starts_with(')') && line.ends_with(';')) {
            Some(table) => {
                // A fill factor is a partition's own.
                let with = line.trim_start_matches(')').trim_end_matches(';');
                made += ") PARTITION BY HASH (book_id);\n";
                for n in 0..PARTITIONS {
                    made += &format!(
                        "CREATE TABLE {table}_{n} PARTITION OF {table} FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {n}){with};\n"
                    );
                }
                tables.push(table);
            }
            None => {
                made += line;
                made.push('\n');
            }
        }
    }
    (made, tables)
}

/// A database whose tables are partitioned, made once.
async fn template() -> &'static Database {
    static TEMPLATE: OnceCell<Database> = OnceCell::const_new();
    TEMPLATE.get_or_init(make_template).await
}

async fn make_template() -> Database {
    let database = an_empty_database().await;
    let client = database.client().await;
    let log = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
      run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)";
    client.batch_execute(log).await.expect(log);
    for (version, sql) in migrations() {
        let (sql, _) = partitioned(&sql);
        client
            .batch_execute(&format!("BEGIN; {sql}; COMMIT"))
            .await
            .unwrap_or_else(|fault| panic!("{version}: {fault:?}"));
        let done = format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')");
        client.batch_execute(&done).await.expect("noted");
    }
    database
}

async fn make() -> Subject {
    let database = a_copy_of(template().await).await;
    let store = PgStore::open(&database.url(), Sessions::default()).expect("a store");
    Subject { guard: Box::new(Ending(database.clone())), ..subject(store, database) }
}

/// How many keys of a kind the partitioned tables have, and those of them that do not begin with the book.
async fn keys(client: &Client, kind: &str) -> (i64, Vec<String>) {
    let query = format!(
        "WITH keys (kind, name, first) AS (
           SELECT CASE WHEN i.indisprimary THEN 'primary' WHEN i.indisunique THEN 'unique' ELSE 'index' END,
             i.indexrelid::regclass::text, i.indkey[0] || ' of ' || i.indrelid
           FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid AND c.relkind = 'p'
           UNION ALL SELECT 'foreign', f.conrelid::regclass || ' ' || f.conname, f.conkey[1] || ' of ' || f.conrelid
           FROM pg_constraint AS f JOIN pg_class AS c ON c.oid = f.conrelid AND c.relkind = 'p'
           WHERE f.contype = 'f' AND f.conparentid = 0)
         SELECT count(*), coalesce(array_agg(name ORDER BY name) FILTER (WHERE first NOT IN (
           SELECT attnum || ' of ' || attrelid FROM pg_attribute WHERE attname = 'book_id')), '{{}}')
         FROM keys WHERE kind = '{kind}'"
    );
    let row = client.query_one(&query, &[]).await.expect("keys");
    (row.get(0), row.get(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_a_books_facts_is_partitioned_and_every_key_of_it_begins_with_the_book() {
    let client = template().await.client().await;
    let expected: Vec<String> = migrations().iter().flat_map(|(_, sql)| partitioned(sql).1).collect();
    let one = async |query: &str| client.query_one(query, &[]).await.expect(query).get::<_, i64>(0);
    let partitioned = one("SELECT count(*) FROM pg_class WHERE relkind = 'p'").await;
    let partitions = one("SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r'").await;
    println!("partitioned tables={partitioned} partitions={partitions}");
    let tables = i64::try_from(expected.len()).expect("few");
    assert_eq!((partitioned, partitions), (tables, tables * i64::from(PARTITIONS)));
    for (kind, least) in [("primary", tables), ("unique", 10), ("foreign", 20), ("index", 5)] {
        let (all, astray) = keys(&client, kind).await;
        println!("{kind} keys={all} not beginning with the book={astray:?}");
        // Old replies are forgotten whatever their book: each partition's index is asked.
        let of_all_books: &[&str] = if kind == "index" { &["idempotency_replies_age"] } else { &[] };
        assert_eq!(astray, of_all_books, "{kind}");
        assert!(all >= least, "{kind} keys={all}, at least {least} were expected");
    }
}

/// A row's place is its own only within its partition: the first reply of each is at one place.
#[tokio::test(flavor = "multi_thread")]
async fn of_the_replies_of_many_books_only_the_old_ones_are_forgotten() {
    let database = a_copy_of(template().await).await;
    let client = database.client().await;
    client
        .batch_execute(
            "INSERT INTO books SELECT n, 'b' || n, 'USD', 2, now() FROM generate_series(1, 20) AS n;
             INSERT INTO idempotency_replies SELECT n, 'c', 'e', 'k', decode(repeat('00', 32), 'hex'), 200, '',
               CASE WHEN n = 7 THEN '2000-01-01 00:00Z'::timestamptz ELSE now() END FROM generate_series(1, 20) AS n",
        )
        .await
        .expect("a reply a book");
    let store = PgStore::open(&database.url(), Sessions::default()).expect("a store");
    let mut unit = store.begin().await.expect("a unit");
    let forgotten = unit.idempotency().forget(NOON, 100).await.expect("forgotten");
    unit.commit().await.expect("committed");
    let kept = client.query_one("SELECT count(*) FROM idempotency_replies", &[]).await.expect("a count");
    println!("replies=20 old=1 forgotten={forgotten} kept={}", kept.get::<_, i64>(0));
    assert_eq!((forgotten, kept.get::<_, i64>(0)), (1, 19));
}

mod store {
    use super::make;

    referral_testkit::store_contract!(make);
}
