//! `cargo xtask measure`: the figures of `docs/MEASURED.md` that need a running server, taken on the release build.
//!
//! The load comes from this process, on the same machine; limits are off, as the design's workloads ask. Everything
//! is bounded in count and talks to loopback alone.

mod client;
mod load;
mod seed;
mod server;

use anyhow::{Context, Result};

use self::load::Timing;
use self::server::Server;
use crate::command;
use crate::report::{self, Figure};
use crate::workspace::Workspace;

const HOW: &str = "cargo xtask measure";

/// How many codes there are, and how many are asked for; half of these are unknown.
const CODES: usize = 100_000;
const LOOKUPS: usize = 20_000;
/// How many referred users spend, and how many events they send one by one and in batches.
const SPENDERS: usize = 2_000;
const SINGLES: usize = 20_000;
const BATCHES: usize = 100;
const BATCH: usize = 500;

/// Measures everything and keeps the figures for `cargo xtask report`.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let build = ["build", "--release", "--locked", "--package", "referral-server"];
    command::run(&workspace.root, "cargo", &build, &[])?;
    let figures = measure(workspace)?;
    for figure in &figures {
        println!("{}: {} {}", figure.name, figure.value, figure.unit);
        report::keep(&workspace.reports(), figure)?;
    }
    Ok(())
}

fn measure(workspace: &Workspace) -> Result<Vec<Figure>> {
    let mut figures = start_up(workspace)?;
    let server = Server::start(workspace)?;
    let key = server.api_key()?;
    println!("seeding {CODES} codes and {SPENDERS} referred users");
    let codes = seed::codes(&server, &key, CODES)?;
    seed::referred(&server, &key, &codes, SPENDERS)?;
    figures.extend(validation(&server, &codes)?);
    figures.extend(spending(&server, &key)?);
    let loaded = server.resident_mb()?;
    figures.push(figure("resident_memory_after_load_mb", loaded, "MB"));
    server.stop()?;
    Ok(figures)
}

/// Five starts on an empty folder; the median counts.
fn start_up(workspace: &Workspace) -> Result<Vec<Figure>> {
    let mut starts = Vec::new();
    let mut resident = Vec::new();
    for _ in 0..5 {
        let server = Server::start(workspace)?;
        starts.push(server.first_reply_ms());
        resident.push(server.resident_mb()?);
        server.stop()?;
    }
    let figures = [("start_to_first_reply_ms", starts, "ms"), ("resident_memory_idle_mb", resident, "MB")];
    figures.into_iter().map(|(name, values, unit)| Ok(figure(name, median(values)?, unit))).collect()
}

fn validation(server: &Server, codes: &[String]) -> Result<Vec<Figure>> {
    let timing = load::run(server.address(), 16, seed::lookups(codes, LOOKUPS))?;
    Ok(vec![
        figure("validate_p50_ms", timing.percentile_ms(50)?, "ms"),
        figure("validate_p99_ms", timing.percentile_ms(99)?, "ms"),
        figure("validate_16_connections_per_s", timing.per_second(1), "/s"),
    ])
}

fn spending(server: &Server, key: &str) -> Result<Vec<Figure>> {
    let singles = load::run(server.address(), 64, seed::singles(key, SPENDERS, SINGLES))?;
    let batches: Timing = load::run(server.address(), 4, seed::batches(key, SPENDERS, BATCHES, BATCH))?;
    Ok(vec![
        figure("spend_single_64_connections_per_s", singles.per_second(1), "/s"),
        figure("spend_single_64_connections_p99_ms", singles.percentile_ms(99)?, "ms"),
        figure("spend_batch_500_per_s", batches.per_second(BATCH), "events/s"),
    ])
}

fn figure(name: &str, tenths: u64, unit: &str) -> Figure {
    Figure::new(name, &format!("{}.{}", tenths / 10, tenths % 10), unit, HOW)
}

fn median(mut values: Vec<u64>) -> Result<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied().context("nothing was measured")
}
