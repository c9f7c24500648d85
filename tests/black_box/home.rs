//! A directory of its own in which the built binary runs, with an environment of its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use tempfile::TempDir;

/// Where a server keeps its `data/`. Clones are the same directory; it is taken away with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    directory: Arc<TempDir>,
    variables: Vec<(String, String)>,
}

impl Home {
    /// An empty directory; servers take any free port and have no metrics.
    pub(crate) fn new() -> Self {
        let directory = Arc::new(tempfile::tempdir().expect("a directory can be made"));
        Self { directory, variables: Vec::new() }
            .with("REFERRAL_BIND", "127.0.0.1:0")
            .with("REFERRAL_METRICS_BIND", "off")
    }

    /// A home of servers that share a PostgreSQL database, and so their secrets.
    pub(crate) fn on(database: &str) -> Self {
        Self::new()
            .with("REFERRAL_DATABASE_URL", database)
            .with("REFERRAL_JWT_SECRET", "a secret that all servers of this test share")
            .with("REFERRAL_IDENTITY_KEY", "a key that all servers of this test share")
    }

    /// The same directory with this variable, in place of an earlier one of its name.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A file of `data/`.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.path().join("data").join(name)
    }

    /// The binary, to be run here with these variables and no others.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(binary());
        command.args(arguments);
        command
    }

    /// Any program, to be run here with these variables and no others.
    pub(crate) fn program(&self, name: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(name);
        command.current_dir(self.path()).env_clear().envs(self.variables.iter().cloned());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().expect("the server's binary can be run"))
    }

    /// What a command that must succeed prints, without the line's end.
    pub(crate) fn print(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran.stdout.trim_end().to_owned()
    }

    /// A key with these scopes.
    pub(crate) fn key(&self, scopes: &[&str]) -> String {
        let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
        let arguments: Vec<&str> =
            ["api-key", "create", "--name", "shop"].into_iter().chain(scopes).collect();
        self.print(&arguments)
    }

    /// A token of a user who signed up just now.
    pub(crate) fn token(&self, user: &str) -> String {
        self.print(&["token", "--sub", user])
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// The folder of the binaries: this test's own is in its `deps`.
pub(crate) fn binaries() -> PathBuf {
    let this = std::env::current_exe().expect("this test has a path");
    let folder = this.parent().and_then(Path::parent).expect("tests are built into target/<profile>/deps");
    let server = folder.join("referral-server");
    assert!(
        server.is_file(),
        "{} is missing: `cargo build -p referral-server` makes it, and `cargo xtask test` makes all",
        server.display()
    );
    folder.to_path_buf()
}

/// The server.
pub(crate) fn binary() -> PathBuf {
    binaries().join("referral-server")
}

/// Whether `ledger verify` found nothing wrong. While a server runs, its last transfers may not be sealed yet.
pub(crate) fn holds(proof: &str) -> bool {
    proof.starts_with("verified: ") || proof.starts_with("partial: ")
}
