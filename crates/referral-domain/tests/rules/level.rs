//! Due is a level, never an edge: whatever order the same facts arrive in, they end in the same place.

use proptest::prelude::*;
use referral_domain::referral::{AwardStatus, StateName};
use referral_domain::time::Timestamp;

use crate::made::{days, paid};
use crate::world::{Ending, World};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fact {
    /// Cents, and when.
    Spent(i64, Timestamp),
    Verified(Timestamp),
    Applied,
}

fn tell(world: &mut World, number: usize, fact: Fact) {
    match fact {
        Fact::Spent(minor, at) => {
            world.spend(&[paid(&format!("inv_{number}"), minor, at)]);
        }
        Fact::Verified(at) => world.hear(at, true),
        Fact::Applied => world.apply(),
    }
}

/// Tells the numbered facts in this order, all of them before the early spends are forgotten.
fn ending(mut world: World, facts: &[(usize, Fact)]) -> Ending {
    for (number, fact) in facts {
        world.now = world.now.plus_micros(1);
        tell(&mut world, *number, *fact);
    }
    world.ending()
}

fn at_any_time() -> impl Strategy<Value = Timestamp> {
    proptest::sample::select(vec![days(-1), days(0), days(30), days(90).plus_micros(-1), days(90), days(91)])
}

fn spends() -> impl Strategy<Value = Vec<Fact>> {
    let minor = proptest::sample::select(vec![1, 1_000, 2_500, 4_999, 5_000, 6_000]);
    proptest::collection::vec((minor, at_any_time()).prop_map(|(minor, at)| Fact::Spent(minor, at)), 0..6)
}

/// Any number of them, before, in and after the window.
fn verifications() -> impl Strategy<Value = Vec<Fact>> {
    proptest::collection::vec(at_any_time().prop_map(Fact::Verified), 0..4)
}

type Numbered = Vec<(usize, Fact)>;

fn shuffled(facts: impl Strategy<Value = Vec<Fact>>) -> impl Strategy<Value = (Numbered, Numbered)> {
    let numbered = facts.prop_map(|facts| facts.into_iter().enumerate().collect::<Vec<_>>());
    numbered.prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()))
}

fn history() -> impl Strategy<Value = (Numbered, Numbered)> {
    shuffled((spends(), verifications()).prop_map(|(spends, words)| [spends, words].concat()))
}

/// Every order of the facts.
fn orders(facts: &[(usize, Fact)]) -> Vec<Numbered> {
    if facts.is_empty() {
        return vec![Vec::new()];
    }
    let each = (0..facts.len()).flat_map(|first| {
        let rest = [&facts[..first], &facts[first + 1..]].concat();
        orders(&rest).into_iter().map(move |order| [vec![facts[first]], order].concat())
    });
    each.collect()
}

fn late_enough() -> World {
    World { now: days(100), ..World::referred() }
}

#[test]
fn every_order_of_a_story_ends_in_one_reward() {
    let story = [
        Fact::Spent(2_000, days(0)),
        Fact::Spent(3_000, days(59)),
        Fact::Spent(1_500, days(90)),
        Fact::Spent(500, days(-1)),
        Fact::Verified(days(5)),
    ];
    let numbered: Vec<_> = story.into_iter().enumerate().collect();
    let endings: Vec<_> = orders(&numbered).iter().map(|order| ending(late_enough(), order)).collect();
    println!("level: orders={}", endings.len());
    assert_eq!(endings.len(), 120);
    assert!(endings.iter().all(|one| *one == endings[0]), "{endings:#?}");
    let end = &endings[0];
    assert_eq!((end.net, end.state, &end.posted), (5_000, StateName::Completed, &(vec![1_000], vec![2_500])));
    assert_eq!(end.counted, [5_000, 2_500, 1, 1]);
}

#[test]
fn a_story_one_cent_short_ends_in_no_reward_in_every_order() {
    let story = [Fact::Spent(2_000, days(0)), Fact::Spent(2_999, days(59)), Fact::Verified(days(5))];
    let numbered: Vec<_> = story.into_iter().enumerate().collect();
    for order in orders(&numbered) {
        let end = ending(late_enough(), &order);
        assert_eq!((end.state, end.reward.0), (StateName::Active, AwardStatus::NotDue), "{order:?}");
        assert_eq!(end.posted, (vec![1_000], vec![]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_order_of_the_same_spends_and_verifications_ends_the_same((told, shuffled) in history()) {
        prop_assert_eq!(ending(late_enough(), &told), ending(late_enough(), &shuffled));
    }

    #[test]
    fn the_end_is_a_plain_sum_of_the_facts((facts, order) in history()) {
        let end = ending(late_enough(), &order);
        let inside = |at: Timestamp| days(0) <= at && at < days(90);
        let net = facts.iter().map(|(_, fact)| match fact {
            Fact::Spent(minor, at) if inside(*at) => *minor,
            _ => 0,
        }).sum::<i64>();
        let active = facts.iter().any(|(_, fact)| matches!(fact, Fact::Verified(at) if *at < days(90)));
        prop_assert_eq!(end.net, net);
        prop_assert_eq!(end.posted.0, if active { vec![1_000] } else { vec![] });
        prop_assert_eq!(end.posted.1, if active && net >= 5_000 { vec![2_500] } else { vec![] });
    }

    #[test]
    fn spends_told_before_the_sign_up_end_as_if_told_after_it(
        (told, shuffled) in shuffled(spends().prop_map(|mut facts| { facts.push(Fact::Applied); facts })),
        verified in any::<bool>(),
    ) {
        let soon = |facts: &Numbered| facts.iter().copied().filter(|(_, fact)| {
            matches!(fact, Fact::Applied) || matches!(fact, Fact::Spent(_, at) if *at <= days(0))
        }).collect::<Vec<_>>();
        let start = || {
            let mut world = World::new();
            if verified { world.hear(days(-1), true) }
            world
        };
        prop_assert_eq!(ending(start(), &soon(&told)), ending(start(), &soon(&shuffled)));
    }
}
