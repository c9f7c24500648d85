//! W4 from an empty database, and W9: the same work on little and on much data.

use anyhow::Result;

use super::Bench;
use crate::data::{self, Data, number};
use crate::load::{self, Requests, Until};
use crate::report::{Line, Series, Target};
use crate::requests::{self, BATCH, Spending};
use crate::server::Server;

/// What the figure of the large size must be of the small one's, in hundredths.
const KEPT: u64 = 80;

/// Batches into a database that had nothing but users a moment ago, against the full one.
pub(super) fn from_empty(bench: &Bench) -> Result<Vec<Line>> {
    let (mut full, mut empty) = (Series::default(), Series::default());
    for (round, name) in ["empty_1", "empty_2", "empty_3"].into_iter().take(bench.plan.rounds).enumerate() {
        full.0.push(batches(bench, &bench.large, &format!("full_{round}"))?);
        let data = data::load(&bench.postgres, &bench.sql, name, bench.plan.spenders(), 1)?;
        // As if nobody had ever looked at it.
        bench.postgres.site().sql(name, "DELETE FROM pg_statistic");
        empty.0.push(batches(bench, &data, &format!("empty_{round}"))?);
    }
    let target = Target::Ratio { of: "full", reference: full.median(), hundredths: KEPT };
    Ok(vec![
        line("W4", "batches, into the full database", full, "events/s", None),
        line("W4", "batches, into a new database without statistics", empty, "events/s", Some(target)),
    ])
}

fn batches(bench: &Bench, data: &Data, run: &str) -> Result<u64> {
    let server = Server::start(Some(&data.url), &[])?;
    let spending = Spending::of(data, &server.key()?, run);
    let timing = load::run(server.address, 4, Until::Over(bench.plan.each), 0, &spending.batches())?;
    spending.rewarded_throughout()?;
    Ok(timing.rate(BATCH))
}

/// The small and the large size in turn, PostgreSQL restarted before each.
pub(super) fn run(bench: &mut Bench) -> Result<Vec<Line>> {
    let small = data::load(&bench.postgres, &bench.sql, "small", bench.plan.small, bench.plan.lines)?;
    let large = bench.large.clone();
    let mut figures: [[Series; 2]; 4] = Default::default();
    let mut hits: [Series; 2] = Default::default();
    for round in 0..bench.plan.rounds {
        for (size, data) in [&small, &large].into_iter().enumerate() {
            bench.postgres.restart();
            let measured = measure(bench, data, &format!("w9_{round}"))?;
            for (figure, value) in figures.iter_mut().zip(measured) {
                figure[size].0.push(value);
            }
            hits[size].0.push(hit_ratio(bench, data.name)?);
        }
    }
    let names = ["W3, spend", "W6, balance", "W7, sign-up with a code", "history, newest 50"];
    let mut lines = Vec::new();
    for (name, [small, large]) in names.into_iter().zip(figures) {
        let target = Target::Ratio { of: "small", reference: small.median(), hundredths: KEPT };
        lines.push(line("W9", &format!("{name}, small"), small, "/s", None));
        lines.push(line("W9", &format!("{name}, large"), large, "/s", Some(target)));
    }
    let [small, large] = hits;
    lines.push(line("W9", "buffer hits, small", small, "%", None));
    lines.push(line("W9", "buffer hits, large", large, "%", None));
    Ok(lines)
}

fn measure(bench: &Bench, data: &Data, run: &str) -> Result<[u64; 4]> {
    let server = Server::start(Some(&data.url), &[])?;
    let key = server.key()?;
    let rate = |connections, until, requests: &Requests| -> Result<u64> {
        Ok(load::run(server.address, connections, until, 0, requests)?.rate(1))
    };
    let long = Until::Over(bench.plan.each);
    // As many as the small size has users for: one event in so many rewards in each round, at either size.
    let events = Until::Sent(Spending::events_of(bench.plan.small / u64::try_from(bench.plan.rounds)?));
    let spending = Spending::of(data, &key, run);
    let spent = rate(bench.plan.singles, events, &spending.singles())?;
    spending.rewarded_throughout()?;
    Ok([
        spent,
        rate(32, long, &requests::about("/api/credits/balance", &key, data.referred))?,
        rate(bench.plan.singles, long, &requests::sign_ups(&key, run, data.referrers()))?,
        rate(32, long, &requests::about("/api/credits/history", &key, data.referred))?,
    ])
}

fn hit_ratio(bench: &Bench, database: &str) -> Result<u64> {
    let query = format!(
        "SELECT blks_hit * 100 / greatest(blks_hit + blks_read, 1) FROM pg_stat_database WHERE datname = '{database}'"
    );
    number(bench.postgres.site(), "postgres", &query)
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
