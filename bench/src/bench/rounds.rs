//! The workloads that are held against references, round after round.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Result, bail};

use super::{Bench, cost};
use crate::data::{Cost, number};
use crate::load::{self, Requests, Timing, Until};
use crate::reference;
use crate::report::{Line, Series, Target};
use crate::requests::{self, BATCH, CROSSES, Spending};
use crate::server::Server;

/// Connections of each workload, as `performance.md` has them.
const READERS: usize = 32;
const BATCHERS: usize = 4;

/// What was measured, by name.
type Measured = BTreeMap<&'static str, Series>;

/// Servers and counters that last over all rounds.
struct Stage<'a> {
    bench: &'a mut Bench,
    server: Server,
    uncached: Server,
    constant: Server,
    rows: Server,
    key: String,
    spending: Spending,
    sent: u64,
    measured: Measured,
}

pub(crate) fn run(bench: &mut Bench) -> Result<Vec<Line>> {
    let url = bench.large.url.clone();
    let server = Server::start(Some(&url), &[])?;
    let key = server.key()?;
    let spending = Spending::new(&key, "w3", bench.plan.spenders());
    let mut stage = Stage {
        uncached: Server::start(Some(&url), &["--no-code-cache"])?,
        constant: Server::reference("H", "")?,
        rows: Server::reference("G", &bench.postgres.site().url("reference"))?,
        bench,
        server,
        key,
        spending,
        sent: 0,
        measured: Measured::new(),
    };
    stage.warm_up()?;
    let mut costs = Vec::new();
    for round in 0..stage.bench.plan.rounds {
        println!("round {}", round + 1);
        stage.reads()?;
        costs.extend(stage.writes(round)?);
    }
    stage.check()?;
    stage.sketch()?;
    let mut lines = lines(&stage.measured, stage.bench.plan.singles);
    lines.extend(cost::lines(&costs));
    Ok(lines)
}

impl Stage<'_> {
    /// Before anything is measured: connections are open, statements prepared, pages read.
    fn warm_up(&mut self) -> Result<()> {
        let referred = self.bench.large.referred;
        for server in [&self.server, &self.uncached] {
            load::run(
                server.address,
                READERS,
                Until::Sent(5_000.min(referred)),
                0,
                &requests::validations(referred),
            )?;
            let balances = requests::about("/api/credits/balance", &self.key, referred);
            load::run(server.address, READERS, Until::Sent(5_000.min(referred)), 0, &balances)?;
        }
        load::run(self.rows.address, READERS, Until::Sent(5_000), 0, &requests::rows(reference::G_ROWS))?;
        Ok(())
    }

    fn keep(&mut self, name: &'static str, value: u64) {
        println!("  {name} {value}");
        self.measured.entry(name).or_default().0.push(value);
    }

    fn timed(
        &mut self,
        address: std::net::SocketAddr,
        connections: usize,
        requests: &Requests,
    ) -> Result<Timing> {
        let first = self.sent;
        let timing = load::run(address, connections, Until::Over(self.bench.plan.each), first, requests)?;
        self.sent += timing.answered + u64::try_from(connections)?;
        Ok(timing)
    }

    fn reads(&mut self) -> Result<()> {
        let (has, referred) = (self.bench.plan.clone(), self.bench.large.referred);
        let (server, uncached) = (self.server.address, self.uncached.address);
        let (constant, rows) = (self.constant.address, self.rows.address);
        if has.has("W1") {
            let timing = self.timed(constant, READERS, &requests::constant())?;
            self.keep("H", timing.rate(1));
            let timing = self.timed(server, READERS, &requests::validations(referred))?;
            self.keep("W1", timing.rate(1));
            self.keep("W1 p99 us", timing.percentile_us(99).into());
        }
        if has.has("W1") || has.has("W6") {
            let timing = self.timed(rows, READERS, &requests::rows(reference::G_ROWS))?;
            self.keep("G", timing.rate(1));
        }
        if has.has("W1") {
            let timing = self.timed(uncached, READERS, &requests::validations(referred))?;
            self.keep("W1 uncached", timing.rate(1));
        }
        if has.has("W6") {
            let balances = requests::about("/api/credits/balance", &self.key, referred);
            let timing = self.timed(server, READERS, &balances)?;
            self.keep("W6", timing.rate(1));
        }
        let port = self.bench.redis.port();
        self.keep("R", reference::redis(port)?);
        Ok(())
    }

    /// Answers what single events and batches cost PostgreSQL.
    fn writes(&mut self, round: usize) -> Result<Vec<cost::Costs>> {
        let (plan, mut costs) = (self.bench.plan.clone(), Vec::new());
        let scripts = [("P1", "p1.sql"), ("P8", "p8.sql")];
        for (name, script) in scripts {
            let script = self.bench.sql.join(script).display().to_string();
            let seconds = plan.each.as_secs().max(1);
            let rate = reference::pgbench(self.bench.postgres.site(), "reference", &script, seconds)?;
            self.keep(name, rate);
        }
        if plan.has("W3") {
            let singles = self.spending.singles();
            let (timing, cost) = self.costed("singles", plan.singles, 1, &singles)?;
            self.keep("W3", timing.rate(1));
            self.keep("W3 p99 us", timing.percentile_us(99).into());
            costs.push(cost);
        }
        if plan.has("W4") {
            let batches = self.spending.batches();
            let (timing, cost) = self.costed("batches", BATCHERS, BATCH, &batches)?;
            self.keep("W4", timing.rate(BATCH));
            costs.push(cost);
        }
        if plan.has("W5") {
            self.hot(u64::try_from(round)?)?;
        }
        if plan.has("W7") {
            let sign_ups =
                requests::sign_ups(&self.key, &format!("w7_{round}"), self.bench.large.referrers());
            let timing = self.timed(self.server.address, plan.singles, &sign_ups)?;
            self.keep("W7", timing.rate(1));
        }
        Ok(costs)
    }

    /// L comes last: what it writes would have to be vacuumed beside what is measured.
    fn sketch(&mut self) -> Result<()> {
        if !self.bench.plan.has("W3") {
            return Ok(());
        }
        let sketch = Server::reference("L", &self.bench.postgres.site().url("reference"))?;
        let singles = Spending::new(&self.key, "l", self.bench.plan.spenders()).singles();
        for _ in 0..self.bench.plan.rounds {
            let timing = self.timed(sketch.address, self.bench.plan.singles, &singles)?;
            self.keep("L", timing.rate(1));
        }
        Ok(())
    }

    fn costed(
        &mut self,
        what: &'static str,
        connections: usize,
        weight: u64,
        requests: &Requests,
    ) -> Result<(Timing, cost::Costs)> {
        // No checkpoint is asked for, neither here nor before the references: right after one, whatever is touched first is
        // written to the log whole.
        let site = self.bench.postgres.site().clone();
        site.sql("large", "SELECT pg_stat_statements_reset()");
        let (before, crossed) = (Cost::so_far(&site, "large")?, self.spending.crossed());
        let timing = self.timed(self.server.address, connections, requests)?;
        let cost = Cost::so_far(&site, "large")?.since(before);
        let (events, postings) = (timing.answered * weight, self.spending.crossed() - crossed);
        Ok((timing, cost::Costs { what, cost, events, postings }))
    }

    /// W5: everybody whom one referrer referred crosses at once.
    fn hot(&mut self, round: u64) -> Result<()> {
        let requests = requests::hot(&self.key, round % 5);
        let begun = Instant::now();
        load::run(self.server.address, self.bench.plan.singles, Until::Sent(1_000), 0, &requests)?;
        let millis = u64::try_from(begun.elapsed().as_millis())?.max(1);
        self.keep("W5", 1_000_000 / millis);
        Ok(())
    }

    /// What was acknowledged is stored, each reward once, and the ledger holds.
    fn check(&self) -> Result<()> {
        self.spending.rewarded_throughout()?;
        let site = self.bench.postgres.site();
        let one = |query: &str| number(site, "large", query);
        let granted = one("SELECT count(*) FROM ledger_transactions WHERE kind = 'referral_bonus'")?;
        let crossed = one("SELECT count(*) FROM spend_events WHERE outcome = 'threshold_crossed'")?;
        let twice = one("SELECT count(*) FROM reward_steps WHERE n > 1")?;
        println!("rewards granted={granted} events that crossed={crossed} granted twice={twice}");
        if granted != crossed || twice > 0 {
            bail!("a reward was lost or granted twice");
        }
        if self.bench.plan.judged {
            return Ok(());
        }
        println!("{}", self.server.verify()?);
        Ok(())
    }
}

