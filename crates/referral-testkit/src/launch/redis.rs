//! A private Redis, and a cluster of three masters. Nothing is kept on disk but the cluster's own map.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::child::{Child, Runner, free_port, run};

/// How long a server, or a cluster, may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How many masters a cluster has: the least that Redis takes.
const MASTERS: usize = 3;

/// What is missing, and what to do.
const MISSING: &str = "no Redis is installed: `apt-get install redis-server`, or say TEST_REDIS_URL";

/// A running server. It ends when this is dropped or this process ends.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    folder: TempDir,
    port: u16,
    settings: &'static str,
}

impl Redis {
    /// Starts one.
    ///
    /// # Panics
    /// When none is installed, or it does not answer.
    #[must_use]
    pub fn private() -> Self {
        Self::with("")
    }

    fn with(settings: &'static str) -> Self {
        let found = Command::new("sh").args(["-c", "command -v redis-server"]).output();
        assert!(found.is_ok_and(|found| found.status.success()), "{MISSING}");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let child = launch(folder.path(), port, settings);
        let server = Self { child, folder, port, settings };
        server.until("PING", |told| told.starts_with("+PONG"));
        server
    }

    /// The port of `127.0.0.1` it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it: connections are cut, and nobody listens any more.
    pub fn stop(&mut self) {
        self.child.end();
    }

    /// Starts it again on the same port, empty.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn start_again(&mut self) {
        self.child = launch(self.folder.path(), self.port, self.settings);
        self.until("PING", |told| told.starts_with("+PONG"));
    }

    /// Asks it one command by its inline form; answers what it said, raw.
    ///
    /// # Errors
    /// When it is not there.
    pub fn ask(&self, command: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(READY_WITHIN))?;
        stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes())?;
        let mut told = String::new();
        stream.read_to_string(&mut told)?;
        Ok(told)
    }

    fn until(&self, command: &str, holds: impl Fn(&str) -> bool) {
        let asked = Instant::now();
        while asked.elapsed() < READY_WITHIN {
            if self.ask(command).is_ok_and(|told| holds(&told)) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        panic!("the private Redis on port {} does not come to {command}", self.port);
    }
}

fn launch(folder: &Path, port: u16, settings: &str) -> Child {
    let place = folder.display();
    let server = format!(
        "redis-server --port {port} --bind 127.0.0.1 --dir {place} --save '' --appendonly no {settings} >>{place}/log 2>&1"
    );
    Child::start(Runner::Same, folder, &server)
}

/// A cluster of three masters that share all slots.
#[derive(Debug)]
pub struct Cluster {
    /// Its nodes.
    pub nodes: Vec<Redis>,
}

impl Cluster {
    /// Starts one.
    ///
    /// # Panics
    /// When no Redis is installed, or the nodes do not become a cluster.
    #[must_use]
    pub fn private() -> Self {
        // The bus listens 10,000 ports higher, which must be a port too.
        let nodes: Vec<Redis> =
            std::iter::repeat_with(|| Redis::with("--cluster-enabled yes")).take(MASTERS).collect();
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]).args(addresses).args([
            "--cluster-replicas",
            "0",
            "--cluster-yes",
        ]);
        run(&mut create);
        for node in &nodes {
            node.until("CLUSTER INFO", |told| told.contains("cluster_state:ok"));
        }
        Self { nodes }
    }

    /// Its nodes' addresses, by commas.
    #[must_use]
    pub fn urls(&self) -> String {
        self.nodes.iter().map(Redis::url).collect::<Vec<_>>().join(",")
    }
}

/// The server that `TEST_REDIS_URL` names, when it does.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says which server to use")]
pub fn given() -> Option<String> {
    std::env::var("TEST_REDIS_URL").ok()
}
