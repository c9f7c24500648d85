//! The audit log: who did what to what, when, as it was told.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::audit::{Actor, ActorKind, AuditEntry};
use referral_domain::id::{AuditId, UserId};
use referral_domain::port::{AuditFilter, AuditItem, Changes};
use referral_domain::time::Timestamp;

use super::{Meeting, Subject, race};
use crate::build::a_program;
use crate::fake::NOON;
use crate::world::World;

fn actor(kind: ActorKind, id: &str) -> Actor {
    Actor { kind, id: id.to_owned() }
}

/// An entry made so many microseconds after noon.
fn entry(world: &World, by: Actor, action: &'static str, subject: &str, after_noon: i64) -> AuditEntry {
    AuditEntry {
        id: AuditId::from_uuid(world.id()),
        actor: by,
        action,
        subject: subject.to_owned(),
        before: None,
        after: None,
        at: NOON.plus_micros(after_noon),
    }
}

async fn told(world: &World, entries: &[AuditEntry]) {
    world.record(&Changes { audit: entries.to_vec(), ..Changes::default() }).await;
}

fn as_read(entry: &AuditEntry) -> AuditItem {
    AuditItem {
        id: entry.id,
        kind: entry.actor.kind,
        actor: Some(entry.actor.id.clone()),
        action: entry.action.to_owned(),
        subject: entry.subject.clone(),
        before: entry.before.clone(),
        after: entry.after.clone(),
        at: entry.at,
    }
}

async fn read(world: &World, filter: AuditFilter) -> Vec<AuditItem> {
    world.reports.audit(world.program.book, &filter).await.expect("a report")
}

/// A filter that lets everything pass.
fn all() -> AuditFilter {
    AuditFilter { limit: 100, ..AuditFilter::default() }
}