/// The median of a reference.
pub(crate) fn median_of(lines: &[Line], name: &str) -> u64 {
    lines.iter().find(|line| line.workload == name).map_or(0, |line| line.measured.median())
}

/// What is said of references that no such machine could have.
pub(crate) fn plausible(lines: &[Line]) -> Vec<String> {
    let low = [("P1", 1_500), ("H", 30_000)];
    let low = low.into_iter().filter(|(name, least)| (1..*least).contains(&median_of(lines, name)));
    low.map(|(name, least)| format!("reference implausible: {name} is under {least}/s")).collect()
}

fn lines(measured: &Measured, singles: usize) -> Vec<Line> {
    let reference = |of: &'static str, hundredths| {
        let reference = measured.get(of).map_or(0, Series::median);
        Some(Target::Ratio { of, reference, hundredths })
    };
    let line = |name: &'static str, workload, what: &str, unit, target| {
        let measured = measured.get(name)?.clone();
        Some(Line { workload, what: what.to_owned(), measured, unit, target })
    };
    let crossing = format!("spend, one a request, {singles} connections, 1 in {CROSSES} rewarding");
    let sketch = format!("the design's sketch of a lane, event and total alone, {singles} connections");
    let sign_up = format!("sign-up with a code, {singles} connections; block policies that need no address");
    [
        line("H", "H", "a bare handler, 32 connections", "/s", None),
        line("G", "G", "a handler with one indexed read, 32 connections", "/s", None),
        line("P1", "P1", "pgbench, four statements, 16 clients", "/s", None),
        line("P8", "P8", "pgbench, all that ours does, 16 clients", "/s", None),
        line("R", "R", "redis-benchmark INCR", "/s", None),
        line("L", "L", &sketch, "/s", None),
        line("W1", "W1", "validate, 32 connections", "/s", reference("H", 70)),
        line("W1 p99 us", "W1", "validate, p99", "us", Some(Target::AtMost(5_000))),
        line("W1 uncached", "W1", "validate, cache off", "/s", reference("G", 80)),
        line("W3", "W3", &crossing, "/s", reference("P1", 150)),
        line("W3", "W3", "spend, one a request, against all that ours does", "/s", reference("P8", 500)),
        line("W3 p99 us", "W3", "spend, one a request, p99", "us", Some(Target::AtMost(25_000))),
        line("W4", "W4", "spend, batches of 500, 4 connections", "events/s", reference("P1", 250)),
        line("W5", "W5", "1,000 cross at once, one referrer", "rewards/s", Some(Target::AtLeast(2_000))),
        line("W6", "W6", "balance, 32 connections", "/s", reference("G", 80)),
        line("W7", "W7", &sign_up, "/s", reference("P1", 40)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
