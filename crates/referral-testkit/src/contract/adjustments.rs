//! Adjustments: once a reference, decided once, by somebody else than who asked.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::adjustment::{
    self, Adjustment, AdjustmentFile, AdjustmentStatus, AdjustmentStep, Decision,
};
use referral_domain::audit::{Actor, ActorKind, AuditEntry};
use referral_domain::id::{AdjustmentId, AuditId, TransactionId, UserId};
use referral_domain::ledger::{Journal, Posting};
use referral_domain::port::{AdjustmentFilter, AdjustmentReport, Changes, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::time::HOUR;

use super::{Subject, race};
use crate::build::{a_program, host, reference};
use crate::world::World;

pub(crate) fn staff(name: &str) -> Actor {
    Actor { kind: ActorKind::Staff, id: name.to_owned() }
}

fn key() -> Actor {
    Actor { kind: ActorKind::Key, id: "key_018f2b7c-0000-7000-8000-000000000001".to_owned() }
}

fn entry(world: &World, by: &Actor, subject: AdjustmentId, action: &'static str) -> AuditEntry {
    let id = AuditId::from_uuid(world.id());
    let (subject, at) = (subject.to_string(), world.now());
    AuditEntry { id, actor: by.clone(), action, subject, before: None, after: None, at }
}

fn an_adjustment(world: &World, user: UserId, amount: i64, name: &str) -> Adjustment {
    Adjustment {
        id: AdjustmentId::from_uuid(world.id()),
        user,
        reference: reference(name),
        amount,
        reason: format!("Because of {name}"),
        created_at: world.now(),
    }
}

fn step(
    world: &World,
    entry: &AuditEntry,
    of: AdjustmentId,
    n: u8,
    status: AdjustmentStatus,
) -> AdjustmentStep {
    let (audit, by, at) = (entry.id, entry.actor.clone(), world.now());
    AdjustmentStep { adjustment: of, n, status, audit, by, transaction: None, note: None, at }
}

/// Posts an adjustment onto a freshly opened wallet.
async fn post(
    world: &World,
    unit: &mut Unit<'_>,
    adjustment: &Adjustment,
) -> Result<(TransactionId, Posting), StoreError> {
    let Program { book, currency, .. } = world.program;
    let mut journal =
        Journal::open(unit.ledger().open(book, currency, &[adjustment.user]).await?, world.now());
    let transaction = world.transaction_id();
    adjustment::post(&mut journal, adjustment, transaction, world.now(), &mut || world.id()).expect("posted");
    Ok((transaction, journal.finish()))
}

/// Asks for an adjustment in a unit: posted at once, or waiting.
async fn ask_in(
    world: &World,
    unit: &mut Unit<'_>,
    adjustment: Adjustment,
    by: &Actor,
    alone: bool,
) -> Result<AdjustmentFile, StoreError> {
    if let Some(known) = unit.adjustments().find(world.program.book, &adjustment.reference).await? {
        return Ok(known);
    }
    let entry = entry(world, by, adjustment.id, "adjustment.create");
    let status = if alone { AdjustmentStatus::Posted } else { AdjustmentStatus::Waiting };
    let mut asked = step(world, &entry, adjustment.id, 1, status);
    let mut changes = Changes { audit: vec![entry], ..Changes::default() };
    if alone {
        let (transaction, posting) = post(world, unit, &adjustment).await?;
        (asked.transaction, changes.posting) = (Some(transaction), posting);
    }
    let file = AdjustmentFile { adjustment: adjustment.clone(), asked: asked.clone(), decided: None };
    (changes.adjustments, changes.adjustment_steps) = (vec![adjustment], vec![asked]);
    unit.recorder().record(world.program.book, &changes).await?;
    Ok(file)
}

pub(crate) async fn ask(
    world: &World,
    user: UserId,
    amount: i64,
    name: &str,
    by: &Actor,
    alone: bool,
) -> AdjustmentFile {
    let adjustment = &an_adjustment(world, user, amount, name);
    let body = world.transact(move |unit| Box::pin(ask_in(world, unit, adjustment.clone(), by, alone)));
    body.await.expect("an adjustment is recorded")
}

/// Decides an adjustment under its lock; answers whether this was the decision.
pub(crate) async fn decide(
    world: &World,
    id: AdjustmentId,
    decision: Decision,
    by: &Actor,
) -> Result<bool, StoreError> {
    let body = world.transact(move |unit| {
        Box::pin(async move {
            let file =
                unit.adjustments().lock(world.program.book, id).await?.expect("there is such an adjustment");
            tokio::task::yield_now().await;
            if file.decided.is_some() {
                return Ok(false);
            }
            let entry = entry(world, by, id, "adjustment.approve");
            let mut step = step(world, &entry, id, 2, decision.leads_to());
            step.note = Some("Seen\nand agreed".to_owned());
            let mut changes = Changes { audit: vec![entry], ..Changes::default() };
            if decision == Decision::Approve {
                let (transaction, posting) = post(world, unit, &file.adjustment).await?;
                (step.transaction, changes.posting) = (Some(transaction), posting);
            }
            changes.adjustment_steps = vec![step];
            unit.recorder().record(world.program.book, &changes).await?;
            Ok(true)
        })
    });
    body.await
}

async fn locked(world: &World, id: AdjustmentId) -> Option<AdjustmentFile> {
    let mut unit = world.begin().await;
    unit.adjustments().lock(world.program.book, id).await.expect("adjustments")
}

async fn available(world: &World, user: UserId) -> i64 {
    world.wallet(user).await.balances().available
}

pub async fn an_adjustment_is_found_by_its_reference_and_by_its_id_and_read_back_equal(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    let made = [
        ask(&world, ana, 5_00, "sorry:1", &staff("u_ada"), true).await,
        ask(&world, ana, -2_00, "sorry:2", &key(), true).await,
        ask(&world, ana, 90_000, "sorry:3", &staff("u_ana"), false).await,
    ];
    let book = world.program.book;
    for file in &made {
        let mut unit = world.begin().await;
        let found = unit.adjustments().find(book, &file.adjustment.reference).await.expect("adjustments");
        assert_eq!(found.as_ref(), Some(file));
        drop(unit);
        assert_eq!(locked(&world, file.adjustment.id).await.as_ref(), Some(file));
    }
    assert_eq!(available(&world, ana).await, 3_00, "what waits moves nothing");
    let mut unit = world.begin().await;
    assert_eq!(unit.adjustments().find(book, &reference("sorry:9")).await.expect("adjustments"), None);
    drop(unit);
    assert_eq!(locked(&world, AdjustmentId::from_uuid(world.id())).await, None);
    println!("adjustments read back={}", made.len());
}

pub async fn an_adjustment_that_waits_is_posted_when_it_is_approved(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    let [yes, no] = ["big:1", "big:2"];
    let yes = ask(&world, ana, 50_000, yes, &staff("u_ada"), false).await.adjustment.id;
    let no = ask(&world, ana, 50_000, no, &staff("u_ada"), false).await.adjustment.id;
    world.clock.advance(HOUR);
    assert!(decide(&world, yes, Decision::Approve, &staff("u_bob")).await.expect("decided"));
    assert!(decide(&world, no, Decision::Reject, &key()).await.expect("decided"));
    assert_eq!(available(&world, ana).await, 50_000);
    let [yes, no] = [locked(&world, yes).await.expect("known"), locked(&world, no).await.expect("known")];
    assert_eq!([yes.status(), no.status()], [AdjustmentStatus::Posted, AdjustmentStatus::Rejected]);
    let last = world.wallet(ana).await.last.expect("a line");
    assert_eq!((yes.transaction(), no.transaction()), (Some(last.transaction), None));
    let decided = yes.decided.expect("decided");
    assert_eq!((decided.by, decided.note.as_deref()), (staff("u_bob"), Some("Seen\nand agreed")));
    assert_eq!(no.decided.expect("decided").by, key());
}

pub async fn one_reference_adjusted_by_many_at_once_is_adjusted_once(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, racers) = (world.user("u_ana").await.id, 8);
    let made = race((0..racers).map(|_| {
        let world = world.clone();
        async move { ask(&world, ana, 4_00, "sorry:1", &staff("u_ada"), true).await }
    }));
    let made = made.await;
    assert!(made.iter().all(|file| *file == made[0]));
    assert_eq!(available(&world, ana).await, 4_00);
    println!("adjustments of one reference at once={racers}");
}

