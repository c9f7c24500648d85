//! What operators ask about people: referrals, one with what came of it, all about one user.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::cmp::Reverse;

use referral_domain::id::ReferralId;
use referral_domain::payout::MethodKind;
use referral_domain::port::{ReferralFile, ReferralFilter, ReferralReport, UserFile};
use referral_domain::referral::{Referral, Review, State, StateName};
use referral_domain::spend::Outcome;
use referral_domain::time::Timestamp;

use super::Subject;
use super::snapshots::{ask_while_written, move_credits};
use super::wallets;
use crate::build::{a_program, a_referral, a_refund, a_spend, host, usd};
use crate::fake::NOON;
use crate::world::World;

const fn at(micros: i64) -> Timestamp {
    NOON.plus_micros(micros)
}

async fn listed(world: &World, filter: &ReferralFilter) -> Vec<ReferralReport> {
    world.reports.referrals(world.program.book, filter).await.expect("a report")
}

/// Six referrals by the codes of Ana and Eve, in every order of their instants and ids; newest first, each with its names.
async fn brought(world: &World) -> Vec<ReferralReport> {
    let other = world.beside(a_program().named("other").build()).await;
    let (theirs, friend) = (other.code("u_ana").await, other.user("u_0").await);
    other.refer(&[a_referral(&other.program, &theirs, friend.id).build()]).await;
    let mut made = Vec::new();
    for n in 0..6_i64 {
        let (owner, friend) = (if n % 3 == 0 { "u_eve" } else { "u_ana" }, format!("u_{n}"));
        let (code, referred) = (world.code(owner).await, world.user(&friend).await.id);
        let state = if n % 2 == 0 { State::Active { activated_at: NOON } } else { State::Pending };
        let reviewed = |referral: &mut Referral| {
            referral.facts.created_at = at(n / 2);
            referral.progress.review = if n == 4 { Review::Cleared } else { Review::None };
        };
        let referral = a_referral(&world.program, &code, referred).in_state(state).with(reviewed).build();
        world.refer(std::slice::from_ref(&referral)).await;
        made.push(ReferralReport { referral, referrer: Some(host(owner)), referred: Some(host(&friend)) });
    }
    made.sort_by_key(|one| Reverse((one.referral.facts.created_at, one.referral.facts.id)));
    made
}

pub async fn referrals_are_listed_newest_first_by_everything_a_filter_says(subject: Subject) {
    let world = World::open(subject).await;
    let made = brought(&world).await;
    let all = ReferralFilter { limit: 9, ..ReferralFilter::default() };
    let folded = world.code("u_eve").await.text.folded();
    let those = |wanted: &dyn Fn(&ReferralReport) -> bool| {
        made.iter().filter(|one| wanted(one)).cloned().collect::<Vec<_>>()
    };
    let of = |name: &str| Some(host(name));
    for (filter, expected) in [
        (all.clone(), made.clone()),
        (ReferralFilter { limit: 2, ..all.clone() }, made[..2].to_vec()),
        (ReferralFilter { referrer: of("u_eve"), ..all.clone() }, those(&|one| one.referrer == of("u_eve"))),
        (ReferralFilter { referrer: of("u_0"), ..all.clone() }, Vec::new()),
        (ReferralFilter { referrer: of("u_nobody"), ..all.clone() }, Vec::new()),
        (ReferralFilter { referred: of("u_3"), ..all.clone() }, those(&|one| one.referred == of("u_3"))),
        (ReferralFilter { referred: of("u_nobody"), ..all.clone() }, Vec::new()),
        (
            ReferralFilter { code: Some(folded.clone()), ..all.clone() },
            those(&|one| one.referral.facts.code_text.folded() == folded),
        ),
        (ReferralFilter { code: Some(folded), referrer: of("u_ana"), ..all.clone() }, Vec::new()),
        (
            ReferralFilter { code: referral_domain::code::FoldedCode::fold("NOSUCH"), ..all.clone() },
            Vec::new(),
        ),
        (
            ReferralFilter { state: Some(StateName::Active), ..all.clone() },
            those(&|one| one.referral.progress.state.name() == StateName::Active),
        ),
        (
            ReferralFilter { review: Some(Review::Cleared), ..all.clone() },
            those(&|one| one.referred == of("u_4")),
        ),
        (
            ReferralFilter { from: Some(at(1)), until: Some(at(2)), ..all.clone() },
            those(&|one| one.referral.facts.created_at == at(1)),
        ),
    ] {
        assert_eq!(listed(&world, &filter).await, expected, "{filter:?}");
    }
}

pub async fn pages_of_referrals_hold_each_once(subject: Subject) {
    let world = World::open(subject).await;
    let made = brought(&world).await;
    let mut pages = 0;
    for referrer in [None, Some(host("u_ana"))] {
        for limit in 1..=4 {
            let (mut found, mut before) = (Vec::new(), None::<(Timestamp, ReferralId)>);
            loop {
                let filter =
                    ReferralFilter { referrer: referrer.clone(), before, limit, ..Default::default() };
                let page = listed(&world, &filter).await;
                pages += 1;
                let Some(last) = page.last() else { break };
                before = Some((last.referral.facts.created_at, last.referral.facts.id));
                found.extend(page);
            }
            let wanted = made.iter().filter(|one| referrer.is_none() || one.referrer == referrer);
            assert_eq!(found, wanted.cloned().collect::<Vec<_>>(), "{limit} a page");
        }
    }
    println!("pages={pages}");
}

