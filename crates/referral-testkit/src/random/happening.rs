//! What may happen in a history, and how histories are drawn.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use referral_domain::time::{DAY, HOUR, SECOND};

use super::paying::{Paying, onward, paying, set_method};

/// How many people there are; each has a code.
pub(super) const PEOPLE: usize = 5;

/// One thing that happens. People, events and references are told by number; `ago` is before now, in microseconds.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    SignUp {
        user: usize,
        code: Option<usize>,
        verified: Option<bool>,
        created_ago: i64,
        applied_ago: i64,
    },
    Hear {
        user: usize,
        verified: bool,
        ago: i64,
    },
    Spend {
        event: usize,
        user: usize,
        cents: i64,
        ago: i64,
    },
    /// Of an event told before, if `told` says which and it is a spend; else of that event, by that user.
    Refund {
        event: usize,
        told: Option<usize>,
        of: usize,
        user: usize,
        cents: i64,
        ago: i64,
        reason: usize,
    },
    /// An event told before, as it was told.
    TellAgain {
        nth: usize,
    },
    Review {
        user: usize,
        verdict: Verdict,
    },
    Redeem {
        reference: usize,
        user: usize,
        cents: i64,
        up_to: bool,
    },
    Reverse {
        reference: usize,
        redemption: usize,
        cents: Option<i64>,
    },
    /// An operator takes back what a rule granted for the referral of this user: the `back`-th before the last.
    Retract {
        user: usize,
        what: Granted,
        back: usize,
        reason: usize,
    },
    Advance {
        micros: i64,
    },
    Pause {
        paused: bool,
    },
    Expire,
    Reconcile,
    Release,
    GrantBudgeted,
    Pay(Paying),
}

/// What a person says of a referral.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Open,
    Clear,
    Confirm,
}

/// What a rule grants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Granted {
    Welcome,
    Reward,
    Commission,
}

/// On which terms a history is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// Whether rewards and commissions are held for a fortnight.
    pub(super) holds: bool,
    /// Whether there is a commission.
    pub(super) shares: bool,
    /// Whether the month's rewards are bounded.
    pub(super) bounded: bool,
}

/// A history and its terms.
pub(super) fn histories() -> impl Strategy<Value = (Setting, Vec<Happening>)> {
    let setting = (any::<bool>(), any::<bool>(), any::<bool>());
    let setting = setting.prop_map(|(holds, shares, bounded)| Setting { holds, shares, bounded });
    (setting, happenings())
}

/// Histories of up to 100 happenings, most of them among people who came by one another's codes and said where they are
/// paid; half of them begin when everybody has long spent.
fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let methods: Vec<_> = (0..PEOPLE).map(|user| proptest::option::weighted(0.8, set_method(user))).collect();
    let parts = (arrivals(), methods, proptest::option::of(long_ago()), vec(happening(), 1..=100));
    parts.prop_map(|(mut arrivals, methods, long_ago, happenings)| {
        arrivals.extend(methods.into_iter().flatten());
        arrivals.extend(long_ago.into_iter().flatten());
        arrivals.extend(happenings);
        arrivals
    })
}

/// Everybody spends what is due for a reward, time passes until it can be paid out, and perhaps it is.
fn long_ago() -> impl Strategy<Value = Vec<Happening>> {
    vec(onward(), 0..=16).prop_map(|onward| {
        let spends =
            (1..PEOPLE).map(|user| Happening::Spend { event: 55 + user, user, cents: 60_00, ago: 0 });
        let time = [Happening::Advance { micros: 40 * DAY }, Happening::Release];
        spends.chain(time).chain(onward).collect()
    })
}

