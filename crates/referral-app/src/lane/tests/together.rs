//! Several events of one caller: one unit, where units run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use async_trait::async_trait;
use referral_domain::port::StoreError;
use referral_testkit::build::a_program;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;

use super::{event, program};
use crate::failure::Failure;
use crate::lane::{Lane, Recorder, Told};
use crate::record_spend::{RecordSpend, SpendReceipt};

/// How the threads of a runtime for units are called.
const UNITS: &str = "units";

fn for_units() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).thread_name(UNITS).build().expect("a runtime")
}

fn several() -> RecordSpend {
    let events = (0..2).map(|n| event(n, &format!("inv_{n}"), 100).into()).collect();
    RecordSpend { program: program(), events }
}

/// Counts the units that ran on a thread for units.
#[derive(Default)]
struct OnUnits(AtomicUsize);

#[async_trait]
impl Recorder for OnUnits {
    async fn record(&self, _: &RecordSpend) -> Told {
        if thread::current().name() == Some(UNITS) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        Ok(SpendReceipt { answers: Vec::new(), program: a_program().build() })
    }
}

#[tokio::test]
async fn several_events_run_where_units_run_and_without_such_a_place_where_they_are_told() {
    let (units, recorder) = (for_units(), Arc::<OnUnits>::default());
    let lane = Lane::start_on(recorder.clone(), units.handle().clone());
    lane.record_together(&several()).await.expect("recorded");
    assert_eq!(recorder.0.load(Ordering::SeqCst), 1);
    let lane = Lane::start(recorder.clone());
    lane.record_together(&several()).await.expect("recorded");
    assert_eq!(recorder.0.load(Ordering::SeqCst), 1);
    units.shutdown_background();
}

struct Panics;

#[async_trait]
impl Recorder for Panics {
    async fn record(&self, _: &RecordSpend) -> Told {
        panic!("a unit of several")
    }
}

#[tokio::test]
#[should_panic(expected = "a unit of several")]
async fn a_panic_is_told_to_whoever_told_of_the_events() {
    let lane = Lane::start_on(Arc::new(Panics), Handle::current());
    drop(lane.record_together(&several()).await);
}

/// Waits for ever, and tells when it begins and when it is dropped.
#[derive(Default)]
struct Waits {
    begun: Notify,
    over: Arc<Notify>,
}

struct Over(Arc<Notify>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[async_trait]
impl Recorder for Waits {
    async fn record(&self, _: &RecordSpend) -> Told {
        let _over = Over(self.over.clone());
        self.begun.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn whoever_goes_away_takes_the_events_back() {
    let recorder = Arc::<Waits>::default();
    let lane = Lane::start_on(recorder.clone(), Handle::current());
    let told = tokio::spawn(async move { lane.record_together(&several()).await });
    recorder.begun.notified().await;
    told.abort();
    recorder.over.notified().await;
    assert!(told.await.expect_err("nobody was told").is_cancelled());
}

#[tokio::test]
async fn a_place_that_is_gone_makes_the_store_unavailable() {
    let units = for_units();
    let lane = Lane::start_on(Arc::<OnUnits>::default(), units.handle().clone());
    units.shutdown_background();
    let told = lane.record_together(&several()).await;
    assert!(matches!(told, Err(Failure::Store(StoreError::Unavailable(_)))), "{told:?}");
}