async fn file(world: &World, id: ReferralId, limit: u32) -> Option<ReferralFile> {
    world.reports.referral(world.program.book, id, limit).await.expect("a report")
}

pub async fn a_referral_is_told_with_the_last_of_what_came_of_it(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    world.clock.set(at(10));
    world.spend(&[a_spend("early", "u_ben", usd(5_00)).at(at(10)).build()]).await;
    world.sign_up("u_ben", &code).await.expect("applied");
    world.verify("u_ben").await;
    world.clock.set(at(20));
    world.spend(&[a_spend("later", "u_ben", usd(60_00)).at(at(20)).build()]).await;
    world.clock.set(at(30));
    world.refund(&[a_refund("back", "u_ben", "later", usd(60_00)).at(at(30)).build()]).await;
    world.sign_up("u_cat", &code).await.expect("applied");
    world.spend(&[a_spend("another", "u_cat", usd(5_00)).at(at(30)).build()]).await;
    let referral = world.referral(world.user("u_ben").await.id).await.expect("referred");
    let id = referral.facts.id;
    let told = file(&world, id, 9).await.expect("it is there");
    let names = (told.report.referrer.clone(), told.report.referred.clone());
    assert_eq!((&told.report.referral, names), (&referral, (Some(host("u_ana")), Some(host("u_ben")))));
    let outcomes: Vec<_> = told.events.iter().map(|event| (event.source.as_str(), event.outcome)).collect();
    assert_eq!(
        outcomes,
        [
            ("back", Outcome::RewardRetracted),
            ("later", Outcome::ThresholdCrossed),
            ("early", Outcome::NotReferred),
        ]
    );
    assert_eq!(Some(&told.events[1]), world.event("later").await.as_ref(), "each whole");
    let posted: Vec<_> = told.transactions.iter().map(|item| item.transaction.kind.as_str()).collect();
    assert_eq!(posted, ["credit_retraction", "referral_bonus", "welcome_credit"]);
    let last = file(&world, id, 1).await.expect("it is there");
    assert_eq!((&last.events[..], &last.transactions[..]), (&told.events[..1], &told.transactions[..1]));
    assert_eq!(file(&world, ReferralId::from_uuid(world.id()), 9).await, None);
    let other = world.beside(a_program().named("other").build()).await;
    assert_eq!(file(&other, id, 9).await, None, "another program has none of it");
}

async fn user_file(world: &World, name: &str, limit: u32) -> Option<UserFile> {
    world.reports.user_file(world.program.book, &host(name), NOON, limit).await.expect("a report")
}

pub async fn a_user_is_told_whole(subject: Subject) {
    let world = World::open(subject).await;
    let (code, ben) = (world.code("u_ana").await, world.code("u_ben").await);
    world.sign_up("u_ben", &code).await.expect("applied");
    world.verify("u_ben").await;
    world.sign_up("u_cat", &ben).await.expect("applied");
    for amount in [30_00, 7_00] {
        wallets::credit(&world, ben.owner, amount).await;
    }
    let method = world.set_method(ben.owner, MethodKind::External).await;
    let payout = world.request(ben.owner, 25_00).await.expect("it is there");
    let told = user_file(&world, "u_ben", 2).await.expect("known");
    assert_eq!(told.facts, world.user("u_ben").await);
    let codes: Vec<_> = told.codes.iter().map(|item| (item.code.id, item.owner.clone())).collect();
    assert_eq!(codes, [(ben.id, Some(host("u_ben")))]);
    assert_eq!(told.shares, world.referrer("u_ben").await);
    assert_eq!(told.account, world.account("u_ben", NOON).await);
    let came = told.came.expect("referred");
    assert_eq!(Some(came.referral), world.referral(ben.owner).await);
    assert_eq!((came.referrer, came.referred), (Some(host("u_ana")), Some(host("u_ben"))));
    assert_eq!(
        (told.history.len(), told.history.first().map(|item| &item.line)),
        (2, told.account.last.as_ref())
    );
    assert_eq!((told.method, told.paid), (Some(method), 0));
    assert_eq!(told.open.map(|item| item.payout), Some(payout));
    let ana = user_file(&world, "u_ana", 2).await.expect("known");
    assert_eq!((ana.came, ana.method, ana.open, ana.history), (None, None, None, Vec::new()));
    assert_eq!(user_file(&world, "u_nobody", 2).await, None);
}

pub async fn a_users_file_is_of_one_instant_while_credits_move(subject: Subject) {
    let world = World::open(subject).await;
    world.user("u_ana").await;
    ask_while_written(
        &world,
        |world, _| Box::pin(ask_file(world)),
        |world, n| Box::pin(move_credits(world, n)),
    )
    .await;
}

async fn ask_file(world: World) -> i64 {
    let told = user_file(&world, "u_ana", 1).await.expect("known");
    let last = told.history.first().map(|item| &item.line);
    assert_eq!(last, told.account.last.as_ref(), "the balance is that of the last line");
    last.map_or(0, |line| line.n)
}
