//! W10 and W11: the embedded store, its start and its memory.

use anyhow::Result;

use crate::http;
use crate::load::{self, Until};
use crate::plan::Plan;
use crate::report::{Line, Series, Target};
use crate::requests::{BATCH, Spending};
use crate::server::Server;

/// A server on a store of its own with referred users `s_0`, `s_1` and so on, ten a referrer.
fn seeded(plan: &Plan) -> Result<(Server, String)> {
    let users = plan.spenders();
    let server = Server::start(None, &[])?;
    let key = server.key()?;
    let make = key.clone();
    let codes: load::Requests =
        std::sync::Arc::new(move |n| http::post("/api/codes", &make, &format!("{{\"user_id\":\"r_{n}\"}}")));
    load::run(server.address, 16, Until::Sent(users / 10), 0, &codes)?;
    let codes = texts(&server, &key, users / 10)?;
    let sign = key.clone();
    let sign_ups: load::Requests = std::sync::Arc::new(move |n| {
        let code = &codes[usize::try_from(n / 10).unwrap_or(0)];
        let body = format!("{{\"user_id\":\"s_{n}\",\"code\":\"{code}\",\"email_verified\":true}}");
        http::post("/api/events/signup", &sign, &body)
    });
    load::run(server.address, 16, Until::Sent(users), 0, &sign_ups)?;
    Ok((server, key))
}

/// The codes' texts, which the server drew.
fn texts(server: &Server, key: &str, count: u64) -> Result<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = http::Connection::open(server.address).await?;
        let mut texts = Vec::new();
        for n in 0..count {
            let request = http::post("/api/codes", key, &format!("{{\"user_id\":\"r_{n}\"}}"));
            let told: serde_json::Value = serde_json::from_str(connection.send(&request).await?)?;
            texts.push(told["code"].as_str().unwrap_or_default().to_owned());
        }
        Ok(texts)
    })
}

/// W10.
pub(crate) fn run(plan: &Plan, p1: u64) -> Result<Vec<Line>> {
    let (server, key) = seeded(plan)?;
    let spending = Spending::new(&key, "w10", plan.spenders());
    let (mut singles, mut batches) = (Series::default(), Series::default());
    let mut sent = 0;
    for _ in 0..plan.rounds {
        let timing =
            load::run(server.address, plan.singles, Until::Over(plan.each), sent, &spending.singles())?;
        singles.0.push(timing.rate(1));
        let timing = load::run(server.address, 4, Until::Over(plan.each), sent, &spending.batches())?;
        batches.0.push(timing.rate(BATCH));
        sent += 10_000_000;
    }
    spending.rewarded_throughout()?;
    println!("{}", server.verify()?);
    let target = |hundredths| Some(Target::Ratio { of: "P1", reference: p1, hundredths });
    let one_a_request = format!("SQLite: spend, one a request, {} connections", plan.singles);
    Ok(vec![
        line("W10", &one_a_request, singles, "/s", target(150)),
        line("W10", "SQLite: spend, batches of 500, 4 connections", batches, "events/s", target(250)),
    ])
}

/// W11.
pub(crate) fn start_and_memory(plan: &Plan) -> Result<Vec<Line>> {
    let (mut starts, mut idle) = (Series::default(), Series::default());
    for _ in 0..plan.rounds.max(3) {
        let server = Server::start(None, &[])?;
        starts.0.push(u64::try_from(server.first_reply.as_micros())?);
        idle.0.push(server.memory("VmRSS")? / 1_000);
    }
    let (server, key) = seeded(plan)?;
    let spending = Spending::new(&key, "w11", plan.spenders()).singles();
    let mut after = Series::default();
    for third in 0..3 {
        load::run(server.address, plan.singles, Until::Over(plan.soak / 3), third * 10_000_000, &spending)?;
        after.0.push(server.memory("VmRSS")? / 1_000);
    }
    let loaded = format!("SQLite: memory after {} s of W3, at each third", plan.soak.as_secs());
    Ok(vec![
        line("W11", "SQLite: start to listening", starts, "us", Some(Target::AtMost(200_000))),
        line("W11", "SQLite: memory, idle", idle, "kB", Some(Target::AtMost(40_000))),
        line("W11", &loaded, after, "kB", Some(Target::AtMost(150_000))),
    ])
}

fn line(
    workload: &'static str,
    what: &str,
    measured: Series,
    unit: &'static str,
    target: Option<Target>,
) -> Line {
    Line { workload, what: what.to_owned(), measured, unit, target }
}
