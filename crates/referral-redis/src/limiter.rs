//! Demands as a script's arguments, and its answer as an admission.

use std::sync::LazyLock;

use async_trait::async_trait;
use redis::{Cmd, Pipeline, Script};
use referral_domain::port::{Admission, BoxError, Demand, JITTER, Limiter, LimiterDown, Ticket};
use referral_domain::time::Timestamp;

use crate::node::{Node, UrlFault};

/// What every key begins with, unless told otherwise.
const PREFIX: &str = "referral";

static ADMIT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("admit.lua")));

/// What the script answered that it never answers.
#[derive(Debug, thiserror::Error)]
#[error("the limiter's script answered {0:?}")]
struct Garbled((u8, String));

/// A [`Limiter`] in Redis. Clones share its connections.
#[derive(Clone)]
pub struct RedisLimiter {
    node: Node,
    prefix: String,
}

impl std::fmt::Debug for RedisLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisLimiter")
    }
}

impl RedisLimiter {
    /// A limiter at `redis://` or `rediss://` URLs, by commas: one is a single node, several are nodes of a cluster.
    /// Nothing is opened yet: a Redis that is away is met by the first call.
    ///
    /// # Errors
    /// [`UrlFault`], which shows no password.
    pub fn open(urls: &str) -> Result<Self, UrlFault> {
        Ok(Self { node: Node::open(urls)?, prefix: PREFIX.to_owned() })
    }

    /// Whether Redis answers, and runs scripts. Nothing is counted.
    ///
    /// # Errors
    /// [`LimiterDown`], with what went wrong.
    pub async fn answers(&self) -> Result<(), LimiterDown> {
        let script = Script::new("return redis.call('EXISTS', KEYS[1])");
        let call = script.key(self.key("", "answers"));
        self.node.run::<i64>(&call).await.map(drop).map_err(down)
    }

    /// The same with keys of its own, which begin with this.
    #[must_use]
    pub fn with_prefix(self, prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..self }
    }

    /// Braces are a cluster's: what is in the first of them decides the slot, when it is anything. One in a group would
    /// end the tag too soon.
    fn key(&self, group: &str, key: &str) -> String {
        let tag = group.replace(['{', '}'], "_");
        format!("{}:{{={tag}}}:{key}", self.prefix)
    }
}

/// The script does not know the types of its arguments: all are numbers, in the order that it reads.
fn arguments(demands: &[Demand], now: Timestamp) -> Vec<i64> {
    let mut arguments = vec![now.micros(), JITTER];
    for demand in demands {
        arguments.push(i64::try_from(demand.quotas.len()).unwrap_or(i64::MAX));
        arguments.extend(demand.quotas.iter().flat_map(|quota| [i64::from(quota.most), quota.window]));
    }
    arguments
}

fn admission((admitted, instant): (u8, String), group: &str, demands: &[Demand]) -> Option<Admission> {
    let at = Timestamp::from_micros(instant.parse().ok()?);
    let keys = || demands.iter().map(|demand| demand.key.clone()).collect();
    match admitted {
        0 => Some(Admission::Refused { retry_at: at }),
        1 => Some(Admission::Admitted(Ticket { group: group.to_owned(), keys: keys(), at })),
        _ => None,
    }
}

fn down(source: impl Into<BoxError>) -> LimiterDown {
    LimiterDown(source.into())
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn admit(&self, group: &str, demands: &[Demand], now: Timestamp) -> Result<Admission, LimiterDown> {
        let mut call = ADMIT.prepare_invoke();
        demands.iter().for_each(|demand| {
            call.key(self.key(group, &demand.key));
        });
        call.arg(arguments(demands, now));
        let answer: (u8, String) = self.node.run(&call).await.map_err(down)?;
        admission(answer.clone(), group, demands).ok_or_else(|| down(Garbled(answer)))
    }

    async fn release(&self, ticket: &Ticket) -> Result<(), LimiterDown> {
        let mut flight = Pipeline::with_capacity(ticket.keys.len());
        for key in &ticket.keys {
            let mut remove = Cmd::new();
            remove.arg("ZREM").arg(self.key(&ticket.group, key)).arg(ticket.at.micros());
            flight.add_command(remove).ignore();
        }
        self.node.send(&flight).await.map_err(down)
    }
}
