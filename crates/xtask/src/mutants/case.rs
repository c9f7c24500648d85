//! The test that a mutant names, and what came of running it.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

/// A case that runs longer hangs; the slowest takes seconds.
const LONGEST: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A package and the part of a test's path that picks the case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Case {
    pub(crate) package: String,
    pub(crate) filter: String,
}

/// What came of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// So many tests ran, one at least, and all passed.
    Passed(usize),
    /// A test failed, as the test runner says itself.
    Failed,
    /// The code does not compile.
    NotBuilt,
    /// No test has this name.
    NotFound,
    /// The tests ended without a verdict, or not at all within [`LONGEST`].
    NoVerdict,
}

impl Case {
    /// Builds the package's tests in `copy`, and runs those that the filter picks.
    pub(crate) fn run(&self, copy: &Path, target: &Path) -> Result<Outcome> {
        let Some(programs) = self.build(copy, target)? else { return Ok(Outcome::NotBuilt) };
        let mut passed = 0;
        for (program, folder) in programs {
            match self.run_one(&program, &folder, target)? {
                Outcome::Passed(more) => passed += more,
                other => return Ok(other),
            }
        }
        Ok(if passed == 0 { Outcome::NotFound } else { Outcome::Passed(passed) })
    }

    /// The package's test programs, each with the folder it runs in; none when the code does not compile.
    fn build(&self, copy: &Path, target: &Path) -> Result<Option<Vec<(PathBuf, PathBuf)>>> {
        let output = Command::new("cargo")
            .args(["test", "--quiet", "--locked", "--tests", "--no-run", "--message-format", "json"])
            .args(["--package", &self.package])
            .env("CARGO_TARGET_DIR", target)
            .current_dir(copy)
            .stdin(Stdio::null())
            .output()
            .context("cannot run cargo")?;
        let messages = String::from_utf8_lossy(&output.stdout);
        let programs: Vec<_> = messages.lines().filter_map(program).collect();
        Ok(output.status.success().then_some(programs))
    }

    fn run_one(&self, program: &Path, folder: &Path, target: &Path) -> Result<Outcome> {
        let log = target.join("mutants/last_case.log");
        fs::create_dir_all(target.join("mutants"))?;
        let mut child = Command::new(program)
            .arg(&self.filter)
            .env("INSTA_UPDATE", "no")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        if !ends_in_time(&mut child)? {
            return Ok(Outcome::NoVerdict);
        }
        Ok(outcome(&fs::read_to_string(&log)?))
    }
}

/// The executable and the package's folder, of a line of cargo's that announces a test program.
fn program(line: &str) -> Option<(PathBuf, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let program = message["executable"].as_str().filter(|_| message["profile"]["test"] == true)?;
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
    Some((program.into(), folder.into()))
}

/// Waits for the tests; ends them, and says no, when they take too long.
fn ends_in_time(child: &mut std::process::Child) -> Result<bool> {
    let started = Instant::now();
    while child.try_wait()?.is_none() {
        if started.elapsed() > LONGEST {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok(true)
}

/// Reads the test runner's closing line.
fn outcome(log: &str) -> Outcome {
    let closing = log.lines().rev().find_map(|line| line.strip_prefix("test result: "));
    match closing.and_then(|line| line.split_once(". ")) {
        Some(("FAILED", _)) => Outcome::Failed,
        Some(("ok", counts)) => passed(counts).map_or(Outcome::NoVerdict, Outcome::Passed),
        _ => Outcome::NoVerdict,
    }
}

fn passed(counts: &str) -> Option<usize> {
    counts.split_once(" passed")?.0.parse().ok()
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.package, self.filter)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed(count) => write!(out, "passed ({count} tests)"),
            Self::Failed => out.write_str("failed"),
            Self::NotBuilt => out.write_str("does not compile"),
            Self::NotFound => out.write_str("was not found"),
            Self::NoVerdict => write!(out, "gave no verdict within {} s", LONGEST.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_is_the_verdict() {
        let ok = "running 2 tests\n..\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 5 filtered out\n";
        assert_eq!(outcome(ok), Outcome::Passed(2));
        assert_eq!(outcome(&ok.replace("ok. 2 passed; 0", "FAILED. 1 passed; 1")), Outcome::Failed);
        assert_eq!(outcome("running 2 tests\n"), Outcome::NoVerdict);
    }

    #[test]
    fn only_test_programs_are_run() {
        let line = r#"{"manifest_path":"/a/Cargo.toml","profile":{"test":true},"executable":"/t/a-1"}"#;
        assert_eq!(program(line), Some(("/t/a-1".into(), "/a".into())));
        assert_eq!(program(&line.replace("true", "false")), None);
        assert_eq!(program(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
