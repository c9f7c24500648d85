//! What is measured, in which order.
//!
//! In each round a workload follows its reference, so that what else the machine does meets both (A B A B).

mod cost;
mod growth;
mod proof;
mod rounds;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use referral_testkit::launch::postgres::{Postgres, Settings};
use referral_testkit::launch::redis::Redis;
use serde_json::{Value, json};

use crate::data::{self, Data};
use crate::embedded;
use crate::plan::Plan;
use crate::report::{Line, page};

/// What every session of PostgreSQL is given beside stock settings: what counts statements, and room for connections.
const COUNTING: &str = "shared_preload_libraries=pg_stat_statements";

/// Everything that is loaded, and with what.
pub(crate) struct Bench {
    pub(crate) plan: Plan,
    pub(crate) sql: PathBuf,
    pub(crate) postgres: Postgres,
    pub(crate) redis: Redis,
    pub(crate) large: Data,
    pub(crate) header: Vec<String>,
}

/// What came of it.
pub(crate) struct Report {
    header: Vec<String>,
    lines: Vec<Line>,
    plan: Plan,
}

impl Bench {
    /// Starts the servers and loads the data.
    pub(crate) fn prepare(plan: Plan, sql: &Path) -> Result<Self> {
        let begun = Instant::now();
        let postgres = Postgres::private(Settings::durable().with(COUNTING));
        let redis = Redis::private();
        data::reference(postgres.site(), sql)?;
        let large = data::load(&postgres, sql, "large", plan.large, plan.lines)?;
        let site = postgres.site();
        site.sql("large", "CREATE EXTENSION pg_stat_statements");
        let size = site.sql("large", "SELECT pg_size_pretty(pg_database_size('large'))");
        let version = site.sql("large", "SHOW server_version");
        let header = vec![
            format!(
                "PostgreSQL {version}, stock settings (fsync on), max_connections=200, {COUNTING}; on this machine, with the load"
            ),
            "REFERRAL_LIMITS=off; a program with a daily limit of 1,000,000".to_owned(),
            format!(
                "{} referred users, {} referrers, {} codes, {} ledger entries ({size}), loaded in {} s",
                plan.large + 5_000,
                plan.large / 10 + 5,
                plan.large + plan.large / 10 + 5_005,
                (plan.large + 5_000) * plan.lines,
                begun.elapsed().as_secs()
            ),
            format!(
                "{} rounds of {} ms, a workload after its reference in each",
                plan.rounds,
                plan.each.as_millis()
            ),
        ];
        let bench = Self { plan, sql: sql.to_path_buf(), postgres, redis, large, header };
        bench.header.iter().for_each(|line| println!("{line}"));
        Ok(bench)
    }

    /// Measures everything that is asked for: first what is asked of the data as it was loaded.
    pub(crate) fn run(mut self) -> Result<Report> {
        let mut lines = if self.plan.has("W12") { proof::run(&self)? } else { Vec::new() };
        lines.extend(rounds::run(&mut self)?);
        if self.plan.has("W4") {
            lines.extend(growth::from_empty(&self)?);
        }
        if self.plan.has("W9") {
            lines.extend(growth::run(&mut self)?);
        }
        let p1 = rounds::median_of(&lines, "P1");
        if self.plan.has("W10") {
            lines.extend(embedded::run(&self.plan, p1)?);
        }
        if self.plan.has("W11") {
            lines.extend(embedded::start_and_memory(&self.plan)?);
        }
        self.header.extend(rounds::plausible(&lines));
        Ok(Report { header: self.header, lines, plan: self.plan })
    }
}

impl Report {
    /// Writes it for people and for machines, and prints it.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        let text = page(&self.header, &self.lines);
        let lines: Vec<Value> = self.lines.iter().map(Line::json).collect();
        let json = json!({"header": self.header, "lines": lines, "judged": self.plan.judged});
        fs::write(folder.join("report.md"), &text)?;
        fs::write(folder.join("report.json"), serde_json::to_string_pretty(&json)?)?;
        let short = self.lines.iter().filter(|line| !line.is_met()).count();
        let asked = self.lines.iter().filter(|line| line.target.is_some()).count();
        println!("\n{text}\ntargets met={} of {asked}", asked - short);
        Ok(())
    }
}
