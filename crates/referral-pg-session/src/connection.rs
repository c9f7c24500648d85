//! Connections: opened in one way, with settings that every session gets.
//!
//! - Time-outs: a lock is waited for at most 5 s, a statement runs at most 15 s, a session that forgot its unit is ended
//!   after 30 s. A session whose client is gone notices while it waits, and stops.
//! - `plan_cache_mode=force_generic_plan`: statements are planned once a session, not once a call, though they are given
//!   arrays. Joins and scans that such a plan must never use (they read whole tables) are off: what is left are nested
//!   loops over indexes. Reports do without both, since some of them do read much. See also [`Plans`].
//! - `jit=off`: what is asked takes microseconds, and compiling it milliseconds; the server compiles what it takes for dear,
//!   which any plan is that a switch above forbids and that it must use all the same.
//! - READ COMMITTED, said with each `BEGIN`: a later statement sees what was committed while an earlier one waited.

use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use referral_domain::port::{StoreError, chain};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::config::Host;
use tokio_postgres::tls::TlsStream;
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};

use crate::failure::{Told, unavailable};
use crate::location::{Location, LocationFault, Security};
use crate::tls;
use crate::wire::{Tapped, Wire};

/// How long connecting may take, unless the URL says `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Where PostgreSQL listens unless the URL says otherwise.
const PORT: u16 = 5432;

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Units of work.
    Writer,
    /// Reports.
    Reader,
    /// Migrations and proofs, which may take long.
    Patient,
    /// Waits for what is announced, for ever.
    Listener,
}

impl Role {
    /// What a session of this role is told first.
    #[must_use]
    pub const fn settings(self) -> &'static str {
        match self {
            Self::Writer => {
                "SET statement_timeout = '15s'; SET lock_timeout = '5s';
                 SET idle_in_transaction_session_timeout = '30s'; SET client_connection_check_interval = '1s';
                 SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;
                 SET enable_mergejoin = off;
                 SET jit = off"
            }
            Self::Reader => {
                "SET default_transaction_read_only = on; SET statement_timeout = '15s'; SET lock_timeout = '5s';
                 SET idle_in_transaction_session_timeout = '30s'; SET client_connection_check_interval = '1s';
                 SET jit = off"
            }
            Self::Patient => "SET client_connection_check_interval = '1s'",
            Self::Listener => "SET default_transaction_read_only = on; SET statement_timeout = '15s'",
        }
    }
}

/// Opens connections to one database.
pub struct Connector {
    location: Location,
    client: Arc<ClientConfig>,
}

/// A connection with what its tap saw, and when its statements were planned.
pub struct Session {
    /// The connection.
    pub conn: AsyncPgConnection,
    /// What its tap saw.
    pub wire: Arc<Wire>,
    /// When its statements were planned.
    pub plans: Plans,
}

/// When a session plans its statements anew.
///
/// A plan is kept for the session, and one that was made on empty tables may take any index: all cost the same then. The
/// server notices only when it analyses a table, up to a minute later. So a session's plans live as long as the session
/// was old when they were made: tables that grow steadily are at most twice as large as their plans know, and planning
/// costs a few milliseconds, less and less often.
pub struct Plans {
    opened: Instant,
    made: Instant,
}

/// The first plans, made on what may be empty tables, live this long.
const SHORTEST_PLAN: Duration = Duration::from_millis(100);
/// And none lives longer than this.
const LONGEST_PLAN: Duration = Duration::from_secs(60);

impl Plans {
    fn made_now() -> Self {
        let now = Instant::now();
        Self { opened: now, made: now }
    }

    /// Whether it is time to plan anew; if so, it counts as done.
    pub fn are_old(&mut self) -> bool {
        let now = Instant::now();
        let lifetime = self.made.duration_since(self.opened).clamp(SHORTEST_PLAN, LONGEST_PLAN);
        let old = now.duration_since(self.made) >= lifetime;
        if old {
            self.made = now;
        }
        old
    }
}

