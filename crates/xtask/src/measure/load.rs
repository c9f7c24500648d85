//! A closed loop: so many connections, each sending the next request as soon as its last was answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use super::client::{Connection, Request};

/// How long everything took, and each request.
pub(super) struct Timing {
    total: Duration,
    each: Vec<Duration>,
}

impl Timing {
    /// In tenths of a millisecond: the time within which so many percent were answered.
    pub(super) fn percentile_ms(&self, percent: usize) -> Result<u64> {
        let index = (self.each.len() * percent / 100).min(self.each.len().saturating_sub(1));
        let at = self.each.get(index).context("nothing was sent")?;
        Ok(u64::try_from(at.as_micros() / 100)?)
    }

    /// In tenths: how many a second, when each request holds `weight`.
    pub(super) fn per_second(&self, weight: usize) -> u64 {
        let count = (self.each.len() * weight) as u128;
        let tenths = count * 10_000_000 / self.total.as_micros().max(1);
        u64::try_from(tenths).unwrap_or(u64::MAX)
    }
}

/// Sends every request once, over so many connections; fails when any is not answered with success.
pub(super) fn run(address: SocketAddr, connections: usize, requests: Vec<Request>) -> Result<Timing> {
    let begun = Instant::now();
    let answers = answers(address, connections, &requests)?;
    let total = begun.elapsed();
    let mut each: Vec<_> = answers.into_iter().map(|answer| answer.took).collect();
    each.sort_unstable();
    Ok(Timing { total, each })
}

/// The same; answers the bodies of the replies, in the order of the requests.
pub(super) fn replies(
    address: SocketAddr,
    connections: usize,
    requests: Vec<Request>,
) -> Result<Vec<String>> {
    let mut answers = answers(address, connections, &requests)?;
    answers.sort_unstable_by_key(|answer| answer.index);
    Ok(answers.into_iter().map(|answer| answer.body).collect())
}

struct Answer {
    index: usize,
    took: Duration,
    body: String,
}

fn answers(address: SocketAddr, connections: usize, requests: &[Request]) -> Result<Vec<Answer>> {
    let next = &AtomicUsize::new(0);
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..connections).map(|_| scope.spawn(move || work(address, requests, next))).collect();
        let answers: Result<Vec<_>> = workers.into_iter().map(join).collect();
        Ok(answers?.into_iter().flatten().collect())
    })
}

fn join(worker: thread::ScopedJoinHandle<'_, Result<Vec<Answer>>>) -> Result<Vec<Answer>> {
    worker.join().map_err(|_| anyhow!("a worker panicked"))?
}

fn work(address: SocketAddr, requests: &[Request], next: &AtomicUsize) -> Result<Vec<Answer>> {
    let mut connection = Connection::open(address)?;
    let mut answers = Vec::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = requests.get(index) else { return Ok(answers) };
        let sent = Instant::now();
        let body = connection.must(request)?;
        answers.push(Answer { index, took: sent.elapsed(), body });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_rates_are_those_of_the_times() {
        let each: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        let timing = Timing { total: Duration::from_secs(2), each };
        assert_eq!((timing.percentile_ms(50).unwrap(), timing.percentile_ms(99).unwrap()), (510, 1000));
        assert_eq!((timing.per_second(1), timing.per_second(500)), (500, 250_000));
    }
}
