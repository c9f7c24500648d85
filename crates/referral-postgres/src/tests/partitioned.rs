//! The same tables, hash-partitioned by book: the SQL of the migrations with nothing changed but that, and the whole
//! contract on it.
//!
//! Programs, their rules and their keys stay whole, as what a distributed database would copy to every node: few rows,
//! read by all, and found by keys that know no book.

use std::fs;
use std::path::Path;

use referral_testkit::contract::Subject;
use tokio::sync::OnceCell;

use super::contract::subject;
use super::launch::{Database, a_copy_of, an_empty_database};
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
    subject(store, database)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_a_books_facts_is_partitioned_and_every_unique_key_of_it_begins_with_the_book() {
    let client = template().await.client().await;
    let expected: Vec<String> = migrations().iter().flat_map(|(_, sql)| partitioned(sql).1).collect();
    let one = async |query: &str| client.query_one(query, &[]).await.expect(query).get::<_, i64>(0);
    let partitioned = one("SELECT count(*) FROM pg_class WHERE relkind = 'p'").await;
    let partitions = one("SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r'").await;
    let unique = one("SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
      WHERE c.relkind = 'p' AND i.indisunique")
    .await;
    let led = one("SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
      WHERE c.relkind = 'p' AND i.indisunique AND a.attname = 'book_id'")
    .await;
    let foreign = one("SELECT count(*) FROM pg_constraint AS f JOIN pg_class AS c ON c.oid = f.conrelid
      WHERE f.contype = 'f' AND c.relkind = 'p' AND f.conparentid = 0")
    .await;
    println!(
        "partitioned tables={partitioned} partitions={partitions} unique keys={unique} beginning with the book={led} foreign keys={foreign}"
    );
    let tables = i64::try_from(expected.len()).expect("few");
    assert_eq!((partitioned, partitions), (tables, tables * i64::from(PARTITIONS)));
    assert!(unique > 30 && unique == led && foreign > 20);
}

mod store {
    use super::make;

    referral_testkit::store_contract!(make);
}