pub async fn people_who_decide_at_once_decide_once(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, racers) = (world.user("u_ana").await.id, 6);
    let id = ask(&world, ana, 50_000, "big:1", &staff("u_ada"), false).await.adjustment.id;
    let decided =
        race(
            (0..racers).map(|n| {
                let world = world.clone();
                async move {
                    decide(&world, id, Decision::Approve, &staff(&format!("u_{n}"))).await.expect("decided")
                }
            }),
        );
    let decided = decided.await.into_iter().filter(|decided| *decided).count();
    println!("deciding at once={racers} decided={decided}");
    assert_eq!((decided, available(&world, ana).await), (1, 50_000));
}

pub async fn who_asked_cannot_be_recorded_as_who_decided(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    for by in [staff("u_ada"), key()] {
        let id = ask(&world, ana, 50_000, &format!("big:{}", by.kind), &by, false).await.adjustment.id;
        assert!(decide(&world, id, Decision::Approve, &by).await.is_err(), "{by}");
        assert_eq!(locked(&world, id).await.expect("known").status(), AdjustmentStatus::Waiting);
    }
    assert_eq!(available(&world, ana).await, 0);
}

pub async fn an_adjustment_decided_twice_is_refused(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    let id = ask(&world, ana, 50_000, "big:1", &staff("u_ada"), false).await.adjustment.id;
    let again = || {
        let entry = entry(&world, &staff("u_bob"), id, "adjustment.reject");
        let step = step(&world, &entry, id, 2, AdjustmentStatus::Rejected);
        Changes { adjustment_steps: vec![step], audit: vec![entry], ..Changes::default() }
    };
    world.record(&again()).await;
    assert!(world.try_record(&again()).await.is_err());
}

