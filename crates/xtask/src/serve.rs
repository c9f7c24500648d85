//! `cargo xtask serve`: the service on a machine with only Rust.

use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;

/// Builds and runs the server with the demo host; gives this process over to it where the system can do that,
/// so that a signal reaches the server itself.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    println!(
        "building referral-server, then serving it with the demo host on http://localhost:8000 (SQLite in data/)"
    );
    let mut server = Command::new("cargo");
    server.args(["run", "--locked", "--package", "referral-server", "--", "serve", "--demo"]);
    server.args(arguments).current_dir(&workspace.root);
    become_it(server)
}

#[cfg(unix)]
fn become_it(mut program: Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(anyhow::Error::new(program.exec()).context("cannot run cargo"))
}

#[cfg(not(unix))]
fn become_it(mut program: Command) -> Result<()> {
    let status = program.status()?;
    if !status.success() {
        anyhow::bail!("the server ended: {status}");
    }
    Ok(())
}
