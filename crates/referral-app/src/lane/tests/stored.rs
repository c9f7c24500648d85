//! The lane in front of the real use case, over the memory store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use referral_domain::ledger::{LedgerCounts, Verdict};
use referral_domain::port::{Inserted, Reports, Store, StoreError, UnitOfWork};
use referral_domain::referral::{Attribution, Source};
use referral_domain::spend::{Answer, OLDEST, Outcome, SpendCommand, SpendEvent, SpendRefusal};
use referral_memory::{MemoryLimiter, MemoryStore};
use referral_testkit::build::{a_program, a_spend, host, identity_key, usd};
use referral_testkit::contract::race;
use referral_testkit::fake::{FakeClock, NOON, SeededChance, SeededIds};

use super::{answer, program, store_error};
use crate::{App, EmailVerified, Failure, Parts, RecordSpend, SignUp};

/// A memory store that counts its units.
struct Counted {
    store: MemoryStore,
    units: AtomicUsize,
}

#[async_trait]
impl Store for Counted {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.units.fetch_add(1, Ordering::SeqCst);
        self.store.begin().await
    }
}

#[derive(Clone)]
struct Stage {
    app: App,
    store: Arc<Counted>,
}

impl Stage {
    /// An application with a lane, on the default program.
    async fn open() -> Self {
        let store = MemoryStore::new();
        let mut unit = store.begin().await.expect("a unit");
        assert_eq!(unit.programs().insert(&a_program().build()).await.expect("stored"), Inserted::New);
        unit.commit().await.expect("committed");
        let counted = Arc::new(Counted { store: store.clone(), units: AtomicUsize::new(0) });
        let app = App::new(Parts {
            store: counted.clone(),
            reports: Arc::new(store),
            limiter: Arc::new(MemoryLimiter::default()),
            clock: Arc::new(FakeClock::default()),
            ids: Arc::new(SeededIds::default()),
            chance: Arc::new(SeededChance::default()),
            identity: identity_key(),
            limits: None,
        });
        Self { app: app.with_lane(), store: counted }
    }

    /// Somebody came by another's code, and their e-mail is verified.
    async fn refer(&self, referrer: &str, referred: &str) {
        let code = self.app.code_of(&program(), &host(referrer)).await.expect("a code");
        let attribution = Attribution { source: Source::Api, click: None, clicked_at: None, sub_id: None };
        let (email, email_verified, ip, created_at, applied_at) = Default::default();
        let code = Some(code.code.text.to_string());
        let user = host(referred);
        let program = program();
        let sign_up =
            SignUp { program, user, code, email, email_verified, ip, created_at, applied_at, attribution };
        drop(self.app.sign_up(&sign_up).await.expect("a referral"));
        let heard = EmailVerified {
            program: sign_up.program,
            user: sign_up.user,
            email: None,
            verified: true,
            occurred_at: None,
        };
        self.app.email_verified(&heard).await.expect("heard");
    }

    async fn spend(self, event: SpendCommand) -> super::Told {
        self.app.record_spend(&RecordSpend { program: program(), events: vec![event.into()] }).await
    }

    async fn at_once(&self, events: impl Iterator<Item = SpendCommand>) -> Vec<super::Told> {
        race(events.map(|event| self.clone().spend(event))).await
    }

    async fn sound(&self) -> LedgerCounts {
        match self.store.store.verify().await.expect("the store answers") {
            Verdict::Verified(counts) => counts,
            broken => panic!("{broken:?}"),
        }
    }

    fn units(&self) -> usize {
        self.store.units.load(Ordering::SeqCst)
    }
}

