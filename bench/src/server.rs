//! Processes under load: the release server, and the references that are servers.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use referral_testkit::launch::free_port;
use tempfile::TempDir;

/// How long a process may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that listens; it is killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) first_reply: Duration,
    program: PathBuf,
    variables: Vec<(String, String)>,
    folder: TempDir,
}

impl Server {
    /// The server of the release build that this program belongs to, on a store.
    pub(crate) fn start(database: Option<&str>, arguments: &[&str]) -> Result<Self> {
        let program = beside("referral-server")?;
        let mut variables = vec![
            ("REFERRAL_METRICS_BIND", "127.0.0.1:0"),
            ("REFERRAL_LIMITS", "off"),
            ("REFERRAL_LOG", "error"),
            ("REFERRAL_JWT_SECRET", "a secret for the bench, and for nothing else"),
            ("REFERRAL_IDENTITY_KEY", "a key for the bench, and for nothing else"),
        ];
        variables.extend(database.map(|url| ("REFERRAL_DATABASE_URL", url)));
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let serve = [&["serve"], arguments].concat();
        Self::run(program, &serve, variables.collect())
    }

    /// A reference of this program, by its name and what it needs.
    pub(crate) fn reference(name: &str, database: &str) -> Result<Self> {
        let program = std::env::current_exe()?;
        Self::run(program, &["serve-reference", name, database], Vec::new())
    }

    fn run(program: PathBuf, arguments: &[&str], variables: Vec<(String, String)>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let mut command = command(&program, folder.path(), &variables);
        command.env("REFERRAL_BIND", address.to_string()).args(arguments);
        let begun = Instant::now();
        let child =
            command.stdout(Stdio::null()).spawn().with_context(|| format!("{}", program.display()))?;
        let mut server = Self { child, address, first_reply: Duration::ZERO, program, variables, folder };
        while begun.elapsed() < PATIENCE {
            if answers(address) {
                server.first_reply = begun.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                bail!("{} ended: {status}", server.program.display());
            }
            sleep(Duration::from_millis(1));
        }
        bail!("{} does not listen", server.program.display())
    }

    /// What a command of the server prints.
    pub(crate) fn print(&self, arguments: &[&str]) -> Result<String> {
        let output = command(&self.program, self.folder.path(), &self.variables).args(arguments).output()?;
        if !output.status.success() {
            bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// A key for everything that is loaded.
    pub(crate) fn key(&self) -> Result<String> {
        let scopes = ["--scope", "events:write", "--scope", "users:read", "--scope", "codes:write"];
        self.print(&[&["api-key", "create", "--name", "bench"], &scopes[..]].concat())
    }

    /// Proves the ledger; answers what was looked at.
    pub(crate) fn verify(&self) -> Result<String> {
        let told = self.print(&["ledger", "verify"])?;
        // What was told last may wait for its seal.
        if !told.starts_with("verified: ") && !told.starts_with("partial: ") {
            bail!("the ledger is not verified: {told}");
        }
        Ok(told)
    }

    /// What the process keeps in memory, in bytes: a name of `/proc/<id>/status`.
    pub(crate) fn memory(&self, name: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
        let kib: u64 = line.trim_matches([':', ' ', '\t', 'k', 'B']).trim().parse()?;
        Ok(kib * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that ended by itself cannot be killed, and there is nobody left to tell.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether something that speaks HTTP answers here: listening alone is not serving.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<usize> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
        stream.read(&mut [0; 12])
    };
    ask().is_ok_and(|read| read > 0)
}

fn command(program: &Path, folder: &Path, variables: &[(String, String)]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().envs(variables.iter().cloned());
    command
}

/// A program that was built together with this one.
fn beside(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if !path.is_file() {
        bail!("{} is missing: `cargo xtask bench` builds it", path.display());
    }
    Ok(path)
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) printed: String,
    pub(crate) took: Duration,
    /// The most it kept in memory.
    pub(crate) peak_kb: u64,
}

/// How often a command's memory is looked at: the system keeps its peak, so only the last look counts.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Runs a command of the server on a store, to its end.
pub(crate) fn ended(database: &str, arguments: &[&str]) -> Result<Ended> {
    let (program, folder) = (beside("referral-server")?, tempfile::tempdir()?);
    let variables = [
        ("REFERRAL_DATABASE_URL", database),
        ("REFERRAL_LOG", "error"),
        ("REFERRAL_JWT_SECRET", "a secret for the bench, and for nothing else"),
        ("REFERRAL_IDENTITY_KEY", "a key for the bench, and for nothing else"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let begun = Instant::now();
    let mut command = command(&program, folder.path(), &variables);
    let mut child = command.args(arguments).stdout(Stdio::piped()).spawn()?;
    let mut peak_kb = 0;
    while child.try_wait()?.is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim_end_matches("kB").trim().parse().ok());
        peak_kb = peak.unwrap_or(peak_kb);
        sleep(LOOK_EVERY);
    }
    let took = begun.elapsed();
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
    Ok(Ended { printed: String::from_utf8(output.stdout)?.trim().to_owned(), took, peak_kb })
}
