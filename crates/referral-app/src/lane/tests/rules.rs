//! The lane's rules one by one, with units that end when the test lets them.

use std::sync::Arc;

use referral_domain::port::StoreError;
use referral_domain::spend::{Answer, SpendRefusal};
use referral_testkit::build::slug;
use tokio::task::{JoinHandle, yield_now};

use super::fake::{Ended, Fake};
use super::model::Heard;
use super::{answer, event, lane, program, store_error, teller};
use crate::failure::Failure;
use crate::lane::{Lane, Told, UNIT_MAX};

/// A lane whose first unit, of caller 0 alone, is under way.
async fn under_way(unit: usize, unanswered: u32) -> (Arc<Fake>, Lane, Vec<JoinHandle<Told>>) {
    begin(Fake::stopped(), unit, unanswered).await
}

async fn begin(fake: Fake, unit: usize, unanswered: u32) -> (Arc<Fake>, Lane, Vec<JoinHandle<Told>>) {
    let fake = Arc::new(fake);
    let lane = lane(&fake, unit, unanswered);
    let first = tell(&lane, 0, "inv_0").await;
    fake.has_begun().await;
    (fake, lane, vec![first])
}

/// A caller who waits when this is ready.
async fn tell(lane: &Lane, caller: usize, source: &str) -> JoinHandle<Told> {
    let (lane, event) = (lane.clone(), event(caller, source, 5_00));
    let task = tokio::spawn(async move { lane.record(&program(), event).await });
    yield_now().await;
    task
}

async fn told(callers: Vec<JoinHandle<Told>>) -> Vec<Told> {
    let mut all = Vec::with_capacity(callers.len());
    for caller in callers {
        all.push(caller.await.expect("no caller panics"));
    }
    all
}

/// How many events the units of a log had, and how each ended.
fn units(fake: &Fake) -> Vec<(usize, Ended)> {
    fake.log().iter().map(|run| (run.callers.len(), run.ended)).collect()
}

#[tokio::test]
async fn what_comes_while_a_unit_is_under_way_is_the_next_unit_up_to_its_bound() {
    let (fake, lane, mut callers) = under_way(UNIT_MAX, 4_096).await;
    for caller in 1..=UNIT_MAX + 100 {
        callers.push(tell(&lane, caller, &format!("inv_{caller}")).await);
    }
    fake.turns.add_permits(3);
    let told = told(callers).await;
    let sizes: Vec<_> = units(&fake);
    assert_eq!(sizes, [(1, Ended::Committed), (UNIT_MAX, Ended::Committed), (100, Ended::Committed)]);
    let order: Vec<_> = fake.log().into_iter().flat_map(|run| run.callers).collect();
    assert!(order.iter().copied().eq(0..=UNIT_MAX + 100), "in order of arrival");
    for (caller, told) in told.into_iter().enumerate() {
        assert_eq!(Heard::of(&told), Heard::Recorded { by: caller });
    }
    assert_eq!(fake.overlap(), 1, "one unit at a time");
    println!("events={} units={}", UNIT_MAX + 101, sizes.len());
}

#[tokio::test]
async fn equal_ids_in_one_unit_are_recorded_once_and_each_caller_has_their_own_answer() {
    let (fake, lane, mut callers) = under_way(8, 64).await;
    callers.extend([tell(&lane, 1, "inv_1").await, tell(&lane, 2, "inv_1").await]);
    let other = (lane.clone(), event(3, "inv_1", 6_00));
    callers.push(tokio::spawn(async move { other.0.record(&program(), other.1).await }));
    yield_now().await;
    fake.turns.add_permits(2);
    let answers: Vec<_> = told(callers).await.into_iter().map(answer).collect();
    assert_eq!(units(&fake)[1], (3, Ended::Committed));
    assert!(matches!(&answers[1], Answer::Recorded(event) if teller(event.metadata.as_ref()) == 1));
    assert!(matches!(&answers[2], Answer::Replayed(event) if teller(event.metadata.as_ref()) == 1));
    assert!(matches!(&answers[3], Answer::Conflict(id) if id.as_str() == "inv_1"));
}

#[tokio::test]
async fn a_refusal_is_told_to_its_own_caller_and_the_others_are_one_unit_again() {
    let (fake, lane, mut callers) = under_way(8, 64).await;
    for (caller, source) in [(1, "inv_1"), (2, "late"), (3, "inv_3"), (4, "late")] {
        callers.push(tell(&lane, caller, source).await);
    }
    fake.turns.add_permits(4);
    let told = told(callers).await;
    let refused =
        |told: &Told| matches!(told, Err(Failure::Refused(SpendRefusal::TimeOutOfRange { index: 0 })));
    assert_eq!(told.iter().map(refused).collect::<Vec<_>>(), [false, false, true, false, true]);
    assert_eq!(units(&fake)[1..], [(4, Ended::Refused(1)), (3, Ended::Refused(2)), (2, Ended::Committed)]);
}

#[tokio::test]
async fn more_refusals_than_a_unit_is_run_again_for_are_found_aside() {
    let (fake, lane, mut callers) = under_way(64, 64).await;
    for caller in 1..=20 {
        callers.push(tell(&lane, caller, "late").await);
    }
    fake.turns.add_permits(100);
    let told = told(callers).await;
    assert_eq!(told.iter().filter(|told| told.is_ok()).count(), 1, "the first alone is recorded");
    let sizes: Vec<_> = units(&fake).into_iter().map(|(size, _)| size).collect();
    assert_eq!(sizes[..10], [1, 20, 19, 18, 17, 16, 15, 14, 13, 6], "eight in the lane, then halves");
}

