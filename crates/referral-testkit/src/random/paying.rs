//! What may happen around payouts, and how it is drawn. What is told of the newest payout or batch, while there is none, is
//! [`Paying::Onward`].

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::happening::{Happening, PEOPLE};

/// One step around payouts. A payout or batch is told by how many came after it; people of the company by number.
#[derive(Clone, Debug)]
pub(super) enum Paying {
    /// One of two accounts, or a reference of somebody else's.
    SetMethod { user: usize, place: usize },
    /// So much, or all that is payable; by this user, or by whoever has the most to ask for.
    Request { user: Option<usize>, cents: Option<i64> },
    /// By its user, or by another.
    Cancel { nth: usize, stranger: bool },
    /// A person of the company agrees or rejects.
    Decide { nth: usize, agrees: bool },
    /// Of everything that is approved, or of these payouts.
    Build { external: bool, of: Option<Vec<usize>>, by: usize },
    /// What comes next for a batch, or for whoever has no batch yet, by whoever may.
    Onward { nth: usize, lines: Vec<Line> },
    /// Whatever the batch stands at; by its maker when nobody is told.
    Move { nth: usize, step: BatchMove, by: Option<usize> },
    /// A bank's file: a line for each payout, in their order.
    Settle { nth: usize, lines: Vec<Line> },
}

/// What is done to a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BatchMove {
    Seal,
    Approve,
    Discard,
    Export { paypal: bool },
}

/// What a file says of one payout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Line {
    Paid,
    Failed,
    Missing,
    OtherAmount,
    UnknownStatus,
    PaidTwice,
    PaidAndFailed,
}

/// How many people of the company there are.
const STAFF: usize = 3;

/// Where somebody may be paid: two accounts, and a place outside.
pub(super) const OUTSIDE: usize = 2;

pub(super) fn set_method(user: usize) -> impl Strategy<Value = Happening> {
    prop_oneof![3 => Just(0), 1 => Just(1), 2 => Just(OUTSIDE)]
        .prop_map(move |place| Happening::Pay(Paying::SetMethod { user, place }))
}

pub(super) fn paying() -> impl Strategy<Value = Happening> {
    let step = prop_oneof![
        2 => (0..PEOPLE, 0..=OUTSIDE).prop_map(|(user, place)| Paying::SetMethod { user, place }),
        10 => (proptest::option::of(0..PEOPLE), proptest::option::weighted(0.4, cents()))
            .prop_map(|(user, cents)| Paying::Request { user, cents }),
        2 => (nth(), proptest::bool::weighted(0.2))
            .prop_map(|(nth, stranger)| Paying::Cancel { nth, stranger }),
        5 => (nth(), proptest::bool::weighted(0.8)).prop_map(|(nth, agrees)| Paying::Decide { nth, agrees }),
        4 => build(),
        20 => (nth(), vec(line(), PEOPLE)).prop_map(|(nth, lines)| Paying::Onward { nth, lines }),
        9 => (nth(), batch_move(), proptest::option::of(0..STAFF))
            .prop_map(|(nth, step, by)| Paying::Move { nth, step, by }),
        5 => (nth(), vec(line(), PEOPLE)).prop_map(|(nth, lines)| Paying::Settle { nth, lines }),
    ];
    step.prop_map(Happening::Pay)
}

pub(super) fn onward() -> impl Strategy<Value = Happening> {
    vec(line(), PEOPLE).prop_map(|lines| Happening::Pay(Paying::Onward { nth: 0, lines }))
}

fn build() -> impl Strategy<Value = Paying> {
    let of = proptest::option::weighted(0.2, vec(0..4_usize, 1..4));
    (proptest::bool::weighted(0.25), of, 0..STAFF).prop_map(|(external, of, by)| Paying::Build {
        external,
        of,
        by,
    })
}

fn batch_move() -> impl Strategy<Value = BatchMove> {
    prop_oneof![
        1 => Just(BatchMove::Seal),
        3 => Just(BatchMove::Approve),
        1 => Just(BatchMove::Discard),
        4 => any::<bool>().prop_map(|paypal| BatchMove::Export { paypal }),
    ]
}

fn line() -> impl Strategy<Value = Line> {
    use Line::{Failed, Missing, OtherAmount, Paid, PaidAndFailed, PaidTwice, UnknownStatus};
    prop_oneof![
        6 => Just(Paid),
        4 => Just(Failed),
        2 => select(vec![Missing, OtherAmount, UnknownStatus, PaidTwice, PaidAndFailed]),
    ]
}

/// Mostly the newest.
fn nth() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0), 2 => Just(1), 1 => 0..6_usize]
}

/// Below the least, at it, above it, and more than anybody has.
fn cents() -> impl Strategy<Value = i64> {
    select(vec![1, 4_99, 5_00, 10_00, 25_00, 25_01, 99_99])
}
