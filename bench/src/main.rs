//! The workloads of `performance.md`, against references on the same machine in the same run.
//!
//! `cargo xtask bench` builds and runs it. The load comes from this process, on the same machine, and talks to loopback
//! alone; everything is bounded in count and time. A reply that is not a success fails the run.

#![allow(clippy::print_stdout, reason = "its report is what it is for")]

mod bench;
mod data;
mod embedded;
mod http;
mod load;
mod plan;
mod reference;
mod report;
mod requests;
mod server;
mod sketch;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::bench::Bench;
use crate::plan::Plan;

const USAGE: &str = "usage: referral-bench [--quick | --long] [--referred N] [--connections N] [--only W1,W3] SQL-FOLDER REPORT-FOLDER";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["serve-reference", name, database] = words.as_slice() {
        return serve(name, database);
    }
    let (plan, folders) = Plan::read(&words)?;
    let [sql, reports] = folders.as_slice() else { bail!("{USAGE}") };
    let report = Bench::prepare(plan, &PathBuf::from(sql))?.run()?;
    report.write(&PathBuf::from(reports))
}

/// A reference, until it is killed.
#[expect(clippy::disallowed_methods, reason = "a reference is told where to listen as the server is")]
fn serve(name: &str, database: &str) -> Result<()> {
    let address: SocketAddr = std::env::var("REFERRAL_BIND").context("REFERRAL_BIND")?.parse()?;
    match name {
        "H" => reference::serve_h(address),
        "G" => reference::serve_g(address, database),
        "L" => sketch::serve(address, database),
        _ => bail!("no such reference: {name}"),
    }
}
