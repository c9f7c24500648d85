//! The window: `expired` is a label and not a gate, and an instant of its own decides whether a fact lies inside.

use referral_domain::referral::{Award, State, StateName};
use referral_domain::settle::{expire, settle};
use referral_domain::spend::Outcome;
use referral_domain::time::Timestamp;

use crate::made::{NOW, clear, days, ids, paid, plenty, referral};
use crate::world::World;

const fn last_instant(end: Timestamp) -> Timestamp {
    end.plus_micros(-1)
}

fn expired() -> World {
    let mut world = World { now: days(100), ..World::referred() };
    assert!(expire(world.ben_mut(), days(100)));
    world
}

#[test]
fn the_window_holds_from_applying_until_just_before_its_end() {
    let facts = referral().facts;
    for (at, inside) in
        [(NOW.plus_micros(-1), false), (NOW, true), (last_instant(days(90)), true), (days(90), false)]
    {
        assert_eq!(facts.window_holds(at), inside, "{at}");
    }
}

#[test]
fn a_referral_expires_at_the_end_of_its_window_and_only_once() {
    let mut pending = referral();
    assert!(!expire(&mut pending, last_instant(days(90))) && pending == referral());
    assert!(expire(&mut pending, days(90)));
    assert_eq!(pending.progress.state, State::Expired { activated_at: None, closed_at: days(90) });
    assert!(!expire(&mut pending, days(91)), "it is expired already");
    assert_eq!((pending.progress.state.closed_at(), pending.progress.updated_at), (Some(days(90)), days(90)));
}

#[test]
fn what_is_completed_or_fraud_does_not_expire_and_what_was_active_remembers_it() {
    let completed = State::Completed { activated_at: NOW, completed_at: NOW };
    let fraud = State::Fraud { activated_at: None, closed_at: NOW };
    for state in [completed, fraud] {
        let mut done = referral();
        done.progress.state = state;
        assert!(!expire(&mut done, days(400)));
        assert_eq!(done.progress.state, state);
    }
    let mut active = referral();
    active.progress.state = State::Active { activated_at: days(1) };
    assert!(expire(&mut active, days(90)));
    assert_eq!(active.progress.state, State::Expired { activated_at: Some(days(1)), closed_at: days(90) });
}

#[test]
fn a_spend_of_the_window_told_after_it_still_counts_and_rewards() {
    let mut world = expired();
    world.hear(days(2), true);
    let answers = world.spend(&[paid("a", 4_000, last_instant(days(90))), paid("b", 1_000, days(90))]);
    assert_eq!(world.ben().progress.spend.net(), 4_000, "{answers:?}");
    assert_eq!(world.known[&paid("b", 1, NOW).source].outcome, Outcome::AfterWindow);
    world.spend(&[paid("c", 1_000, days(89))]);
    let end = world.ending();
    assert_eq!((end.state, end.posted), (StateName::Completed, (vec![1_000], vec![2_500])));
}

#[test]
fn a_verification_of_the_window_told_after_it_still_activates() {
    let mut world = expired();
    world.hear(last_instant(days(90)), true);
    let end = world.ending();
    assert_eq!((end.state, end.posted.0), (StateName::Active, vec![1_000]));
    assert_eq!(end.counted, [0, 0, 1, 0]);
}

#[test]
fn a_verification_from_before_applying_activates() {
    let mut world = World::referred();
    world.hear(days(-300), true);
    assert_eq!(world.ending().state, StateName::Active);
}

#[test]
fn a_verification_after_the_window_never_activates() {
    for at in [days(90), days(99)] {
        for mut world in [expired(), World { now: days(100), ..World::referred() }] {
            let state = world.ben().progress.state;
            world.spend(&[paid("a", 9_000, days(3))]);
            world.hear(at, true);
            world.spend(&[paid("b", 1, days(4))]);
            let progress = &world.ben().progress;
            assert_eq!((progress.state, progress.spend.net()), (state, 9_001));
            assert_eq!((progress.welcome, progress.reward), (Award::NotDue, Award::NotDue));
            assert_eq!((world.grants.len(), progress.verified_at), (0, Some(at)));
        }
    }
}

#[test]
fn an_expired_referral_that_was_active_completes_by_a_late_spend_and_keeps_when_it_was_activated() {
    let mut world = World::referred();
    world.hear(days(1), true);
    let activated = world.ben().progress.state.activated_at();
    expire(world.ben_mut(), days(95));
    world.now = days(96);
    world.spend(&[paid("a", 4_999, days(5))]);
    assert_eq!(world.ben().progress.state.name(), StateName::Expired, "a label stays until it qualifies");
    world.spend(&[paid("b", 1, days(5))]);
    let state = world.ben().progress.state;
    assert_eq!((state.activated_at(), state.completed_at()), (activated, Some(days(96))));
}

#[test]
fn a_state_keeps_its_instants_however_often_it_is_settled() {
    let mut done = referral();
    done.progress.verified_at = Some(NOW);
    done.progress.spend.gross = 5_000;
    settle(&mut done, &clear(days(1)), &mut plenty(), &mut ids(1));
    let state = done.progress.state;
    settle(&mut done, &clear(days(2)), &mut plenty(), &mut ids(9));
    assert_eq!(done.progress.state, state);
    assert_eq!(state, State::Completed { activated_at: days(1), completed_at: days(1) });
}
