//! `cargo xtask bench`: builds the release server and the bench, and runs it.

use anyhow::Result;

use crate::command;
use crate::workspace::Workspace;

/// Runs the workloads with these options; the report is in `target/bench`.
pub(crate) fn run(workspace: &Workspace, options: &[String]) -> Result<()> {
    let packages = ["--package", "referral-server", "--package", "referral-bench"];
    command::run(
        &workspace.root,
        "cargo",
        &[&["build", "--release", "--locked"], &packages[..]].concat(),
        &[],
    )?;
    measured(workspace, "release", options)
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
