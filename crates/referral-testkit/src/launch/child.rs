//! A server's process: whom it runs as, and how it ends with the process that started it.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{self, ChildStdin, Command, Stdio};

/// Whom a server runs as when the tests run as root: PostgreSQL refuses root.
const UNPRIVILEGED: &str = "postgres";

/// Whom servers run as: whoever runs the tests, or somebody unprivileged when that is root.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Runner {
    /// Whoever runs the tests.
    Same,
    /// The user `postgres`, which comes with PostgreSQL's package.
    Unprivileged,
}

impl Runner {
    /// For a server that refuses to run as root.
    ///
    /// # Panics
    /// When `id` is missing.
    #[must_use]
    pub fn not_root() -> Self {
        let told = Command::new("id").arg("-u").output().expect("id says who runs the tests");
        if told.stdout == b"0\n" { Self::Unprivileged } else { Self::Same }
    }

    /// A command of this user.
    #[must_use]
    pub fn command(self, program: &Path) -> Command {
        if self == Self::Same {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED, "--clear-groups"]).arg(program);
        command.current_dir("/");
        command
    }

    /// Gives a folder to this user.
    ///
    /// # Panics
    /// When it cannot be given.
    pub fn own(self, folder: &Path) {
        if self == Self::Unprivileged {
            run(Command::new("chown").arg("-R").arg(UNPRIVILEGED).arg(folder));
        }
    }
}

/// What the shell beside a server is told when the folder stays: somebody ended the server and will see to it.
const KEEP: &[u8] = b"keep\n";

/// A server that was started here. It ends when this value is dropped, or however the process ends: a shell beside it
/// reads from a pipe that only this process holds open, and ends the server when the pipe ends. Nothing of a process
/// drops its statics, so that shell takes the folder away too, unless it was told to keep it.
#[derive(Debug)]
pub struct Child {
    shell: process::Child,
    leash: Option<ChildStdin>,
}

impl Child {
    /// Starts `server`, a line of shell that runs in the foreground and has `folder` to itself. It ends by SIGINT, which
    /// servers take as: at once, in peace.
    ///
    /// # Panics
    /// When no shell starts.
    #[must_use]
    pub fn start(runner: Runner, folder: &Path, server: &str) -> Self {
        // It has ended when nobody has its number any more, or, where nobody buries the dead, after a while.
        let gone =
            "n=0; while kill -0 $server 2>/dev/null && [ $n -lt 500 ]; do sleep 0.02; n=$((n+1)); done";
        let remove = format!("[ -n \"$word\" ] || rm -rf {}", folder.display());
        let end = format!("word=; read word <&3; kill -INT $server 2>/dev/null; {gone}; {remove}");
        let script = format!("exec 3<&0; {server} </dev/null 3<&- & server=$!; ({end}) & exec 3<&-; wait");
        let mut shell = runner.command(Path::new("/bin/sh"));
        shell.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = shell.spawn().expect("a shell starts");
        let leash = shell.stdin.take();
        Self { shell, leash }
    }

    /// What the end of this process does to it.
    #[cfg(test)]
    pub(super) fn abandon(&mut self) {
        drop(self.leash.take());
        self.shell.wait().expect("the shell ends");
    }

    /// Ends the server and waits until it is gone. Its folder stays.
    ///
    /// # Panics
    /// When the shell cannot be awaited.
    pub fn end(&mut self) {
        if let Some(mut leash) = self.leash.take() {
            // The shell may have ended with its server.
            leash.write_all(KEEP).ok();
        }
        self.shell.wait().expect("the shell ends");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// A port of `127.0.0.1` that nobody listens on.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Runs a command that must succeed; answers what it wrote.
///
/// # Panics
/// When it is missing or fails, with what it said.
pub(crate) fn run(command: &mut Command) -> String {
    let told = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(told.status.success(), "{command:?}: {}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8_lossy(&told.stdout).into_owned()
}
