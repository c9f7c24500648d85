//! What the checks need besides Rust, and how to get it.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::command;

struct Need {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

/// Where Debian keeps PostgreSQL's programs: a folder a version, none of them on the path.
const POSTGRES_FOLDERS: &str = "/usr/lib/postgresql";

const NEEDS: [Need; 8] = [
    Need { program: "git", package: "git", why: "tidy and mutants ask it which files are ours" },
    Need { program: "sh", package: "dash", why: "the README's lines are run as they stand" },
    Need { program: "cc", package: "gcc", why: "SQLite and the JWT cryptography are built from C" },
    Need { program: "curl", package: "curl", why: "the README's story is six curl lines" },
    Need { program: "openssl", package: "openssl", why: "the tests of TLS make certificates" },
    Need { program: "postgres", package: "postgresql", why: "the tests start a private PostgreSQL" },
    Need { program: "redis-server", package: "redis-server", why: "the tests start a private Redis" },
    Need { program: "redis-cli", package: "redis-tools", why: "the tests make a private Redis Cluster" },
];

/// Installs what is missing when it may; otherwise says exactly what to install.
pub(crate) fn provide(root: &Path) -> Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !runs(need.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        println!("missing: {} ({})", need.program, need.why);
    }
    install(root, &missing)
}

/// Installs packages whose servers are not started by that: the tests start their own.
fn install(root: &Path, missing: &[&Need]) -> Result<()> {
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    if !runs("apt-get") || command::output(root, "id", &["-u"])?.trim() != "0" {
        bail!("install these first, as root: apt-get install -y {}", packages.join(" "));
    }
    command::run(root, "apt-get", &["update", "-qq"], &[])?;
    let quietly = [("DEBIAN_FRONTEND", "noninteractive"), ("RUNLEVEL", "1")];
    command::run(root, "apt-get", &[&["install", "-y", "-qq"], &packages[..]].concat(), &quietly)
}

/// Whether the program is on the path, or among PostgreSQL's; asked of the shell's own `command -v`, because not every
/// program has `--version`.
fn runs(program: &str) -> bool {
    let question = format!("command -v {program} || ls {POSTGRES_FOLDERS}/*/bin/{program}");
    let answer =
        Command::new("sh").args(["-c", &question]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    answer.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_there_is_found_and_one_that_is_not_is_not() {
        assert!(runs("sh"));
        assert!(!runs("no-program-has-this-name"));
    }
}
