//! Versions of rules, and what may change of a program.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::audit::{Actor, ActorKind, AuditEntry};
use referral_domain::id::AuditId;
use referral_domain::port::Changes;
use referral_domain::program::{Commission, Policy, Program, ProgramStatus, Rules, Terms};
use referral_domain::rules::{PublishedRules, RuleVersion};
use referral_domain::time::Timestamp;
use rust_decimal::Decimal;

use super::{Meeting, Subject, is_contended, race};
use crate::build::{a_program, a_spend, usd};
use crate::fake::NOON;
use crate::world::World;

/// Every rule differs from its default.
fn odd_rules(n: i64) -> Rules {
    let small = u32::try_from(n).expect("few");
    let commission = Commission { rate: Decimal::new(125_000 + n, 6), months: 7, cap: Some(90 + n) };
    Rules {
        terms: Terms {
            referrer_reward: 10 + n,
            welcome_credit: 20 + n,
            spend_threshold: 30 + n,
            qualification_window_days: 40 + small,
            clawback_window_days: 50 + small,
            hold_days: 60 + small,
            commission: (n % 2 == 0).then_some(commission),
        },
        policy: Policy { reward_budget: (n % 3 == 0).then_some(80 + n), ..Policy::default() },
    }
}

fn version(number: u32, effective_from: Timestamp) -> RuleVersion {
    RuleVersion { version: number, rules: odd_rules(i64::from(number)), effective_from }
}

async fn publish(world: &World, versions: &[RuleVersion]) {
    let mut unit = world.begin().await;
    unit.programs().lock(&world.program.slug, world.now()).await.expect("an answer").expect("a program");
    for version in versions {
        unit.programs().publish(world.program.book, version).await.expect("published");
    }
    unit.commit().await.expect("a unit commits");
}

/// The version in force at an instant: by a unit, by its lock, and by both reports.
async fn in_force(world: &World, at: Timestamp) -> (u32, Rules) {
    let slug = &world.program.slug;
    let mut unit = world.begin().await;
    let found = unit.programs().find(slug, at).await.expect("an answer").expect("a program");
    let locked = unit.programs().lock(slug, at).await.expect("an answer").expect("a program");
    drop(unit);
    let report = world.reports.program(slug, at).await.expect("a report").expect("a program");
    let listed = world.reports.programs(at).await.expect("a report");
    assert_eq!([&locked, &report, &listed[0]], [&found; 3]);
    (found.rule_version, found.rules)
}

pub async fn a_version_is_in_force_from_its_instant_on_and_not_before(subject: Subject) {
    let world = World::open(subject).await;
    let (one, two) = (NOON.plus_days(1), NOON.plus_days(2));
    publish(&world, &[version(2, one), version(3, two)]).await;
    let first = (1, world.program.rules.clone());
    let made = world.program.created_at;
    for (at, expected) in [
        (made.plus_micros(-1), first.clone()),
        (made, first.clone()),
        (one.plus_micros(-1), first),
        (one, (2, odd_rules(2))),
        (two.plus_micros(-1), (2, odd_rules(2))),
        (two, (3, odd_rules(3))),
        (two.plus_days(999), (3, odd_rules(3))),
    ] {
        assert_eq!(in_force(&world, at).await, expected, "at {at}");
    }
}

pub async fn of_versions_from_one_instant_the_later_is_in_force(subject: Subject) {
    let world = World::open(subject).await;
    publish(&world, &[version(2, NOON), version(3, NOON)]).await;
    assert_eq!(in_force(&world, NOON).await, (3, odd_rules(3)));
}

pub async fn the_newest_version_is_answered_in_force_or_not(subject: Subject) {
    let world = World::open(subject).await;
    let newest = async || {
        let mut unit = world.begin().await;
        unit.programs().newest_rules(world.program.book).await.expect("a version")
    };
    let effective_from = world.program.created_at;
    let first = RuleVersion { version: 1, rules: world.program.rules.clone(), effective_from };
    assert_eq!(newest().await, first);
    publish(&world, &[version(2, NOON.plus_days(9))]).await;
    assert_eq!(newest().await, version(2, NOON.plus_days(9)));
}

pub async fn a_version_is_published_once(subject: Subject) {
    let world = World::open(subject).await;
    publish(&world, &[version(2, NOON)]).await;
    let mut unit = world.begin().await;
    let again = RuleVersion { rules: Rules::default(), ..version(2, NOON) };
    let twice = unit.programs().publish(world.program.book, &again).await;
    assert!(is_contended(&twice), "{twice:?}");
    drop(unit);
    assert_eq!(in_force(&world, NOON).await, (2, odd_rules(2)));
}

