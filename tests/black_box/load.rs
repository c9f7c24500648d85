//! Many callers at once, and what each was told.

use std::net::SocketAddr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use crate::host::{Host, Pair, amount};
use crate::http::{Connection, Reply, Request};

/// Sends all requests at the same moment, each on a connection that was open before; the replies in the same order.
pub(crate) fn at_once(address: SocketAddr, requests: &[Request]) -> Vec<Reply> {
    at_once_to(&[address], requests)
}

/// The same, to servers in turn.
pub(crate) fn at_once_to(addresses: &[SocketAddr], requests: &[Request]) -> Vec<Reply> {
    let barrier = &Barrier::new(requests.len());
    thread::scope(|scope| {
        let callers = requests.iter().zip(addresses.iter().cycle());
        let callers: Vec<_> =
            callers.map(|(request, address)| scope.spawn(move || one(*address, request, barrier))).collect();
        callers.into_iter().map(|caller| caller.join().expect("no caller failed")).collect()
    })
}

fn one(address: SocketAddr, request: &Request, barrier: &Barrier) -> Reply {
    let connection = Connection::open(address);
    barrier.wait();
    let sent = connection.and_then(|mut connection| connection.send(request));
    sent.unwrap_or_else(|error| panic!("{}: {error}", request.line()))
}

/// Does something with each number below `count`, eight at a time.
pub(crate) fn each<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    const CALLERS: usize = 8;
    let work = &work;
    thread::scope(|scope| {
        let share = |caller| {
            move || (caller..count).step_by(CALLERS).map(|number| (number, work(number))).collect::<Vec<_>>()
        };
        let callers: Vec<_> = (0..CALLERS).map(|caller| scope.spawn(share(caller))).collect();
        let mut all: Vec<_> =
            callers.into_iter().flat_map(|caller| caller.join().expect("no caller failed")).collect();
        all.sort_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, done)| done).collect()
    })
}

/// A write, and what it was answered; `None` when the server went away before it answered.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) request: Request,
    pub(crate) answer: Option<Reply>,
}

/// What the spend of a round is, in cents: ten of them earn the reward.
pub(crate) const SPEND_CENTS: i64 = 500;

/// What a redemption of a round is, in cents.
pub(crate) const REDEEM_CENTS: i64 = 1;

/// Every second write redeems a cent of the 10.00 that a user has: after this many there is nothing left.
const WRITES_MAX: usize = 2_000;

/// Spends and redeems in turn for one pair until the server goes away or nobody listens; tells of each acknowledgement.
pub(crate) fn until_it_goes(
    host: &Host,
    address: SocketAddr,
    pair: &Pair,
    round: usize,
    tell: &Sender<()>,
) -> Vec<Sent> {
    let mut all = Vec::new();
    let Ok(mut connection) = Connection::open(address) else { return all };
    for number in 0..WRITES_MAX {
        all.push(send(&mut connection, write(pair, round, number).key(&host.key)));
        let gone = all.last().is_some_and(|sent| sent.answer.is_none());
        if gone || tell.send(()).is_err() {
            break;
        }
    }
    all
}

/// So many writes of the same kind, all of them answered.
pub(crate) fn some(count: usize, host: &Host, address: SocketAddr, pair: &Pair) -> Vec<Sent> {
    let mut connection = Connection::open(address).expect("the server is up");
    (0..count).map(|number| send(&mut connection, write(pair, 0, number).key(&host.key))).collect()
}

/// A write and its answer, if there was one: it must be a success, or say that the store is away and when to come back.
fn send(connection: &mut Connection, request: Request) -> Sent {
    let answer = connection.send(&request).ok().filter(is_an_answer);
    Sent { request, answer }
}

/// Whether the write was done; a 503 says that nobody knows.
fn is_an_answer(reply: &Reply) -> bool {
    if reply.status == 503 {
        reply.refused(503, "store-unavailable");
        assert!(reply.header("retry-after").is_some(), "{reply:?}");
    } else {
        assert!(matches!(reply.status, 200 | 201), "{reply:?}");
    }
    reply.status != 503
}

/// Spends and redeems in turn for one pair until told to stop, whatever happens meanwhile; with when each was answered.
pub(crate) fn through(
    host: &Host,
    address: SocketAddr,
    pair: &Pair,
    stop: &AtomicBool,
) -> Vec<(Sent, Instant)> {
    let mut all = Vec::new();
    let mut connection = Connection::open(address).ok();
    for number in 0..WRITES_MAX {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let Some(open) = &mut connection else { break };
        let sent = send(open, write(pair, 0, number).key(&host.key));
        if sent.answer.is_none() {
            // As a client would: a little later, on a fresh connection.
            thread::sleep(Duration::from_millis(20));
            connection = Connection::open(address).ok();
        }
        all.push((sent, Instant::now()));
    }
    all
}

fn write(pair: &Pair, round: usize, number: usize) -> Request {
    let id = format!("{}-{round}-{number}", pair.referred);
    if number.is_multiple_of(2) {
        pair.spend(&id, &amount(SPEND_CENTS))
    } else {
        pair.redeem(&id, &amount(REDEEM_CENTS))
    }
}
