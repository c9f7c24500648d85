//! A running server: started by its binary, found by what it says of itself, ended by its process id.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::home::Home;
use crate::http::{Connection, Reply, Request};

/// A start may take this long on a busy machine; it takes a fraction of a second.
const START: Duration = Duration::from_secs(30);

/// A process that was told to end must be gone by then.
const END: Duration = Duration::from_secs(30);

/// A server of its own for one test; killed when dropped.
pub(crate) struct Server {
    pub(crate) home: Home,
    pub(crate) address: SocketAddr,
    /// Where `/metrics` is, when it is anywhere.
    pub(crate) metrics: Option<SocketAddr>,
    child: Child,
    log: Log,
}

impl Server {
    /// `serve` in this directory, up and answering.
    pub(crate) fn start(home: &Home) -> Self {
        Self::run(home, home.command(&["serve"]))
    }

    /// `serve --demo`.
    pub(crate) fn demo(home: &Home) -> Self {
        Self::run(home, home.command(&["serve", "--demo"]))
    }

    /// A command that serves in this directory.
    pub(crate) fn run(home: &Home, mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server starts");
        let log = Log::read(child.stderr.take().expect("it was piped"));
        let mut metrics = None;
        let address = loop {
            match log.heard(START) {
                Ok(Heard::Metrics(address)) => metrics = Some(address),
                Ok(Heard::Serving(address)) => break address,
                Ok(Heard::Stopping) | Err(_) => {
                    drop(child.kill());
                    panic!("the server did not start: {}", log.text());
                }
            }
        };
        Self { home: home.clone(), address, metrics, child, log }
    }

    /// One request on a connection of its own.
    pub(crate) fn send(&self, request: &Request) -> Reply {
        self.try_send(request).unwrap_or_else(|error| panic!("{}: {error}\n{}", request.line(), self.log()))
    }

    pub(crate) fn try_send(&self, request: &Request) -> std::io::Result<Reply> {
        Connection::open(self.address)?.send(request)
    }

    /// Everything it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`: it has no chance to do anything more.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is ours");
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        let line = format!("kill -TERM {}", self.id());
        let told = Command::new("sh").args(["-c", &line]).status().expect("there is a shell");
        assert!(told.success(), "{line}");
    }

    /// Waits until it has said that it is stopping.
    pub(crate) fn until_it_is_stopping(&self) {
        let heard = self.log.heard(END);
        assert!(matches!(heard, Ok(Heard::Stopping)), "it does not stop: {}", self.log());
    }

    /// Waits for a process that was told to end; with what it logged.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        // The log ends when the process does.
        let end = loop {
            if let Err(end) = self.log.heard(END) {
                break end;
            }
        };
        assert_eq!(end, RecvTimeoutError::Disconnected, "it still runs {END:?} later: {}", self.log());
        let status = self.child.wait().expect("it is ours");
        (status, self.log())
    }

    /// Ends it in peace.
    pub(crate) fn stop(self) -> Home {
        self.terminate();
        let home = self.home.clone();
        let (status, log) = self.ended();
        assert!(status.success(), "{status}: {log}");
        home
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Something the log said.
enum Heard {
    Metrics(SocketAddr),
    Serving(SocketAddr),
    Stopping,
}

/// What a process writes to standard error, read as it comes.
struct Log {
    text: Arc<Mutex<String>>,
    events: Mutex<Receiver<Heard>>,
}

impl Log {
    fn read(stderr: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let (tell, events) = channel();
        let kept = text.clone();
        thread::spawn(move || listen(stderr, &kept, &tell));
        Self { text, events: Mutex::new(events) }
    }

    fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The next thing worth knowing.
    ///
    /// # Errors
    /// `Disconnected` when the process has ended, `Timeout` when it says nothing.
    fn heard(&self, patience: Duration) -> Result<Heard, RecvTimeoutError> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(patience)
    }
}

fn listen(stderr: impl Read, kept: &Mutex<String>, tell: &Sender<Heard>) {
    for line in BufReader::new(stderr).lines() {
        let Ok(line) = line else { return };
        let heard = heard_in(&line);
        kept.lock().unwrap_or_else(PoisonError::into_inner).push_str(&format!("{line}\n"));
        // Nobody hears any more: the test is over.
        if heard.is_some_and(|heard| tell.send(heard).is_err()) {
            return;
        }
    }
}

fn heard_in(line: &str) -> Option<Heard> {
    let event: Value = serde_json::from_str(line).ok()?;
    let address = || event["address"].as_str()?.parse().ok();
    match event["message"].as_str()? {
        message if message.starts_with("metrics at") => address().map(Heard::Metrics),
        message if message.starts_with("serving on") => address().map(Heard::Serving),
        message if message.starts_with("stopping") => Some(Heard::Stopping),
        _ => None,
    }
}