#[tokio::test]
async fn a_store_that_is_away_is_told_to_the_whole_unit_with_its_cause_and_nobody_is_tried_alone() {
    let (fake, lane, mut callers) = begin(Fake::stopped().always(Ended::Away), 8, 64).await;
    for caller in 1..=8 {
        callers.push(tell(&lane, caller, &format!("inv_{caller}")).await);
    }
    fake.turns.add_permits(9);
    for told in told(callers).await {
        let error = store_error(told);
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        let cause = std::error::Error::source(&error).expect("a cause");
        assert_eq!(cause.to_string(), "nobody answers");
    }
    assert_eq!(units(&fake), [(1, Ended::Away), (8, Ended::Away)]);
}

#[tokio::test]
async fn the_lane_goes_on_while_what_was_set_aside_is_halved() {
    let (fake, lane, mut callers) = under_way(8, 64).await;
    for (caller, source) in [(1, "inv_1"), (2, "corrupt"), (3, "inv_3")] {
        callers.push(tell(&lane, caller, source).await);
    }
    fake.turns.add_permits(2);
    callers.remove(0).await.expect("no panic").expect("recorded");
    for _ in 0..2 {
        fake.has_begun().await;
    }
    // The halves have begun and wait for a turn, and so does whoever comes now.
    let next = tell(&lane, 4, "inv_4").await;
    fake.has_begun().await;
    assert_eq!(fake.overlap(), 2, "a half and a unit of the lane at once");
    fake.turns.add_permits(100);
    assert!(next.await.expect("no panic").is_ok());
    let heard: Vec<_> = told(callers).await.iter().map(Heard::of).collect();
    assert_eq!(heard, [Heard::Recorded { by: 1 }, Heard::Corrupt, Heard::Recorded { by: 3 }]);
}

#[tokio::test]
async fn a_full_lane_turns_away_at_once_and_has_room_again_when_it_has_answered() {
    let (fake, lane, mut callers) = under_way(8, 4).await;
    for caller in 1..4 {
        callers.push(tell(&lane, caller, &format!("inv_{caller}")).await);
    }
    let error = store_error(lane.record(&program(), event(4, "inv_4", 1)).await);
    assert!(error.is_contended(), "HTTP says busy: {error:?}");
    let cause = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(cause.starts_with("4 spend events wait for their answer already"), "{cause}");
    fake.turns.add_permits(3);
    assert!(told(callers).await.iter().all(Result::is_ok));
    assert!(lane.record(&program(), event(5, "inv_5", 1)).await.is_ok());
}

#[tokio::test]
async fn closing_answers_what_was_taken_and_takes_no_more() {
    let (fake, lane, mut callers) = under_way(2, 64).await;
    for caller in 1..6 {
        callers.push(tell(&lane, caller, &format!("inv_{caller}")).await);
    }
    let closing = lane.clone();
    let closed = tokio::spawn(async move { closing.close().await });
    yield_now().await;
    assert!(store_error(lane.record(&program(), event(6, "inv_6", 1)).await).is_contended());
    fake.turns.add_permits(3);
    for _ in 0..3 {
        fake.has_begun().await;
    }
    yield_now().await;
    assert!(!closed.is_finished(), "the last unit is under way");
    fake.turns.add_permits(1);
    closed.await.expect("it closes");
    assert_eq!(fake.log().len(), 4, "all units are over by then");
    assert!(told(callers).await.iter().all(Result::is_ok));
    assert!(store_error(lane.record(&program(), event(7, "inv_7", 1)).await).is_contended());
    lane.close().await;
}

#[tokio::test]
async fn whoever_leaves_fails_nobody_and_takes_their_event_back_if_its_unit_has_not_begun() {
    let (fake, lane, mut callers) = under_way(8, 3).await;
    for caller in 1..3 {
        callers.push(tell(&lane, caller, &format!("inv_{caller}")).await);
    }
    for gone in [1, 0] {
        let gone = callers.remove(gone);
        gone.abort();
        assert!(gone.await.expect_err("aborted").is_cancelled());
    }
    fake.turns.add_permits(2);
    assert!(told(callers).await.iter().all(Result::is_ok));
    let order: Vec<_> = fake.log().into_iter().map(|run| run.callers).collect();
    assert_eq!(order, [vec![0], vec![2]], "0 was under way when they left; 1 was not");
    lane.close().await;
}

#[tokio::test]
async fn programs_share_no_unit_and_do_not_wait_for_each_other() {
    let (fake, lane, callers) = under_way(8, 64).await;
    let other = lane.clone();
    let other = tokio::spawn(async move { other.record(&slug("other"), event(1, "inv_0", 1)).await });
    fake.has_begun().await;
    fake.turns.add_permits(2);
    assert_eq!(Heard::of(&other.await.expect("no panic")), Heard::Recorded { by: 1 });
    assert_eq!(told(callers).await.iter().map(Heard::of).collect::<Vec<_>>(), [Heard::Recorded { by: 0 }]);
    assert_eq!(units(&fake).len(), 2);
}
