//! `cargo xtask`: the house's own commands. Nothing here is part of the service.
//!
//! Every command works from any folder of the checkout and needs Rust, git and a shell.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its terminal")]

mod bench;
mod command;
mod generate;
mod measure;
mod mutants;
mod needs;
mod report;
mod serve;
mod test_run;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask <command>

  serve [ARGS]      build and run `referral-server serve --demo [ARGS]` on port 8000, embedded SQLite under data/
  test              every check, in order: what CI runs
  tidy              the architecture rules; prints the sizes of functions and files
  generate          write docs/openapi.json and docs/PROBLEMS.md from the server
  mutants [NAME...] apply each tests/mutants/*.patch, or those named, to a copy; each must be caught by the test it names
  measure           take the figures of docs/MEASURED.md that need a running server, on the release build
  bench [OPTIONS]   the workloads of the design against references, on the release build; --quick, --long, --referred N,
                    --connections N, --only W1,W3
  report [--check]  fold target/reports/*.json into docs/MEASURED.md, or check that it is complete";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else { bail!("no command\n{USAGE}") };
    let workspace = Workspace::of_this_checkout()?;
    match (command.as_str(), rest) {
        ("serve", arguments) => serve::run(&workspace, arguments),
        ("test", []) => test_run::run(&workspace),
        ("tidy", []) => tidy::run(&workspace),
        ("generate", []) => generate::run(&workspace),
        ("bench", options) => bench::run(&workspace, options),
        ("measure", []) => measure::run(&workspace),
        ("mutants", names) => mutants::run(&workspace, names),
        ("report", []) => report::run(&workspace),
        ("report", [check]) if check == "--check" => report::check(&workspace),
        ("help" | "--help" | "-h", _) => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("unknown command: {}\n{USAGE}", arguments.join(" ")),
    }
}
