//! A private PostgreSQL: the newest installed one, in a folder of its own.
//!
//! PostgreSQL refuses root, so when the tests run as root it runs as the user `postgres`. Whoever reaches it is trusted: it
//! listens on a socket file in its folder and on a port of `127.0.0.1`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::child::{Child, Runner, free_port, run};

/// Where Debian keeps each version's programs.
const INSTALLED: &str = "/usr/lib/postgresql";

/// How long a server may take until it answers: a crashed one replays its log first.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What is missing, and what to do.
const MISSING: &str = "no PostgreSQL is installed: `apt-get install postgresql`, or say TEST_DATABASE_URL";

/// How a server treats what was committed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// `name=value`, as the server's `-c` takes them.
    pub given: Vec<String>,
}

impl Settings {
    /// As it comes: a commit waits for the disk.
    #[must_use]
    pub fn durable() -> Self {
        Self::default().with("max_connections=200")
    }

    /// It never waits for the disk: for tests that crash nothing.
    #[must_use]
    pub fn quick() -> Self {
        Self::default().with("fsync=off").with("max_connections=400").with("shared_buffers=64MB")
    }

    /// The same with one more setting, which goes over earlier ones.
    #[must_use]
    pub fn with(mut self, setting: &str) -> Self {
        self.given.push(setting.to_owned());
        self
    }

    fn line(&self) -> String {
        self.given.iter().map(|setting| format!(" -c {setting}")).collect()
    }
}

/// A server, by its URL: a private one, or one that was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Site {
    /// The URL up to a database's name.
    before: String,
    /// What follows it.
    after: String,
}

impl Site {
    /// The server of this URL, whatever database it names.
    ///
    /// # Panics
    /// When it is no URL.
    #[must_use]
    pub fn of(url: &str) -> Self {
        let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
        let (scheme, rest) = base.split_once("://").expect("a URL has a scheme");
        let host = rest.split_once('/').map_or(rest, |(host, _)| host);
        let after = query.map(|query| format!("?{query}")).unwrap_or_default();
        Self { before: format!("{scheme}://{host}/"), after }
    }

    /// Where a database of it is.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("{}{database}{}", self.before, self.after)
    }

    /// Runs statements on a database; answers the rows, a line each, columns separated by `|`.
    ///
    /// # Panics
    /// When one fails, with what the server said.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let told = run(self.psql(database).args(["-c", statements]));
        told.trim_end().to_owned()
    }

    /// `psql` on a database, quiet, ending with the first fault.
    #[must_use]
    pub fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(program("psql"));
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1"]).arg(self.url(database));
        psql
    }

    /// Makes a database, as a copy of another when one is named.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn create_database(&self, name: &str, template: Option<&str>) {
        let copy = template.map(|template| format!(" TEMPLATE {template}")).unwrap_or_default();
        self.sql("postgres", &format!("CREATE DATABASE {name}{copy}"));
    }
}

/// A running server. It ends, and its folder goes, when this is dropped or this process ends.
#[derive(Debug)]
pub struct Postgres {
    /// Dropped before the folder: a server that still runs would write into it while it is taken away.
    child: Child,
    folder: TempDir,
    runner: Runner,
    settings: Settings,
    port: u16,
    site: Site,
}

impl Postgres {
    /// Starts one.
    ///
    /// # Panics
    /// When none is installed, or it does not answer.
    #[must_use]
    pub fn private(settings: Settings) -> Self {
        Self::with_files(settings, &[])
    }

    /// Starts one that finds these files in its data folder, such as a certificate and its key.
    ///
    /// # Panics
    /// When none is installed, a file cannot be copied, or it does not answer.
    #[must_use]
    pub fn with_files(settings: Settings, files: &[&Path]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let runner = Runner::not_root();
        runner.own(folder.path());
        let data = data(folder.path());
        let init = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"];
        run(runner.command(&program("initdb")).args(init).arg(&data));
        for file in files {
            let copy = data.join(file.file_name().expect("a file has a name"));
            fs::copy(file, &copy).expect("it can be copied");
            runner.own(&copy);
            run(Command::new("chmod").arg("600").arg(&copy));
        }
        let port = free_port();
        let child = launch(folder.path(), runner, &settings, port);
        let site = Site::of(&format!("postgres://postgres@127.0.0.1:{port}/?connect_timeout=30"));
        let server = Self { child, folder, runner, settings, port, site };
        server.await_ready();
        server
    }

    /// The port of `127.0.0.1` it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its socket file, its data and its log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How to reach it.
    #[must_use]
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// `kill -9` of the postmaster and all its children: nobody has a chance to write anything more.
    pub fn kill(&mut self) {
        self.signal("KILL");
        self.child.end();
    }