/// Each but the first may come by the code of one before.
fn arrivals() -> impl Strategy<Value = Vec<Happening>> {
    let comes = (1..PEOPLE).map(|user| {
        let code = prop_oneof![4 => (0..user).prop_map(Some), 1 => Just(None)];
        (code, proptest::option::weighted(0.8, Just(true))).prop_map(move |(code, verified)| {
            Happening::SignUp { user, code, verified, created_ago: 0, applied_ago: 0 }
        })
    });
    comes.collect::<Vec<_>>()
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => sign_up(),
        3 => (0..PEOPLE, proptest::bool::weighted(0.8), ago())
            .prop_map(|(user, verified, ago)| Happening::Hear { user, verified, ago }),
        14 => (0..60_usize, 1..PEOPLE, cents(), ago())
            .prop_map(|(event, user, cents, ago)| Happening::Spend { event, user, cents, ago }),
        8 => refund(),
        3 => charge_back(),
        1 => (0..20_usize).prop_map(|nth| Happening::TellAgain { nth }),
        2 => (0..PEOPLE, verdict()).prop_map(|(user, verdict)| Happening::Review { user, verdict }),
        4 => (0..15_usize, 0..PEOPLE, cents(), any::<bool>())
            .prop_map(|(reference, user, cents, up_to)| Happening::Redeem { reference, user, cents, up_to }),
        2 => (0..10_usize, 0..15_usize, proptest::option::of(cents()))
            .prop_map(|(reference, redemption, cents)| Happening::Reverse { reference, redemption, cents }),
        5 => retract(),
        5 => select(vec![1, SECOND, HOUR, 30 * HOUR, 3 * DAY, 5 * DAY, 40 * DAY])
            .prop_map(|micros| Happening::Advance { micros }),
        1 => proptest::bool::weighted(0.4).prop_map(|paused| Happening::Pause { paused }),
        1 => Just(Happening::Expire),
        1 => Just(Happening::Reconcile),
        2 => Just(Happening::Release),
        2 => Just(Happening::GrantBudgeted),
        26 => paying(),
    ]
}

fn refund() -> impl Strategy<Value = Happening> {
    let told = proptest::option::weighted(0.8, 0..12_usize);
    (0..60_usize, told, 0..60_usize, 0..PEOPLE, cents(), ago(), 0..4_usize).prop_map(
        |(event, told, of, user, cents, ago, reason)| Happening::Refund {
            event,
            told,
            of,
            user,
            cents,
            ago,
            reason,
        },
    )
}

/// One of the first spends, whole: what came of it was perhaps paid out.
fn charge_back() -> impl Strategy<Value = Happening> {
    (0..60_usize, 0..4_usize).prop_map(|(event, first)| Happening::Refund {
        event,
        told: Some(first),
        of: first,
        user: 1,
        cents: 60_00,
        ago: 0,
        reason: 1,
    })
}

/// Mostly the last that was granted, for one of two reasons.
fn retract() -> impl Strategy<Value = Happening> {
    let what =
        prop_oneof![1 => Just(Granted::Welcome), 2 => Just(Granted::Reward), 4 => Just(Granted::Commission)];
    let back = prop_oneof![2 => Just(0), 1 => 1..3_usize];
    let reason = prop_oneof![3 => Just(0), 1 => Just(1)];
    (1..PEOPLE, what, back, reason).prop_map(|(user, what, back, reason)| Happening::Retract {
        user,
        what,
        back,
        reason,
    })
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![4 => Just(Verdict::Open), 4 => Just(Verdict::Clear), 1 => Just(Verdict::Confirm)]
}

fn sign_up() -> impl Strategy<Value = Happening> {
    let code = prop_oneof![4 => (0..PEOPLE).prop_map(Some), 1 => Just(None)];
    let verified = prop_oneof![3 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    (0..PEOPLE, code, verified, ago(), ago()).prop_map(|(user, code, verified, created_ago, applied_ago)| {
        Happening::SignUp { user, code, verified, created_ago, applied_ago }
    })
}

/// Mostly now; sometimes long before, sometimes a little ahead.
fn ago() -> impl Strategy<Value = i64> {
    let told_late = select(vec![-60 * SECOND, SECOND, HOUR, 4 * DAY, 29 * DAY, 95 * DAY]);
    prop_oneof![12 => Just(0), 8 => told_late, 1 => Just(-HOUR)]
}

/// Around what matters: a cent, a credit, half a threshold, a threshold.
fn cents() -> impl Strategy<Value = i64> {
    select(vec![1, 10_05, 10_15, 24_99, 25_00, 49_99, 50_00, 50_00, 60_00, 60_00])
}
