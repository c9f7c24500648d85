//! Sign-ups per address: counted when a referral is made, and only then.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use referral_domain::identity::evident_ip;
use referral_domain::port::{Demand, Quota, Ticket};
use referral_domain::program::{Policy, Program};
use referral_domain::time::{DAY, HOUR, Timestamp};

use crate::app::App;
use crate::throttle::Throttled;

/// How many times a /64's quota a whole /48 may use.
const WIDE: u32 = 10;

/// An address's place among its sign-ups of the hour and the day: taken once a referral is decided on, at most once
/// however often the unit runs, and given back when none was made. What is refused by a rule never takes one.
///
/// It is taken inside the unit: before, refused attempts would keep out others while they last (ADR 6).
pub(crate) struct Seat<'a> {
    app: &'a App,
    ip: Option<IpAddr>,
    ticket: Mutex<Option<Ticket>>,
}

impl<'a> Seat<'a> {
    /// The place of an address, if it says something about a person.
    pub(crate) fn of(app: &'a App, ip: Option<IpAddr>) -> Self {
        Self { app, ip: ip.and_then(evident_ip), ticket: Mutex::default() }
    }

    /// Takes it, unless it is taken already.
    pub(crate) async fn take(&self, program: &Program, now: Timestamp) -> Result<(), Throttled> {
        let demands = self.ip.map(|ip| demands(program, ip)).unwrap_or_default();
        if self.ticket().is_none() {
            let group = self.ip.map(group).unwrap_or_default();
            let ticket = self.app.reserve(&group, &demands, now).await?;
            *self.ticket() = ticket;
        }
        Ok(())
    }

    /// Gives it back.
    pub(crate) async fn give_back(&self) {
        let ticket = self.ticket().take();
        self.app.give_back(ticket).await;
    }

    /// A ticket is only ever replaced whole, so a panic elsewhere cannot have left a half of it.
    fn ticket(&self) -> MutexGuard<'_, Option<Ticket>> {
        self.ticket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an address shares with its neighbours that count together with it.
fn group(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(four) => four.to_string(),
        IpAddr::V6(six) => prefix(six, 48),
    }
}

fn demands(program: &Program, ip: IpAddr) -> Vec<Demand> {
    let policy = &program.rules.policy;
    let key = |network: String| format!("signup:{}:{network}", program.book.0);
    match ip {
        IpAddr::V4(four) => vec![Demand { key: key(four.to_string()), quotas: quotas(policy, 1) }],
        IpAddr::V6(six) => vec![
            Demand { key: key(prefix(six, 64)), quotas: quotas(policy, 1) },
            Demand { key: key(prefix(six, 48)), quotas: quotas(policy, WIDE) },
        ],
    }
}

fn quotas(policy: &Policy, times: u32) -> Vec<Quota> {
    let quota = |most: u32, window| Quota { most: most.saturating_mul(times), window };
    vec![quota(policy.max_signups_per_ip_per_hour, HOUR), quota(policy.max_signups_per_ip_per_day, DAY)]
}

/// The network of an address, like `2001:db8:1::/48`.
pub(crate) fn prefix(six: Ipv6Addr, bits: u32) -> String {
    let mask = u128::MAX << (128 - bits);
    format!("{}/{bits}", Ipv6Addr::from(u128::from(six) & mask))
}
