//! `cargo xtask bench`: builds the release server and the bench, and runs it.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command;
use crate::report::{self, Figure};
use crate::workspace::Workspace;

/// Runs the workloads with these options; the report is in `target/bench`, and what was measured in full is kept for
/// `cargo xtask report`.
pub(crate) fn run(workspace: &Workspace, options: &[String]) -> Result<()> {
    let packages = ["--package", "referral-server", "--package", "referral-bench"];
    command::run(
        &workspace.root,
        "cargo",
        &[&["build", "--release", "--locked"], &packages[..]].concat(),
        &[],
    )?;
    measured(workspace, "release", options)?;
    let report = workspace.target.join("bench/release/report.json");
    let report = serde_json::from_str(&fs::read_to_string(report)?)?;
    let command = [&["cargo xtask bench".to_owned()], options].concat().join(" ");
    for figure in figures(&report, &command)? {
        report::keep(&workspace.reports(), &figure)?;
    }
    Ok(())
}

/// The lines of a report that is judged, as figures; none of another.
fn figures(report: &Value, command: &str) -> Result<Vec<Figure>> {
    let judged = report["judged"].as_bool().context("the report does not say whether it is judged")?;
    let lines = report["lines"].as_array().filter(|_| judged);
    let figures =
        lines.into_iter().flatten().map(|line| figure(line, command)).collect::<Result<Vec<_>>>()?;
    let names: BTreeSet<_> = figures.iter().map(|figure| &figure.name).collect();
    if names.len() < figures.len() {
        bail!("two lines of the report have one name");
    }
    Ok(figures)
}

/// A line: what it measured, and how that stands to what is asked.
fn figure(line: &Value, command: &str) -> Result<Figure> {
    let text = |name: &str| line[name].as_str().with_context(|| format!("a line has no {name:?}"));
    let (workload, what, target, ratio) = (text("workload")?, text("what")?, text("target")?, text("ratio")?);
    let words = format!("{workload} {what}").to_lowercase();
    let words = words.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("_");
    let met = if line["met"] == true { "met" } else { "**not met**" };
    let said = match (target, ratio) {
        ("", _) => String::new(),
        (target, "") => format!("; asked {target}: {met}"),
        (target, ratio) => format!("; {ratio}, asked {target}: {met}"),
    };
    let how = format!("`{command}`{said}");
    Figure::new(&name, &line["median"].to_string(), text("unit")?, &how).sound()
}

/// Each workload once, on next to no data and the build that tests use: that it runs is what is looked at.
pub(crate) fn once(workspace: &Workspace) -> Result<()> {
    measured(workspace, "debug", &["--quick".to_owned()])
}

fn measured(workspace: &Workspace, profile: &str, options: &[String]) -> Result<()> {
    let program = workspace.target.join(profile).join("referral-bench");
    let reports = workspace.target.join("bench").join(profile);
    let mut arguments: Vec<&str> = options.iter().map(String::as_str).collect();
    let (sql, reports) = (workspace.root.join("bench/sql"), reports);
    let folders = [sql.display().to_string(), reports.display().to_string()];
    arguments.extend(folders.iter().map(String::as_str));
    command::run(&workspace.root, &program.display().to_string(), &arguments, &[])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(what: &str, met: bool) -> Value {
        json!({"workload": "W3", "what": what, "median": 7645, "unit": "/s", "rounds": [], "target": ">= 1.50 x P1",
            "ratio": "0.67 x", "met": met})
    }

    #[test]
    fn each_line_of_a_judged_report_is_a_figure_that_says_what_was_asked() {
        let report =
            json!({"judged": true, "lines": [line("spend, one a request", false), line("p99", true)]});
        let figures = figures(&report, "bench").expect("figures");
        assert_eq!(figures[0].name, "w3_spend_one_a_request");
        assert_eq!(figures[0].how, "`bench`; 0.67 x, asked >= 1.50 x P1: **not met**");
        assert_eq!(figures[1].how, "`bench`; 0.67 x, asked >= 1.50 x P1: met");
    }

    #[test]
    fn a_report_that_is_not_judged_has_none_and_one_name_twice_is_refused() {
        let twice = json!([line("spend", true), line("spend,", true)]);
        assert!(
            figures(&json!({"judged": false, "lines": twice.clone()}), "bench").expect("none").is_empty()
        );
        assert!(figures(&json!({"judged": true, "lines": twice}), "bench").is_err());
        assert!(figures(&json!({"lines": []}), "bench").is_err());
    }
}