    /// Starts the server again after [`Self::kill`]: it recovers from its log first.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn start_again(&mut self) {
        self.child = launch(self.folder(), self.runner, &self.settings, self.port);
        self.await_ready();
    }

    /// Ends it in peace, cutting all connections, and starts it again on the same port.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn restart(&mut self) {
        self.child.end();
        self.start_again();
    }

    /// Stops all its processes where they are, connections open.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let processes = self.processes();
        let line = format!("kill -{name} {}", processes.join(" "));
        // A child may have ended since it was listed; the postmaster, which comes first, has not.
        Command::new("sh").args(["-c", &line]).output().expect("there is a shell");
    }

    /// The postmaster and its children.
    fn processes(&self) -> Vec<String> {
        let file = self.folder().join("data/postmaster.pid");
        let told = fs::read_to_string(&file).expect("a running server's file");
        let postmaster = told.lines().next().expect("its first line is the process id").to_owned();
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", &postmaster]).output().expect("ps");
        let children = String::from_utf8_lossy(&children.stdout).into_owned();
        let children = children.split_whitespace().map(str::to_owned);
        [postmaster].into_iter().chain(children).collect()
    }

    fn await_ready(&self) {
        let asked = Instant::now();
        while asked.elapsed() < READY_WITHIN {
            let mut ask = Command::new(program("pg_isready"));
            let answer = ask.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]).status();
            if answer.is_ok_and(|answer| answer.success()) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        let log = fs::read_to_string(self.folder().join("log")).unwrap_or_default();
        panic!("the private PostgreSQL does not answer: {log}");
    }
}

fn launch(folder: &Path, runner: Runner, settings: &Settings, port: u16) -> Child {
    let place = folder.display();
    let server = format!(
        "{} -D {} -k {place} -p {port} -c listen_addresses=localhost{} >>{place}/log 2>&1",
        program("postgres").display(),
        data(folder).display(),
        settings.line()
    );
    Child::start(runner, folder, &server)
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// A program of the newest installed version.
///
/// # Panics
/// When none is installed, with what to do.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let installed = fs::read_dir(INSTALLED).into_iter().flatten().flatten();
    let version = |entry: fs::DirEntry| entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
    let newest = installed.filter_map(version).max().expect(MISSING);
    Path::new(INSTALLED).join(newest.to_string()).join("bin").join(name)
}

/// The server that `TEST_DATABASE_URL` names, when it does.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says which server to use")]
pub fn given() -> Option<Site> {
    std::env::var("TEST_DATABASE_URL").ok().map(|url| Site::of(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_around_its_database() {
        let site = Site::of("postgres://ana@db:5433/any?sslmode=disable");
        assert_eq!(site.url("one"), "postgres://ana@db:5433/one?sslmode=disable");
        assert_eq!(Site::of("postgres://db").url("one"), "postgres://db/one");
    }

    #[test]
    fn a_killed_server_keeps_what_was_committed_and_a_frozen_one_goes_on() {
        let mut server = Postgres::private(Settings::durable());
        server.site().create_database("one", None);
        server.site().sql("one", "CREATE TABLE facts (n bigint); INSERT INTO facts VALUES (7)");
        server.site().create_database("two", Some("one"));
        server.kill();
        server.start_again();
        assert_eq!(server.site().sql("two", "SELECT n FROM facts"), "7");
        let mut question = server.site().psql("two");
        server.freeze();
        let mut asked = question.args(["-c", "SELECT 1"]).spawn().expect("psql starts");
        assert!(asked.try_wait().expect("ours").is_none());
        server.thaw();
        assert!(asked.wait().expect("ours").success());
        server.restart();
        assert_eq!(server.site().sql("one", "SHOW fsync"), "on");
    }

    #[test]
    fn a_process_that_ends_leaves_neither_its_server_nor_the_folder() {
        let mut server = Postgres::private(Settings::quick());
        let (folder, postmaster) = (server.folder().to_owned(), server.processes().swap_remove(0));
        server.child.abandon();
        println!("the folder is there={} the server is there={}", folder.exists(), is_there(&postmaster));
        assert!(!folder.exists() && !is_there(&postmaster));
    }

    #[test]
    fn a_server_that_is_dropped_leaves_no_folder() {
        let server = Postgres::private(Settings::quick());
        let folder = server.folder().to_owned();
        drop(server);
        assert!(!folder.exists());
    }

    fn is_there(process: &str) -> bool {
        Command::new("ps").args(["-p", process]).output().expect("ps").status.success()
    }
}
