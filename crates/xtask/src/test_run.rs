//! `cargo xtask test`: every check, in order, stopping at the first that fails.
//!
//! One profile throughout. The tests are built together with the binaries, for the whole workspace at once: building
//! one package alone resolves other features and would compile half of the dependencies a second time.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::report::Figure;
use crate::workspace::Workspace;
use crate::{bench, command, mutants, needs, report, tidy};

type Check = fn(&Workspace) -> Result<()>;

const STEPS: [(&str, Check); 8] = [
    ("fmt", |workspace| cargo(workspace, &["fmt", "--all", "--check"], &[])),
    ("clippy", |workspace| {
        cargo(workspace, &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], &[])
    }),
    ("build", build),
    ("test", |workspace| cargo(workspace, &["test", "--workspace", "--locked"], &[("INSTA_UPDATE", "no")])),
    ("doc", |workspace| {
        let strict = [("RUSTDOCFLAGS", "-D warnings")];
        cargo(workspace, &["doc", "--workspace", "--no-deps", "--locked"], &strict)
    }),
    ("bench", bench::once),
    ("tidy", tidy::run),
    ("mutants", |workspace| mutants::run(workspace, &[])),
];

/// Builds every binary and every test, with the features that `cargo test --workspace` uses.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    cargo(workspace, &["build", "--workspace", "--all-targets", "--locked"], &[])
}

/// Runs every step; prints its output, then one line per step with its seconds.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    needs::provide(&workspace.root)?;
    let cold = !workspace.target.join("debug/referral-server").exists();
    let started = Instant::now();
    let (summary, outcome) = walk(workspace, &STEPS);
    println!("\n{summary}total    {:>5} s", started.elapsed().as_secs());
    outcome?;
    if cold { keep_the_time(workspace, started) } else { Ok(()) }
}

/// Takes the steps in order up to the first that fails; a line for each that was taken.
fn walk(workspace: &Workspace, steps: &[(&str, Check)]) -> (String, Result<()>) {
    let mut summary = String::new();
    for (name, check) in steps {
        println!("\n=== {name}");
        let started = Instant::now();
        let outcome = check(workspace).with_context(|| format!("step {name}"));
        let verdict = if outcome.is_ok() { "passed" } else { "FAILED" };
        summary += &format!("{name:<8} {:>5} s  {verdict}\n", started.elapsed().as_secs());
        if outcome.is_err() {
            return (summary, outcome);
        }
    }
    (summary, Ok(()))
}

fn cargo(workspace: &Workspace, arguments: &[&str], variables: &[(&str, &str)]) -> Result<()> {
    println!("cargo {}", arguments.join(" "));
    command::run(&workspace.root, "cargo", arguments, variables)
}

fn keep_the_time(workspace: &Workspace, started: Instant) -> Result<()> {
    let seconds = started.elapsed().as_secs().to_string();
    let how = "`cargo xtask test` in a fresh clone, xtask itself already built";
    report::keep(&workspace.reports(), &Figure::new("test_run_cold_s", &seconds, "s", how))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSES: Check = |_| Ok(());
    const FAILS: Check = |_| anyhow::bail!("for a reason");

    fn walked(steps: &[(&str, Check)]) -> (String, Result<()>) {
        walk(&Workspace { root: ".".into(), target: "target".into() }, steps)
    }

    #[test]
    fn steps_that_pass_are_listed_with_their_seconds() {
        let (summary, outcome) = walked(&[("fmt", PASSES), ("tidy", PASSES)]);
        assert!(outcome.is_ok());
        assert_eq!(summary, "fmt          0 s  passed\ntidy         0 s  passed\n");
    }

    #[test]
    fn the_first_step_that_fails_ends_the_run_and_fails_it() {
        let (summary, outcome) = walked(&[("fmt", PASSES), ("test", FAILS), ("tidy", PASSES)]);
        assert_eq!(format!("{:#}", outcome.unwrap_err()), "step test: for a reason");
        assert!(summary.ends_with("test         0 s  FAILED\n"), "{summary}");
    }
}
