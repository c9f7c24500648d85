//! Day rows: added up, each written once.

use std::collections::BTreeSet;

use proptest::prelude::*;
use referral_domain::id::CodeId;
use referral_domain::time::Day;
use referral_domain::tracking::DayDelta;
use uuid::Uuid;

use crate::made::{ANA, BEN, NOW, referral};

fn any_delta() -> impl Strategy<Value = DayDelta> {
    let counts = proptest::array::uniform7(-9..9_i64);
    (any::<bool>(), 0..2_u128, 0..2_i32, counts).prop_map(|(ana, code, day, counts)| {
        let [signups, verified_signups, conversions, conversions_reversed, revenue, earned, pending] = counts;
        let (referrer, code) = (if ana { ANA } else { BEN }, CodeId::from_uuid(Uuid::from_u128(code)));
        let day = Day::from_number(day);
        DayDelta {
            signups,
            verified_signups,
            conversions,
            conversions_reversed,
            revenue,
            earned,
            pending,
            ..DayDelta::empty(referrer, code, day)
        }
    })
}

fn counts(row: &DayDelta) -> [i64; 7] {
    let DayDelta { signups, verified_signups, conversions, conversions_reversed, .. } = *row;
    [signups, verified_signups, conversions, conversions_reversed, row.revenue, row.earned, row.pending]
}

#[test]
fn a_new_row_belongs_to_the_referrer_and_gains_nothing() {
    let row = DayDelta::of(&referral().facts, NOW.day());
    assert_eq!((row.referrer, row.code, row.day), (ANA, referral().facts.code, NOW.day()));
    assert_eq!(counts(&row), [0; 7]);
}

proptest! {
    #[test]
    fn merging_keeps_every_sum_and_leaves_one_row_a_key(
        deltas in proptest::collection::vec(any_delta(), 0..20),
    ) {
        let key = |row: &DayDelta| (row.referrer, row.code, row.day);
        let merged = DayDelta::merged(deltas.clone());
        let keys: BTreeSet<_> = deltas.iter().map(key).collect();
        prop_assert_eq!(merged.iter().map(key).collect::<Vec<_>>(), keys.into_iter().collect::<Vec<_>>());
        for row in &merged {
            let parts = deltas.iter().filter(|delta| key(delta) == key(row));
            let sums = parts.fold([0; 7], |sums, part| std::array::from_fn(|at| sums[at] + counts(part)[at]));
            prop_assert_eq!(counts(row), sums);
        }
        prop_assert_eq!(DayDelta::merged(merged.clone()), merged);
    }
}