pub async fn an_entry_of_the_audit_log_is_read_back_equal(subject: Subject) {
    let world = World::open(subject).await;
    let objects = [None, Some("{}".to_owned()), Some(r#"{"name":"Ü","uses":3}"#.to_owned())];
    let mut entries = Vec::new();
    for (n, kind) in ActorKind::ALL.iter().enumerate() {
        for (before, after) in [(0, 1), (1, 2), (2, 0), (0, 0)] {
            let mut made = entry(&world, actor(*kind, &format!("id {n}")), "rules.publish", "default", 7);
            made.at = NOON.plus_micros(i64::try_from(entries.len()).expect("few"));
            (made.before, made.after) = (objects[before].clone(), objects[after].clone());
            entries.push(made);
        }
    }
    told(&world, &entries).await;
    let expected: Vec<_> = entries.iter().rev().map(as_read).collect();
    assert_eq!(read(&world, all()).await, expected);
    println!("entries read back={}", expected.len());
}

pub async fn the_audit_log_is_paged_newest_first(subject: Subject) {
    let world = World::open(subject).await;
    // Many of one instant, so that ids decide too, told in an order of their own.
    let made = |n: i64| entry(&world, actor(ActorKind::Command, "c"), "code.update", "x", n / 5);
    let mut entries: Vec<_> = (0..17).map(made).collect();
    let mut expected: Vec<_> = entries.iter().map(as_read).collect();
    expected.sort_by_key(|item| (item.at, item.id));
    expected.reverse();
    entries.rotate_left(7);
    for entry in &entries {
        told(&world, std::slice::from_ref(entry)).await;
    }
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = read(&world, AuditFilter { before, limit: 4, ..all() }).await;
        let Some(last) = page.last() else { break };
        before = Some((last.at, last.id));
        found.extend(page);
    }
    assert_eq!(found, expected);
}

pub async fn the_audit_log_is_found_by_who_what_to_what_and_when(subject: Subject) {
    let world = World::open(subject).await;
    let staff = |id| actor(ActorKind::Staff, id);
    let entries = [
        entry(&world, staff("ada"), "code.create", "code_1", 0),
        entry(&world, staff("bob"), "code.update", "code_1", 1),
        entry(&world, actor(ActorKind::User, "ada"), "payout.cancel", "pay_1", 2),
        entry(&world, actor(ActorKind::Key, "key_1"), "code.update", "code_2", 3),
        entry(&world, actor(ActorKind::Command, "ada"), "api-key.revoke", "key_1", 4),
    ];
    told(&world, &entries).await;
    let text = |text: &str| Some(text.to_owned());
    let at = |n| Some(NOON.plus_micros(n));
    for (filter, expected) in [
        (all(), &[4, 3, 2, 1, 0][..]),
        (AuditFilter { actor: text("ada"), ..all() }, &[4, 2, 0]),
        (AuditFilter { actor: text("ada"), kind: Some(ActorKind::Staff), ..all() }, &[0]),
        (AuditFilter { actor: text("key_1"), ..all() }, &[3]),
        (AuditFilter { actor: text("Ada"), ..all() }, &[]),
        (AuditFilter { actor: text(" no name "), ..all() }, &[]),
        (AuditFilter { kind: Some(ActorKind::Key), ..all() }, &[3]),
        (AuditFilter { action: text("code.update"), ..all() }, &[3, 1]),
        (AuditFilter { subject: text("code_1"), ..all() }, &[1, 0]),
        (AuditFilter { subject: text("code_1"), action: text("code.update"), ..all() }, &[1]),
        (AuditFilter { from: at(1), until: at(3), ..all() }, &[2, 1]),
        (AuditFilter { from: at(4), ..all() }, &[4]),
        (AuditFilter { until: at(1), ..all() }, &[0]),
        (AuditFilter { limit: 2, ..all() }, &[4, 3]),
    ] {
        let expected: Vec<_> = expected.iter().map(|n| as_read(&entries[*n])).collect();
        assert_eq!(read(&world, filter.clone()).await, expected, "{filter:?}");
    }
}

pub async fn a_person_who_acts_is_one_user_of_the_book(subject: Subject) {
    let world = World::open(subject).await;
    let known = world.user("u_ana").await;
    let by = |id: &str| entry(&world, actor(ActorKind::Staff, id), "code.update", "x", 1);
    let entries = [by("u_ana"), by("u_new"), by("u_new")];
    told(&world, &entries).await;
    told(&world, &[by("u_new"), by("u_ana")]).await;
    assert_eq!(world.user("u_ana").await.id, known.id, "who was known stays who they are");
    let new = world.user("u_new").await;
    assert_eq!(new.id, UserId::from_uuid(entries[1].id.uuid()), "who was not is made with the first entry");
    assert_eq!(new.first_seen_at, entries[1].at);
    assert_eq!(read(&world, all()).await.len(), 5);
}

pub async fn one_programs_audit_log_is_not_anothers(subject: Subject) {
    let world = World::open(subject).await;
    let other = world.beside(a_program().named("other").build()).await;
    told(&world, &[entry(&world, actor(ActorKind::Staff, "ada"), "code.update", "x", 0)]).await;
    let theirs = entry(&other, actor(ActorKind::Staff, "ada"), "rules.publish", "other", 0);
    told(&other, std::slice::from_ref(&theirs)).await;
    assert_eq!(read(&other, all()).await, [as_read(&theirs)]);
    let (here, there) = (world.user("ada").await, other.user("ada").await);
    assert_ne!(here.id, there.id, "one name in two programs is two users");
}

pub async fn an_entry_is_kept_only_with_the_change_it_tells_of(subject: Subject) {
    let world = World::open(subject).await;
    let made = entry(&world, actor(ActorKind::Staff, "ada"), "code.update", "x", 0);
    let changes = Changes { audit: vec![made.clone()], ..Changes::default() };
    let mut unit = world.begin().await;
    unit.recorder().record(world.program.book, &changes).await.expect("recorded");
    assert_eq!(read(&world, all()).await, [], "while the unit is open");
    drop(unit);
    assert_eq!(read(&world, all()).await, [], "nor once it was dropped");
    told(&world, std::slice::from_ref(&made)).await;
    let twice = world.try_record(&changes).await;
    assert!(super::is_contended(&twice), "an entry is made once: {twice:?}");
    assert_eq!(read(&world, all()).await, [as_read(&made)]);
}

pub async fn one_new_person_who_acts_in_many_units_at_once_is_one_user(subject: Subject) {
    const UNITS: usize = 4;
    let world = World::open(subject).await;
    let meeting = Meeting::of(UNITS);
    let racers = (0..UNITS).map(|_| {
        let (world, meeting) = (world.clone(), meeting.clone());
        async move {
            let made = entry(&world, actor(ActorKind::Staff, "ada"), "code.update", "x", 0);
            let changes = Changes { audit: vec![made], ..Changes::default() };
            let mut unit = world.begin().await;
            let (book, now): (_, Timestamp) = (world.program.book, world.now());
            unit.users().lock(book, &[], &[], now).await.expect("nobody");
            meeting.wait().await;
            unit.recorder().record(book, &changes).await.expect("recorded");
            unit.commit().await.expect("committed");
        }
    });
    race(racers).await;
    let found = read(&world, AuditFilter { actor: Some("ada".to_owned()), ..all() }).await;
    assert_eq!(found.len(), UNITS);
}