impl Connector {
    /// A connector to the database at this URL. Nothing is opened yet.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        let location = Location::parse(url).map_err(unavailable)?;
        let client = Arc::new(tls::client(&location)?);
        Ok(Self { location, client })
    }

    /// Opens a session with the settings of its role.
    pub async fn open(&self, role: Role) -> Result<Session, StoreError> {
        let longest = self.location.config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT);
        let opening = tokio::time::timeout(longest, self.any_host());
        let mut session = opening.await.map_err(unavailable)??;
        session.conn.batch_execute(role.settings()).await.told()?;
        Ok(session)
    }

    /// The first of the URL's hosts that answers.
    async fn any_host(&self) -> Result<Session, StoreError> {
        let config = &self.location.config;
        let mut last = unavailable(LocationFault::NoHost);
        for (n, host) in config.get_hosts().iter().enumerate() {
            let ports = config.get_ports();
            let port = ports.get(n).or_else(|| ports.first()).copied().unwrap_or(PORT);
            match self.host(host, port).await {
                Ok(session) => return Ok(session),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    async fn host(&self, host: &Host, port: u16) -> Result<Session, StoreError> {
        match (self.location.security, host) {
            // A socket file is not encrypted: nothing passes a network.
            (Security::Plain, _) | (_, Host::Unix(_)) => self.plain(host, port).await,
            (Security::Prefer, Host::Tcp(name)) => match self.encrypted(host, name, port).await {
                Ok(session) => Ok(session),
                Err(_) => self.plain(host, port).await,
            },
            (_, Host::Tcp(name)) => self.encrypted(host, name, port).await,
        }
    }

    async fn plain(&self, host: &Host, port: u16) -> Result<Session, StoreError> {
        let wire = Arc::<Wire>::default();
        let stream = Tapped::new(Plain::open(host, port).await.map_err(unavailable)?, Arc::clone(&wire));
        let mut config = self.location.config.clone();
        config.ssl_mode(tokio_postgres::config::SslMode::Disable);
        let (client, connection) = config.connect_raw(stream, NoTls).await.map_err(unavailable)?;
        session(client, connection, wire).await
    }

    async fn encrypted(&self, host: &Host, name: &str, port: u16) -> Result<Session, StoreError> {
        let wire = Arc::<Wire>::default();
        let stream = Plain::open(host, port).await.map_err(unavailable)?;
        let connector = tls::connector::<Plain>(&self.client, name, Arc::clone(&wire))?;
        let connecting = self.location.config.connect_raw(stream, connector);
        let (client, connection) = connecting.await.map_err(unavailable)?;
        session(client, connection, wire).await
    }
}

/// Drives a connection in a task of its own, which ends when the client is dropped or the server goes away.
async fn session<S, T>(
    client: Client,
    connection: Connection<S, T>,
    wire: Arc<Wire>,
) -> Result<Session, StoreError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: TlsStream + Unpin + Send + 'static,
{
    let watched = Arc::clone(&wire);
    tokio::spawn(async move {
        if let Err(error) = drive(connection, &watched).await {
            tracing::debug!(error = chain(&error), "a connection to PostgreSQL ended");
        }
        watched.end();
    });
    let conn = AsyncPgConnection::try_from(client).await.map_err(unavailable)?;
    Ok(Session { conn, wire, plans: Plans::made_now() })
}

/// Until the connection ends; what is announced to it is kept for whoever listens.
async fn drive<S, T>(mut connection: Connection<S, T>, wire: &Wire) -> Result<(), tokio_postgres::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: TlsStream + Unpin,
{
    while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
        if let AsyncMessage::Notification(told) = message? {
            wire.hear(told.payload());
        }
    }
    Ok(())
}

/// A stream to a server, over the network or through a socket file.
pub enum Plain {
    /// Over the network.
    Tcp(TcpStream),
    /// Through a socket's file.
    Unix(UnixStream),
}

impl Plain {
    /// A stream to a server.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn open(host: &Host, port: u16) -> io::Result<Self> {
        match host {
            Host::Tcp(name) => {
                let stream = TcpStream::connect((name.as_str(), port)).await?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            Host::Unix(folder) => Ok(Self::Unix(UnixStream::connect(socket(folder, port)).await?)),
        }
    }
}

fn socket(folder: &Path, port: u16) -> std::path::PathBuf {
    folder.join(format!(".s.PGSQL.{port}"))
}

macro_rules! either {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Plain::Tcp($stream) => $call,
            Plain::Unix($stream) => $call,
        }
    };
}

impl AsyncRead for Plain {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Plain {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
