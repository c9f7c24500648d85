//! Whose schema: servers that start at once migrate once, and one that was not told to migrate does not.

use std::thread;

use serde_json::Value;

use super::{an_empty_database, shared, turn};
use crate::figure;
use crate::home::Home;
use crate::http::Request;
use crate::server::Server;

#[test]
fn three_servers_that_migrate_an_empty_database_at_once_all_come_up() {
    let _turn = turn();
    let site = shared();
    let database = an_empty_database(&site);
    let home = Home::on(&site.url(&database));
    let servers: Vec<Server> = thread::scope(|scope| {
        let start = || Server::run(&home, home.command(&["serve", "--migrate"]));
        let starting: Vec<_> = (0..3).map(|_| scope.spawn(start)).collect();
        starting.into_iter().map(|server| server.join().expect("it comes up")).collect()
    });
    let ready = servers.iter().filter(|server| server.send(&Request::get("/readyz")).status == 200).count();
    let applied: Vec<usize> = servers.iter().map(|server| applied_by(&server.log())).collect();
    let programs = site.sql(&database, "SELECT count(*) FROM programs");
    let stored: usize =
        site.sql(&database, "SELECT count(*) FROM __diesel_schema_migrations").parse().expect("a number");
    figure(&format!(
        "migrating at once: servers ready={ready}/3 migrations applied={applied:?} stored={stored}"
    ));
    assert_eq!((ready, applied.iter().sum::<usize>(), programs.as_str()), (3, stored, "1"));
    assert!(
        stored > 0 && applied.iter().filter(|count| **count > 0).count() == 1,
        "one did all: {applied:?}"
    );
}

/// How many migrations a server says it applied.
fn applied_by(log: &str) -> usize {
    let line = log.lines().find(|line| line.contains("the store is open")).expect("it says so");
    let event: Value = serde_json::from_str(line).expect("a line of JSON");
    let applied: Vec<String> =
        serde_json::from_str(event["applied"].as_str().expect("a list")).expect("names");
    applied.len()
}

#[test]
fn an_older_schema_is_refused_by_name_until_it_is_migrated() {
    let _turn = turn();
    let site = shared();
    let home = Home::on(&site.url(&an_empty_database(&site)));
    let refused = home.run(&["serve"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("create_programs") && refused.stderr.contains("--migrate"),
        "{refused:?}"
    );
    let missing = home.run(&["migrate", "--check"]);
    assert_eq!((missing.code, missing.stdout.lines().count() > 5), (Some(1), true), "{missing:?}");
    assert!(home.print(&["migrate"]).ends_with("the schema is up to date"));
    assert_eq!(home.run(&["migrate", "--check"]).code, Some(0));
    Server::start(&home).stop();
    assert_eq!(home.run(&["doctor"]).code, Some(0));
}
