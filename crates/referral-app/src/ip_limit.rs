//! Sign-ups per address: reserved before the unit, given back when no referral was made.

use std::net::{IpAddr, Ipv6Addr};

use referral_domain::identity::evident_ip;
use referral_domain::port::{Demand, Quota, Ticket};
use referral_domain::program::{Policy, Program};
use referral_domain::time::{DAY, HOUR, Timestamp};

use crate::app::App;
use crate::throttle::Throttled;

/// How many times a /64's quota a whole /48 may use.
const WIDE: u32 = 10;

impl App {
    /// Reserves a sign-up for an address that says something about a person.
    pub(crate) async fn reserve_sign_up(
        &self,
        program: &Program,
        ip: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Option<Ticket>, Throttled> {
        let demands = ip.and_then(evident_ip).map(|ip| demands(program, ip)).unwrap_or_default();
        self.reserve(&demands, now).await
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
