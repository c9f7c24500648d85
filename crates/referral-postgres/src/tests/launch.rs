//! A database a test, on one server a process: a private one, or the one that `TEST_DATABASE_URL` names.
//!
//! It does not wait for the disk: no test here crashes it.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use referral_testkit::launch::postgres::{Postgres, Settings, Site, given};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

use crate::{PgStore, Sessions};

/// A server, and the database that is migrated once and copied for each test.
struct Server {
    site: Site,
    template: String,
    /// Ends when the process does.
    _private: Option<Postgres>,
}

/// A database of one test.
#[derive(Clone)]
pub(super) struct Database {
    name: String,
    site: Site,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A migrated database that nobody else uses.
pub(super) async fn a_database() -> Database {
    let server = server().await;
    make(server, &format!(" TEMPLATE {}", server.template)).await
}

/// A database that was never migrated.
pub(super) async fn an_empty_database() -> Database {
    make(server().await, "").await
}

/// A copy of a database to which nobody is connected.
pub(super) async fn a_copy_of(database: &Database) -> Database {
    make(server().await, &format!(" TEMPLATE {}", database.name)).await
}

async fn make(server: &Server, copy: &str) -> Database {
    let name = format!("{}_{}", server.template, DATABASES.fetch_add(1, Ordering::Relaxed));
    administrate(&server.site, &format!("CREATE DATABASE {name}{copy}")).await;
    Database { name, site: server.site.clone() }
}

impl Database {
    /// Where it is.
    pub(super) fn url(&self) -> String {
        self.site.url(&self.name)
    }

    /// A connection of its own.
    pub(super) async fn client(&self) -> Client {
        connect(&self.url()).await
    }

    /// Takes it away: nobody may connect, and nobody stays connected.
    pub(super) async fn close(&self) {
        administrate(&self.site, &format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name)).await;
        let cut = format!(
            "DO $$ BEGIN
               PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{}';
             END $$",
            self.name
        );
        administrate(&self.site, &cut).await;
    }

    /// Takes it away for good, with whoever is connected.
    pub(super) async fn end(&self) {
        administrate(&self.site, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }

    /// Gives it back.
    pub(super) async fn reopen(&self) {
        administrate(&self.site, &format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name)).await;
    }
}

/// Ends a database when it is dropped: what hundreds of them leave to be written holds everything else up.
pub(super) struct Ending(pub(super) Database);

impl Drop for Ending {
    fn drop(&mut self) {
        let Database { name, site } = &self.0;
        let ended =
            site.psql("postgres").arg("-c").arg(format!("DROP DATABASE {name} WITH (FORCE)")).output();
        match ended {
            Ok(ended) if ended.status.success() => {}
            other => eprintln!("{name} is left behind: {other:?}"),
        }
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    client
}

/// Runs a statement on the server's own database.
async fn administrate(site: &Site, statement: &str) {
    let client = connect(&site.url("postgres")).await;
    client.batch_execute(statement).await.expect(statement);
}

async fn server() -> &'static Server {
    SERVER.get_or_init(start).await
}

async fn start() -> Server {
    let private = match given() {
        Some(_) => None,
        None => {
            let starting = tokio::task::spawn_blocking(|| Postgres::private(Settings::quick()));
            Some(starting.await.expect("a server starts"))
        }
    };
    let site = given().or_else(|| private.as_ref().map(|server| server.site().clone())).expect("one of them");
    let template = format!("referral_test_{}", std::process::id());
    for statement in [format!("DROP DATABASE IF EXISTS {template}"), format!("CREATE DATABASE {template}")] {
        administrate(&site, &statement).await;
    }
    let store = PgStore::open(&site.url(&template), Sessions::default()).expect("a store");
    store.migrate().await.expect("migrations run");
    Server { site, template, _private: private }
}

/// Another server, which speaks TLS with the certificate `server.pem` and the key `server.key` of a folder.
pub(super) fn with_tls(certificates: &Path) -> Postgres {
    let settings =
        Settings::quick().with("ssl=on").with("ssl_cert_file=server.pem").with("ssl_key_file=server.key");
    let files = ["server.pem", "server.key"].map(|name| certificates.join(name));
    Postgres::with_files(settings, &files.each_ref().map(|file| file.as_path()))
}