fn recorded(answer: &Answer) -> &SpendEvent {
    match answer {
        Answer::Recorded(event) | Answer::Replayed(event) => event,
        Answer::Conflict(source) => panic!("a conflict about {source}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_event_told_50_times_at_once_counts_once_and_is_answered_50_times_the_same() {
    let stage = Stage::open().await;
    stage.refer("u_ana", "u_ben").await;
    let before = stage.units();
    let told = stage.at_once((0..50).map(|_| a_spend("inv_1", "u_ben", usd(60_00)).build())).await;
    let answers: Vec<_> = told.into_iter().map(answer).collect();
    let first = answers.iter().filter(|answer| matches!(answer, Answer::Recorded(_))).count();
    assert!(answers.iter().all(|answer| recorded(answer) == recorded(&answers[0])));
    assert_eq!((answers.len(), first), (50, 1));
    assert_eq!(recorded(&answers[0]).outcome, Outcome::ThresholdCrossed);
    assert_eq!(stage.sound().await.transactions, 2, "a welcome credit and one reward");
    println!("tellers=50 recorded={first} rewards=1 units={}", stage.units() - before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_events_at_once_are_each_recorded_once_in_fewer_units() {
    let stage = Stage::open().await;
    for pair in 0..10 {
        stage.refer(&format!("u_referrer{pair}"), &format!("u_{pair}")).await;
    }
    let before = stage.units();
    let event = |n: usize| a_spend(&format!("inv_{n}"), &format!("u_{}", n % 10), usd(1_00)).build();
    let told = stage.at_once((0..1_000).map(event)).await;
    let units = stage.units() - before;
    let mut crossed = 0;
    for (n, told) in told.into_iter().enumerate() {
        let answer = answer(told);
        assert!(matches!(&answer, Answer::Recorded(event) if event.source.as_str() == format!("inv_{n}")));
        crossed += usize::from(recorded(&answer).outcome == Outcome::ThresholdCrossed);
    }
    assert_eq!((crossed, stage.sound().await.transactions), (10, 20), "each of ten crosses once");
    assert!(units < 1_000, "{units}");
    println!("events=1000 recorded=1000 crossed={crossed} units={units}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_of_another_time_are_refused_and_their_neighbours_recorded() {
    let stage = Stage::open().await;
    let long_ago = NOON.plus_micros(-OLDEST - 1);
    let event = |n: usize| {
        let event = a_spend(&format!("inv_{n}"), "u_ben", usd(1_00));
        if n.is_multiple_of(4) { event.at(long_ago).build() } else { event.build() }
    };
    let told = stage.at_once((0..200).map(event)).await;
    let refused = told.iter().enumerate().filter(|(n, told)| match told {
        Err(Failure::Refused(SpendRefusal::TimeOutOfRange { index: 0 })) => n.is_multiple_of(4),
        Ok(_) => false,
        other => panic!("{other:?}"),
    });
    let refused = refused.count();
    let recorded = told.iter().filter(|told| told.is_ok()).count();
    assert_eq!((refused, recorded), (50, 150));
    println!("events=200 refused={refused} recorded={recorded} units={}", stage.units());
}

#[tokio::test]
async fn several_events_of_one_caller_are_one_unit_beside_the_lane() {
    let stage = Stage::open().await;
    let before = stage.units();
    let events: Vec<_> = (0..3).map(|n| a_spend(&format!("inv_{n}"), "u_ben", usd(1_00)).build()).collect();
    let batch = RecordSpend { program: program(), events: events.iter().cloned().map(Into::into).collect() };
    stage.app.close_lane().await;
    assert_eq!(stage.app.record_spend(&batch).await.expect("recorded").answers.len(), 3);
    assert_eq!(stage.units() - before, 1);
    let alone = stage.clone().spend(events[0].clone()).await;
    assert!(store_error(alone).is_contended(), "one that comes alone goes through the lane, which is closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_is_away_and_comes_back_records_each_event_once_when_it_is_told_again() {
    let stage = Stage::open().await;
    let events = || (0..100).map(|n| a_spend(&format!("inv_{n}"), "u_ben", usd(1_00)).build());
    stage.store.store.go_down(true);
    let away = stage.at_once(events()).await;
    let away = away.into_iter().map(store_error).filter(|e| matches!(e, StoreError::Unavailable(_))).count();
    stage.store.store.go_down(false);
    let told = stage.at_once(events()).await;
    let recorded = told.into_iter().map(answer).filter(|a| matches!(a, Answer::Recorded(_))).count();
    assert_eq!((away, recorded), (100, 100));
    stage.sound().await;
    println!("events=100 away={away} recorded afterwards={recorded}");
}
