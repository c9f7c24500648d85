//! W12: a ledger of five million entries, sealed and verified.

use std::time::Duration;

use anyhow::{Context, Result};

use super::Bench;
use crate::data;
use crate::report::{Line, Series, Target};
use crate::server::{Ended, ended};

/// Referred users, and lines of each, of the ledger that says what a verification needs at least.
const SMALL: (u64, u64) = (1_000, 1);

/// The rate that a verification printed.
fn rate(told: &Ended) -> Result<u64> {
    let rate = told.printed.lines().find_map(|line| line.strip_prefix("rate: "));
    let rate = rate.and_then(|rate| rate.strip_suffix(" entries/s")).context("no rate was printed")?;
    Ok(rate.parse()?)
}

/// A whole verification, which finds everything sealed and sound.
fn verified(url: &str) -> Result<Ended> {
    let told = ended(url, &["ledger", "verify"])?;
    anyhow::ensure!(told.printed.starts_with("verified: "), "not verified: {}", told.printed);
    println!("{}", told.printed);
    Ok(told)
}

/// W12.
pub(super) fn run(bench: &Bench) -> Result<Vec<Line>> {
    let small = data::load(&bench.postgres, &bench.sql, "proof_small", SMALL.0, SMALL.1)?;
    let least = verified(&small.url)?.peak_kb;
    let sealing = bench.large.sealing;
    let (mut rates, mut grown) = (Series::default(), Series::default());
    for _ in 0..bench.plan.rounds {
        let told = verified(&bench.large.url)?;
        rates.0.push(rate(&told)?);
        grown.0.push(told.peak_kb.saturating_sub(least));
    }
    let entries = (bench.plan.large + 5_000) * bench.plan.lines;
    let sealed = entries * 1_000 / u64::try_from(sealing.max(Duration::from_millis(1)).as_millis())?;
    let line = |what: String, measured, unit, target| Line { workload: "W12", what, measured, unit, target };
    Ok(vec![
        line(format!("verify {entries} entries"), rates, "entries/s", Some(Target::AtLeast(200_000))),
        line("verify, memory beyond a small ledger's".to_owned(), grown, "kB", Some(Target::AtMost(16_000))),
        line(format!("seal {entries} transfers"), Series(vec![sealed]), "/s", None),
    ])
}