pub async fn versions_published_at_once_are_numbered_without_a_gap(subject: Subject) {
    const RACERS: u32 = 4;
    let world = World::open(subject).await;
    let meeting = Meeting::of(RACERS as usize);
    let racers = (0..RACERS).map(|_| {
        let (world, meeting) = (world.clone(), meeting.clone());
        async move {
            let mut unit = world.begin().await;
            meeting.wait().await;
            let (slug, book) = (&world.program.slug, world.program.book);
            unit.programs().lock(slug, world.now()).await.expect("an answer").expect("a program");
            let newest = unit.programs().newest_rules(book).await.expect("a version");
            let next = version(newest.version + 1, NOON);
            unit.programs().publish(book, &next).await.expect("the lock is held");
            unit.commit().await.expect("a unit commits");
            next.version
        }
    });
    let mut numbers = race(racers).await;
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3, 4, 5]);
}

pub async fn versions_are_listed_newest_first_with_who_published_them(subject: Subject) {
    let world = World::open(subject).await;
    publish(&world, &[version(2, NOON), version(3, NOON.plus_days(1))]).await;
    let by = Actor { kind: ActorKind::Staff, id: "u_ada".to_owned() };
    let entry = |subject: &str, action| AuditEntry {
        id: AuditId::from_uuid(world.id()),
        actor: by.clone(),
        action,
        subject: subject.to_owned(),
        before: None,
        after: None,
        at: NOON.plus_micros(7),
    };
    let audit = vec![
        entry("default/3", "rules.publish"),
        entry("default/2", "rules.preview"),
        entry("other/2", "rules.publish"),
    ];
    world.record(&Changes { audit, ..Changes::default() }).await;
    let published = Some((ActorKind::Staff, Some("u_ada".to_owned()), NOON.plus_micros(7)));
    let first = RuleVersion {
        version: 1,
        rules: world.program.rules.clone(),
        effective_from: world.program.created_at,
    };
    let all = [
        PublishedRules { version: version(3, NOON.plus_days(1)), published },
        PublishedRules { version: version(2, NOON), published: None },
        PublishedRules { version: first, published: None },
    ];
    for (before, limit, expected) in
        [(None, 9, &all[..]), (None, 2, &all[..2]), (Some(3), 9, &all[1..]), (Some(1), 9, &[])]
    {
        let found = world.reports.rule_versions(&world.program, before, limit).await.expect("a report");
        assert_eq!(found, expected, "before {before:?}, at most {limit}");
    }
}

pub async fn what_is_published_later_does_not_touch_a_referral(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let made = world.sign_up("u_ben", &code).await.expect("applied");
    world.verify("u_ben").await;
    publish(&world, &[version(2, NOON)]).await;
    let below = world.program.rules.terms.spend_threshold - 1;
    world.spend(&[a_spend("inv_1", "u_ben", usd(below)).build()]).await;
    let before = world.referral(made.facts.referred).await.expect("a referral");
    assert_eq!((&before.facts, before.progress.reward.is_posted()), (&made.facts, false));
    world.spend(&[a_spend("inv_2", "u_ben", usd(1)).build()]).await;
    let after = world.referral(made.facts.referred).await.expect("a referral");
    assert!(after.progress.reward.is_posted(), "it has what it was promised");
    let wallet = world.account("u_ana", world.now()).await.last.expect("a line");
    assert_eq!(wallet.after.available, world.program.rules.terms.referrer_reward);
}

pub async fn a_program_that_is_saved_shows_what_changed_and_keeps_the_rest(subject: Subject) {
    let world = World::open(subject).await;
    let other = world.beside(a_program().named("other").build()).await;
    let (name, landing_url) = ("Ünders".to_owned(), "https://new.example".to_owned());
    let changed = Program { name, landing_url, status: ProgramStatus::Paused, ..world.program.clone() };
    let mut unit = world.begin().await;
    unit.programs().lock(&changed.slug, world.now()).await.expect("an answer").expect("a program");
    unit.programs().save(&changed).await.expect("saved");
    unit.commit().await.expect("a unit commits");
    for (program, expected) in [(&world.program, &changed), (&other.program, &other.program)] {
        let found = world.reports.program(&program.slug, world.now()).await.expect("a report");
        assert_eq!(found.as_ref(), Some(expected));
    }
}

pub async fn a_locked_program_does_not_change_until_the_unit_ends(subject: Subject) {
    const RACERS: usize = 4;
    let world = World::open(subject).await;
    let meeting = Meeting::of(RACERS);
    let racers = (0..RACERS).map(|_| {
        let (world, meeting) = (world.clone(), meeting.clone());
        async move {
            let mut unit = world.begin().await;
            meeting.wait().await;
            let found = unit.programs().lock(&world.program.slug, world.now()).await.expect("an answer");
            let mut program = found.expect("a program");
            program.name.push('+');
            unit.programs().save(&program).await.expect("saved");
            unit.commit().await.expect("a unit commits");
        }
    });
    race(racers).await;
    let found = world.reports.program(&world.program.slug, world.now()).await.expect("a report");
    assert_eq!(found.expect("a program").name, format!("{}++++", world.program.name));
}
