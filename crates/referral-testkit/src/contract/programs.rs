//! Programs, as units and reports answer them.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::port::{Inserted, MyReferralReport, ReferrerReport};
use referral_domain::program::{Policy, Program, Terms};

use super::Subject;
use crate::build::{a_program, currency, slug};
use crate::world::World;

pub async fn a_program_is_stored_with_its_first_rules_and_read_back_equal(subject: Subject) {
    let world = World::open(subject).await;
    let programs = [
        world.program.clone(),
        a_program().named("acme").in_currency(currency("JPY")).paused().terms(ODD_TERMS).build(),
        a_program().named("zeta").in_currency(currency("BHD")).policy(ODD_POLICY).build(),
    ];
    for program in &programs[1..] {
        world.beside(program.clone()).await;
    }
    for program in &programs {
        assert_eq!(found(&world, program).await.as_ref(), Some(program), "by a unit");
        let report = world.reports.program(&program.slug, world.now()).await.expect("a report");
        assert_eq!(report.as_ref(), Some(program), "by a report");
    }
    println!("programs read back={}", programs.len());
}

/// Every field differs from its default and from the others.
const ODD_TERMS: Terms = Terms {
    referrer_reward: 31,
    welcome_credit: 37,
    spend_threshold: 41,
    qualification_window_days: 43,
    clawback_window_days: 47,
    hold_days: 0,
    commission: None,
};

const ODD_POLICY: Policy = Policy {
    apply_window_days: 53,
    require_signup_time: false,
    payout_delay_days: 59,
    minimum_payout: 61,
    max_referrals_per_referrer_per_day: 67,
    max_signups_per_ip_per_hour: 71,
    max_signups_per_ip_per_day: 73,
    reward_budget: Some(79),
    identity_retention_days: 83,
};

async fn found(world: &World, program: &Program) -> Option<Program> {
    let mut unit = world.begin().await;
    unit.programs().find(&program.slug, world.now()).await.expect("programs")
}

pub async fn a_program_has_rules_from_the_instant_it_was_made(subject: Subject) {
    let world = World::open(subject).await;
    let made = world.program.created_at;
    let report = world.reports.program(&world.program.slug, made).await.expect("a report");
    assert_eq!(report.map(|program| program.rule_version), Some(1));
}

pub async fn a_program_that_does_not_exist_is_not_found(subject: Subject) {
    let world = World::open(subject).await;
    let nobody = slug("nobody-s");
    let mut unit = world.begin().await;
    assert_eq!(unit.programs().find(&nobody, world.now()).await.expect("programs"), None);
    drop(unit);
    assert_eq!(world.reports.program(&nobody, world.now()).await.expect("a report"), None);
}

pub async fn a_slug_that_is_taken_changes_nothing(subject: Subject) {
    let world = World::open(subject).await;
    let book = a_program().named("other").build().book;
    let twin = Program { book, name: "Another".to_owned(), ..world.program.clone() };
    let mut unit = world.begin().await;
    let answer = unit.programs().insert(&twin).await.expect("an answer");
    assert_eq!(answer, Inserted::AlreadyThere);
    unit.commit().await.expect("the unit is of use still");
    assert_eq!(found(&world, &world.program).await.as_ref(), Some(&world.program));
}

pub async fn programs_are_listed_by_slug(subject: Subject) {
    let world = World::open(subject).await;
    for name in ["zeta", "acme", "a-2", "middle"] {
        world.beside(a_program().named(name).build()).await;
    }
    let listed = world.reports.programs(world.now()).await.expect("a report");
    let slugs: Vec<_> = listed.iter().map(|program| program.slug.as_str()).collect();
    assert_eq!(slugs, ["a-2", "acme", "default", "middle", "zeta"]);
    let default = listed.into_iter().find(|program| program.slug == world.program.slug);
    assert_eq!(default, Some(world.program));
}

pub async fn one_program_never_sees_what_belongs_to_another(subject: Subject) {
    let world = World::open(subject).await;
    let other = world.beside(a_program().named("other").build()).await;
    let (here, there) = (world.user("u_ana").await, other.user("u_ana").await);
    assert_ne!(here.id, there.id, "one name in two programs is two users");
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("applied");
    let book = other.program.book;
    let elsewhere = other.reports.code(book, &code.text.folded()).await.expect("a report");
    assert_eq!(elsewhere, None);
    assert_eq!(other.referrer("u_ana").await, ReferrerReport::default());
    let (ben, _) = (world.user("u_ben").await, other.user("u_ben").await);
    let his = other.reports.my_referral(book, &ben.host).await.expect("a report");
    assert_eq!(his, MyReferralReport::default());
    assert_eq!(other.referral(ben.id).await, None);
}