async fn listed(world: &World, filter: AdjustmentFilter) -> Vec<AdjustmentReport> {
    let filter = AdjustmentFilter { limit: if filter.limit == 0 { 100 } else { filter.limit }, ..filter };
    world.reports.adjustments(world.program.book, &filter).await.expect("a report")
}

fn amounts(found: &[AdjustmentReport]) -> Vec<i64> {
    found.iter().map(|report| report.file.adjustment.amount).collect()
}

pub async fn adjustments_are_listed_newest_first_and_by_what_a_filter_says(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, ben, ada) = (world.user("u_ana").await.id, world.user("u_ben").await.id, staff("u_ada"));
    ask(&world, ana, 1_00, "a", &ada, true).await;
    ask(&world, ana, 20_000, "b", &ada, false).await;
    let rejected = ask(&world, ben, 30_000, "c", &ada, false).await.adjustment.id;
    let approved = ask(&world, ben, 40_000, "d", &ada, false).await.adjustment.id;
    decide(&world, rejected, Decision::Reject, &key()).await.expect("decided");
    decide(&world, approved, Decision::Approve, &key()).await.expect("decided");
    let other = world.beside(a_program().named("other").build()).await;
    let eve = other.user("u_ana").await.id;
    ask(&other, eve, 9_00, "a", &ada, false).await;
    let all = AdjustmentFilter::default;
    let status = |status| AdjustmentFilter { status: Some(status), ..all() };
    for (filter, expected) in [
        (all(), vec![40_000, 30_000, 20_000, 1_00]),
        (status(AdjustmentStatus::Waiting), vec![20_000]),
        (status(AdjustmentStatus::Posted), vec![40_000, 1_00]),
        (status(AdjustmentStatus::Rejected), vec![30_000]),
        (AdjustmentFilter { user: Some(ana), ..all() }, vec![20_000, 1_00]),
        (AdjustmentFilter { limit: 1, ..all() }, vec![40_000]),
        (AdjustmentFilter { after: Some(rejected), ..all() }, vec![20_000, 1_00]),
    ] {
        assert_eq!(amounts(&listed(&world, filter.clone()).await), expected, "{filter:?}");
    }
    for report in listed(&world, all()).await {
        let one = world.reports.adjustment(world.program.book, report.file.adjustment.id).await;
        assert_eq!(one.expect("a report").as_ref(), Some(&report));
        let line = report.item.map(|item| item.transaction.id);
        assert_eq!(line, report.file.transaction());
        assert!([Some(host("u_ana")), Some(host("u_ben"))].contains(&report.user));
    }
    let nobody = world.reports.adjustment(world.program.book, AdjustmentId::from_uuid(world.id())).await;
    assert_eq!(nobody.expect("a report"), None);
}
