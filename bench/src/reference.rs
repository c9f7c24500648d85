//! The references: H, a bare handler; G, a handler with one indexed read; P1 and P8, pgbench; R, redis-benchmark.

use std::net::SocketAddr;
use std::process::Command;

use actix_web::rt::System;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context, Result, bail};
use diesel::prelude::*;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use referral_testkit::launch::postgres::{Site, program};

/// What H answers: as long as an answer about a code.
const CONSTANT: &str = r#"{"valid":true,"code":"K7WQ2M9X","reason":null,"offer":{"welcome_credit":{"amount":"10.00","currency":"USD"},"referrer_reward":{"amount":"25.00","currency":"USD"},"spend_threshold":{"amount":"50.00","currency":"USD"}}}"#;

/// How many connections G has: as many as the server has for its reports.
const G_CONNECTIONS: usize = 8;

/// How many codes there are for G to read.
pub(crate) const G_ROWS: u64 = 1_000_000;

/// Serves H until it is killed.
pub(crate) fn serve_h(address: SocketAddr) -> Result<()> {
    let app = || App::new().route("/", web::get().to(|| async { HttpResponse::Ok().body(CONSTANT) }));
    Ok(System::new().block_on(HttpServer::new(app).workers(2).bind(address)?.run())?)
}

type Connections = Pool<AsyncPgConnection>;

async fn read(pool: Data<Connections>, id: web::Path<i64>) -> actix_web::Result<HttpResponse> {
    let mut connection = pool.get().await.map_err(actix_web::error::ErrorInternalServerError)?;
    let asked = table::g_codes::table.find(id.into_inner()).select(table::g_codes::body);
    let body: String =
        asked.first(&mut connection).await.map_err(actix_web::error::ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().body(body))
}

mod table {
    diesel::table! { g_codes (id) { id -> BigInt, body -> Text, } }
}

/// Serves G until it is killed.
pub(crate) fn serve_g(address: SocketAddr, database: &str) -> Result<()> {
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new(database);
    let pool = Pool::builder(manager).max_size(G_CONNECTIONS).build()?;
    let app = move || App::new().app_data(Data::new(pool.clone())).route("/{id}", web::get().to(read));
    Ok(System::new().block_on(HttpServer::new(app).workers(2).bind(address)?.run())?)
}

/// Transactions a second of one of the committed scripts: prepared, 16 clients.
pub(crate) fn pgbench(site: &Site, database: &str, script: &str, seconds: u64) -> Result<u64> {
    let mut bench = Command::new(program("pgbench"));
    let url = site.url(database);
    bench.args(["-n", "-M", "prepared", "-c", "16", "-j", "2", "-T", &seconds.to_string(), "-f", script]);
    told(bench.arg(url), "tps = ")
}

/// INCR a second.
pub(crate) fn redis(port: u16) -> Result<u64> {
    let mut bench = Command::new("redis-benchmark");
    bench.args(["-p", &port.to_string(), "-t", "incr", "-n", "100000", "-c", "50", "--csv"]);
    told(&mut bench, "\"INCR\",\"")
}

/// The number after a word in what a program prints.
fn told(command: &mut Command, word: &str) -> Result<u64> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let number = text.split(word).nth(1).and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    number.and_then(|digits| digits.parse().ok()).with_context(|| format!("{word:?} is not in {text}"))
}
