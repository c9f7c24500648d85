//! Connections to one node or to a cluster, and how long an answer is waited for.

use std::time::Duration;

use deadpool_redis::{Runtime, Timeouts, cluster};
use redis::{FromRedisValue, Pipeline, RedisError, ScriptInvocation};
use tokio::time::timeout;

/// How long a call may take, waiting for a connection and opening one included: requests wait for it.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(250);

/// How many connections at most: each carries many calls at once.
const CONNECTIONS: usize = 8;

/// Why text names no Redis. It never shows a password.
#[derive(Debug, thiserror::Error)]
pub enum UrlFault {
    /// There is none.
    #[error("no URL is given")]
    Missing,
    /// One is malformed.
    #[error(
        "URL {number} is not understood: write redis://[user:password@]host[:port][/database], or rediss:// for TLS"
    )]
    Malformed {
        /// Which one, from 1.
        number: usize,
    },
    /// A pool that cannot be made.
    #[error("the connections cannot be prepared")]
    Pool(#[source] referral_domain::port::BoxError),
}

/// Why a call got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("Redis does not answer within {} ms", ANSWER_WITHIN.as_millis())]
    Slow,
    #[error("no connection to Redis")]
    Connection(#[source] referral_domain::port::BoxError),
    #[error("Redis refused the call")]
    Refused(#[from] RedisError),
}

/// Where Redis is.
#[derive(Clone)]
pub(crate) enum Node {
    Single(deadpool_redis::Pool),
    Cluster(cluster::Pool),
}

/// Runs what needs a connection on either kind of them.
macro_rules! connected {
    ($node:expr, |$conn:ident| $work:expr) => {
        match $node {
            Node::Single(pool) => {
                let mut lent = pool.get().await.map_err(|error| NoAnswer::Connection(error.into()))?;
                let $conn = &mut lent;
                $work
            }
            Node::Cluster(pool) => {
                let mut lent = pool.get().await.map_err(|error| NoAnswer::Connection(error.into()))?;
                let $conn = &mut lent;
                $work
            }
        }
    };
}

impl Node {
    pub(crate) fn open(urls: &str) -> Result<Self, UrlFault> {
        let urls: Vec<&str> = urls.split(',').map(str::trim).filter(|url| !url.is_empty()).collect();
        for (index, url) in urls.iter().enumerate() {
            redis::Client::open(*url).map_err(|_| UrlFault::Malformed { number: index + 1 })?;
        }
        match urls.as_slice() {
            [] => Err(UrlFault::Missing),
            [url] => single(url).map(Self::Single),
            several => clustered(several).map(Self::Cluster),
        }
    }

    /// Runs a script.
    pub(crate) async fn run<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T, NoAnswer> {
        in_time(async { connected!(self, |conn| Ok(call.invoke_async(conn).await?)) }).await
    }

    /// Sends commands whose answers are not needed, in one flight.
    pub(crate) async fn send(&self, flight: &Pipeline) -> Result<(), NoAnswer> {
        in_time(async { connected!(self, |conn| Ok(flight.query_async(conn).await?)) }).await
    }
}

async fn in_time<T>(call: impl Future<Output = Result<T, NoAnswer>>) -> Result<T, NoAnswer> {
    timeout(ANSWER_WITHIN, call).await.unwrap_or(Err(NoAnswer::Slow))
}

fn waits() -> Timeouts {
    Timeouts { wait: Some(ANSWER_WITHIN), create: Some(ANSWER_WITHIN), recycle: Some(ANSWER_WITHIN) }
}

fn fault(error: impl Into<referral_domain::port::BoxError>) -> UrlFault {
    UrlFault::Pool(error.into())
}

fn single(url: &str) -> Result<deadpool_redis::Pool, UrlFault> {
    let builder = deadpool_redis::Config::from_url(url).builder().map_err(fault)?;
    builder.max_size(CONNECTIONS).timeouts(waits()).runtime(Runtime::Tokio1).build().map_err(fault)
}

fn clustered(urls: &[&str]) -> Result<cluster::Pool, UrlFault> {
    let urls: Vec<String> = urls.iter().map(|url| (*url).to_owned()).collect();
    let builder = cluster::Config::from_urls(urls).builder().map_err(fault)?;
    builder.max_size(CONNECTIONS).timeouts(waits()).runtime(Runtime::Tokio1).build().map_err(fault)
}
