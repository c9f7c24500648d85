//! The release server on a folder of its own, until it is stopped.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::client::{Connection, Request};
use crate::workspace::Workspace;

/// How long a server may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Server {
    process: Child,
    program: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
    first_reply: Duration,
}

impl Server {
    pub(super) fn start(workspace: &Workspace) -> Result<Self> {
        let program = workspace.target.join("release/referral-server");
        let folder = workspace.target.join("measure");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let address = free_address()?;
        let begun = Instant::now();
        let process = command(&program, &folder, address).arg("serve").spawn()?;
        let mut server = Self { process, program, folder, address, first_reply: Duration::ZERO };
        server.wait(begun)?;
        Ok(server)
    }

    fn wait(&mut self, begun: Instant) -> Result<()> {
        while begun.elapsed() < PATIENCE {
            if Connection::open(self.address).and_then(|mut c| c.must(&Request::get("/readyz"))).is_ok() {
                self.first_reply = begun.elapsed();
                return Ok(());
            }
            thread::sleep(Duration::from_millis(1));
        }
        self.process.kill()?;
        bail!("the server did not answer within {PATIENCE:?}")
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// In tenths of a millisecond, from starting the process.
    pub(super) fn first_reply_ms(&self) -> u64 {
        u64::try_from(self.first_reply.as_micros() / 100).unwrap_or(u64::MAX)
    }

    /// In tenths of a MB (10^6 bytes): what the process keeps in memory.
    pub(super) fn resident_mb(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024 / 100_000)
    }

    pub(super) fn api_key(&self) -> Result<String> {
        let mut create = command(&self.program, &self.folder, self.address);
        create.args([
            "api-key",
            "create",
            "--name",
            "measure",
            "--scope",
            "events:write",
            "--scope",
            "codes:write",
        ]);
        let output = create.stdout(Stdio::piped()).output()?;
        if !output.status.success() {
            bail!("no API key could be made: {}", output.status);
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    pub(super) fn stop(mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that was stopped already cannot be killed again, and there is nobody left to tell.
        drop(self.process.kill());
    }
}

fn command(program: &Path, folder: &Path, address: SocketAddr) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().stdout(Stdio::null()).stderr(Stdio::null());
    command.env("REFERRAL_BIND", address.to_string()).env("REFERRAL_METRICS_BIND", "127.0.0.1:0");
    command.env("REFERRAL_LIMITS", "off").env("REFERRAL_LOG", "warn");
    command
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
