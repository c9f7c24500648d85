//! A private PostgreSQL for the tests of this crate: started once a process, a database a test.
//!
//! With `TEST_DATABASE_URL` (of a superuser, or one who may create databases) that server is used, and none is started.
//! Otherwise the newest installed server is: in a folder of its own, on a socket file, as the user `postgres` when the
//! tests run as root, which PostgreSQL refuses. A server that is missing fails every test, with what to install.
//!
//! It does not wait for the disk: no test here crashes it. A session may take half a minute to be opened, since a machine
//! may be busy with many tests.
//!
//! The server is told to end when this process does: it reads from a pipe that only this process holds open. So it ends
//! however the tests end, and nothing is left behind but what the system's temporary folder forgets by itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

use crate::{PgStore, Sessions};

/// A server, and how to reach a database of it.
struct Server {
    /// The URL up to the database's name, and what follows it.
    url: (String, String),
    /// The database that is migrated once, and copied for each test.
    template: String,
}

/// A database of one test.
pub(super) struct Database {
    name: String,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A migrated database that nobody else uses.
pub(super) async fn a_database() -> Database {
    let server = server().await;
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}_{number}", server.template);
    let copy = format!("CREATE DATABASE {name} TEMPLATE {}", server.template);
    administrate(&copy).await;
    Database { name }
}

/// A database that was never migrated.
pub(super) async fn an_empty_database() -> Database {
    let server = server().await;
    let name = format!("{}_{}", server.template, DATABASES.fetch_add(1, Ordering::Relaxed));
    administrate(&format!("CREATE DATABASE {name}")).await;
    Database { name }
}

impl Database {
    /// Where it is.
    pub(super) fn url(&self) -> String {
        let (before, after) = &SERVER.get().expect("a server was started").url;
        format!("{before}{}{after}", self.name)
    }

    /// A connection of its own.
    pub(super) async fn client(&self) -> Client {
        connect(&self.url()).await
    }

    /// Takes it away: nobody may connect, and nobody stays connected.
    pub(super) async fn close(&self) {
        administrate(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name)).await;
        let cut = format!(
            "DO $$ BEGIN
               PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{}';
             END $$",
            self.name
        );
        administrate(&cut).await;
    }

    /// Gives it back.
    pub(super) async fn reopen(&self) {
        administrate(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name)).await;
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    client
}

/// Runs a statement on the server's own database.
async fn administrate(statement: &str) {
    let (before, after) = &server().await.url;
    let client = connect(&format!("{before}postgres{after}")).await;
    client.batch_execute(statement).await.expect(statement);
}

async fn server() -> &'static Server {
    SERVER.get_or_init(start).await
}

async fn start() -> Server {
    let url = match given() {
        Some(url) => parts(&url),
        None => tokio::task::spawn_blocking(private).await.expect("a server starts"),
    };
    let template = format!("referral_test_{}", std::process::id());
    let (before, after) = &url;
    let client = connect(&format!("{before}postgres{after}")).await;
    for statement in [format!("DROP DATABASE IF EXISTS {template}"), format!("CREATE DATABASE {template}")] {
        client.batch_execute(&statement).await.expect(&statement);
    }
    let store = PgStore::open(&format!("{before}{template}{after}"), Sessions::default()).expect("a store");
    store.migrate().await.expect("migrations run");
    Server { url, template }
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says which server to use")]
fn given() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok()
}

/// A URL before and after its database's name.
fn parts(url: &str) -> (String, String) {
    let (base, query) =
        url.split_once('?').map_or((url, String::new()), |(base, query)| (base, format!("?{query}")));
    let (scheme, rest) = base.split_once("://").expect("a URL has a scheme");
    let host = rest.split_once('/').map_or(rest, |(host, _)| host);
    (format!("{scheme}://{host}/"), query)
}

/// Whom PostgreSQL runs as when the tests run as root.
const UNPRIVILEGED: &str = "postgres";

/// Starts the newest installed server, and answers how to reach it.
fn private() -> (String, String) {
    let server = Private::prepare();
    server.start("-c listen_addresses=''", DEFAULT_PORT);
    (format!("postgres://postgres@{}/", server.host()), "?connect_timeout=30".to_owned())
}

