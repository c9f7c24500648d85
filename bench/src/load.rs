//! A closed loop: so many connections, each sending its next request as soon as the last was answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::runtime::Builder;

use crate::http::Connection;

/// What to send as the n-th request.
pub(crate) type Requests = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// How long to load.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// For this time.
    Over(Duration),
    /// So many requests.
    Sent(u64),
}

/// What came of a load.
#[derive(Clone, Debug)]
pub(crate) struct Timing {
    /// Requests that were answered with a success; any other answer fails the run.
    pub(crate) answered: u64,
    pub(crate) took: Duration,
    /// Microseconds of each, sorted.
    each: Vec<u32>,
}

impl Timing {
    /// How many a second, when each request holds `weight`.
    pub(crate) fn rate(&self, weight: u64) -> u64 {
        let micros = u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX).max(1);
        (self.answered * weight).saturating_mul(1_000_000) / micros
    }

    /// Within how many microseconds so many of a hundred were answered.
    pub(crate) fn percentile_us(&self, percent: usize) -> u32 {
        let index = (self.each.len() * percent / 100).min(self.each.len().saturating_sub(1));
        self.each.get(index).copied().unwrap_or(0)
    }
}

/// Loads a server from one thread, so that the other processor is the server's.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    until: Until,
    first: u64,
    requests: &Requests,
) -> Result<Timing> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let next = Arc::new(AtomicU64::new(first));
        let begun = Instant::now();
        let workers: Vec<_> = (0..connections)
            .map(|_| {
                tokio::task::spawn_local(work(address, until, begun, first, next.clone(), requests.clone()))
            })
            .collect();
        let mut each = Vec::new();
        for worker in workers {
            each.extend(worker.await.context("a connection broke down")??);
        }
        let took = begun.elapsed();
        each.sort_unstable();
        Ok(Timing { answered: each.len() as u64, took, each })
    })
}

async fn work(
    address: SocketAddr,
    until: Until,
    begun: Instant,
    first: u64,
    next: Arc<AtomicU64>,
    requests: Requests,
) -> Result<Vec<u32>> {
    let mut connection = Connection::open(address).await?;
    let mut each = Vec::new();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let over = match until {
            Until::Over(time) => begun.elapsed() >= time,
            Until::Sent(count) => n - first >= count,
        };
        if over {
            return Ok(each);
        }
        let request = requests(n);
        let sent = Instant::now();
        connection.send(&request).await?;
        each.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_rates_are_those_of_the_times() {
        let timing = Timing { answered: 100, took: Duration::from_secs(2), each: (1..=100).collect() };
        assert_eq!((timing.percentile_us(50), timing.percentile_us(99)), (51, 100));
        assert_eq!((timing.rate(1), timing.rate(500)), (50, 25_000));
    }
}