/// Starts another one that listens on a port of `localhost` with the certificate `server.pem` and the key `server.key` of
/// a folder; answers the port, and the URL of its own database by the socket file.
pub(super) fn with_tls(certificates: &Path) -> (u16, String) {
    let server = Private::prepare();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let [certificate, key] = ["server.pem", "server.key"].map(|name| {
        let copy = server.folder.join(name);
        run(as_server(server.root, Path::new("/bin/sh"))
            .args(["-c", &format!("umask 077; cat > {}", text(&copy))])
            .stdin(std::fs::File::open(certificates.join(name)).expect(name)));
        copy
    });
    let tls = format!(
        "-c listen_addresses=localhost -c ssl=on -c ssl_cert_file={} -c ssl_key_file={}",
        text(&certificate),
        text(&key)
    );
    server.start(&tls, port);
    (port, format!("postgres://postgres@{}:{port}/postgres", server.host()))
}

/// The port of a server that is only reached by its socket file.
const DEFAULT_PORT: u16 = 5432;

/// A server that is about to be started.
struct Private {
    programs: PathBuf,
    folder: PathBuf,
    root: bool,
}

impl Private {
    fn prepare() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder").keep();
        let server = Self { programs: programs(), folder, root: is_root() };
        if server.root {
            run(Command::new("chown").arg(UNPRIVILEGED).arg(&server.folder));
        }
        let data = server.data();
        let init = ["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
        run(as_server(server.root, &server.programs.join("initdb")).args(init));
        server
    }

    fn data(&self) -> String {
        text(&self.folder.join("data")).to_owned()
    }

    /// The folder of the socket file, as a URL has it.
    fn host(&self) -> String {
        text(&self.folder).replace('/', "%2F")
    }

    fn start(&self, settings: &str, port: u16) {
        let (data, folder) = (self.data(), text(&self.folder));
        let server = format!(
            "{} -D {data} -k {folder} -p {port} -c max_connections=400 -c shared_buffers=64MB \
             -c log_min_messages=fatal -c fsync=off {settings}",
            text(&self.programs.join("postgres")),
        );
        // A shell that waits for the end of its input: the pipe's other end is this process.
        let script = format!(
            "{server} & server=$!; cat >/dev/null; kill -QUIT $server; wait $server; rm -rf {folder}"
        );
        let mut shell = as_server(self.root, Path::new("/bin/sh"));
        let shell =
            shell.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        #[expect(
            clippy::zombie_processes,
            reason = "it outlives this process by the moment in which it cleans up"
        )]
        let mut child = shell.spawn().expect("a shell starts");
        // Held open until the process ends.
        std::mem::forget(child.stdin.take());
        await_ready(&self.programs, &self.folder, port);
    }
}

fn await_ready(programs: &Path, folder: &Path, port: u16) {
    for _ in 0..600 {
        let port = port.to_string();
        let asked =
            Command::new(programs.join("pg_isready")).args(["-q", "-h", text(folder), "-p", &port]).status();
        if asked.is_ok_and(|answer| answer.success()) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the private PostgreSQL in {} does not answer within 30 s", folder.display());
}

/// The folder of the newest installed server's programs.
fn programs() -> PathBuf {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version =
        |entry: std::fs::DirEntry| entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
    let newest = installed.filter_map(version).max();
    let newest =
        newest.expect("no PostgreSQL is installed: `apt-get install postgresql`, or say TEST_DATABASE_URL");
    PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"))
}

fn is_root() -> bool {
    let told = Command::new("id").arg("-u").output().expect("id says who runs the tests");
    told.stdout == b"0\n"
}

/// A command run by whom the server runs as.
fn as_server(root: bool, program: &Path) -> Command {
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED, "--clear-groups"]).arg(program);
    command.current_dir("/");
    command
}

/// Runs a command that must succeed.
pub(super) fn run(command: &mut Command) {
    let told = command.output().expect("the command is there");
    assert!(told.status.success(), "{command:?}: {}", String::from_utf8_lossy(&told.stderr));
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of UTF-8")
}
