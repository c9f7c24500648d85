//! Read models: committed facts only, and no waiting for units.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::collections::BTreeSet;

use referral_domain::code::FoldedCode;
use referral_domain::credit::may_redeem;
use referral_domain::id::BookId;
use referral_domain::port::{
    AccountReport, Changes, MyReferralReport, ReferralCounts, ReferrerReport, SummaryReport,
};
use referral_domain::referral::{Award, State, WithheldReason};
use referral_domain::user::{EmailStatus, Word};

use super::referrals::brought;
use super::{Subject, wallets};
use crate::build::{a_program, a_spend, host, usd};
use crate::fake::NOON;
use crate::world::World;

pub async fn a_store_that_answers_is_ready(subject: Subject) {
    let world = World::open(subject).await;
    world.reports.ready().await.expect("it is ready");
}

pub async fn reports_see_only_what_is_committed_and_wait_for_no_unit(subject: Subject) {
    let world = World::open(subject).await;
    let (code, ben) = (world.code("u_ana").await, world.user("u_ben").await);
    let book = world.program.book;
    let mut unit = world.begin().await;
    let cat = world.new_user("u_cat");
    unit.users().lock(book, &[cat], &[ben.id, code.owner], world.now()).await.expect("users");
    unit.codes().lock(book, &[code.id]).await.expect("codes");
    let mut used = code.clone();
    used.uses = 1;
    unit.recorder()
        .record(book, &Changes { codes: vec![used.clone()], ..Changes::default() })
        .await
        .expect("recorded");
    let found = world.reports.code(book, &code.text.folded()).await.expect("a report");
    assert_eq!(found, Some(code), "while the unit is open");
    assert_eq!(world.reports.user(book, &host("u_cat")).await.expect("a report"), None);
    assert!(world.reports.verify().await.is_ok());
    unit.commit().await.expect("a unit commits");
    let found = world.reports.code(book, &used.text.folded()).await.expect("a report");
    assert_eq!(found, Some(used), "once it is committed");
    assert!(world.reports.user(book, &host("u_cat")).await.expect("a report").is_some());
}

const STATES: [State; 7] = [
    State::Pending,
    State::Active { activated_at: NOON },
    State::Completed { activated_at: NOON, completed_at: NOON },
    State::Expired { activated_at: None, closed_at: NOON },
    State::Expired { activated_at: Some(NOON), closed_at: NOON },
    State::Fraud { activated_at: None, closed_at: NOON },
    State::Fraud { activated_at: Some(NOON), closed_at: NOON },
];

pub async fn a_referrers_referrals_are_counted_by_state(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, eve) = (world.code("u_ana").await, world.code("u_eve").await);
    let shape = |n: usize, referral: &mut referral_domain::referral::Referral| {
        // One of the first state, two of the second, and so on.
        let state = (0..7).find(|state| n < (state + 1) * (state + 2) / 2).expect("28 referrals");
        referral.progress.state = STATES[state];
        referral.progress.welcome = Award::Withheld(WithheldReason::UnderReview);
        referral.facts.terms.referrer_reward = i64::try_from(n).expect("few") + 1;
    };
    brought(&world, &ana, 28, shape).await;
    brought(&world, &eve, 1, shape).await;
    let counts = world.referrer("u_ana").await.counts;
    let potential = (1..=3).sum();
    let expected = ReferralCounts {
        pending: 1,
        active: 2,
        completed: 3,
        expired: 4 + 5,
        fraud: 6 + 7,
        potential,
        earned: 0,
    };
    assert_eq!(counts, expected);
    println!("referrals counted=28");
}

pub async fn what_a_referrer_earned_is_what_was_posted(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    for name in ["u_1", "u_2", "u_3"] {
        world.sign_up(name, &code).await.expect("applied");
        world.verify(name).await;
    }
    let spends = ["u_1", "u_2"].map(|name| a_spend(&format!("inv:{name}"), name, usd(50_00)).build());
    world.spend(&spends).await;
    let counts = world.referrer("u_ana").await.counts;
    assert_eq!((counts.completed, counts.active), (2, 1));
    assert_eq!((counts.earned, counts.potential), (50_00, 25_00));
    let counts = world.referrer("u_1").await.counts;
    assert_eq!(counts, ReferralCounts::default(), "a welcome credit is not earned by referring");
}

pub async fn using_credits_does_not_change_what_was_earned(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    wallets::credit(&world, ana, 25_00).await;
    let mode = referral_domain::credit::RedeemMode::Exact;
    world.redeem(ana, 20_00, mode, &crate::build::reference("order:1")).await.expect("redeemed");
    let report = world.account("u_ana", world.now().plus_days(1)).await;
    let last = report.last.expect("a line");
    assert_eq!((report.aged, last.earned, last.taken, last.after.available), (25_00, 25_00, 0, 5_00));
}

pub async fn whether_a_user_may_use_credits_is_told_with_them(subject: Subject) {
    let world = World::open(subject).await;
    let (code, tomorrow) = (world.code("u_ana").await, world.now().plus_days(1));
    let standing = async |name| {
        let account = world.account(name, tomorrow).await;
        (account.must_verify, account.last.map_or(0, |line| line.after.available))
    };
    let referral = world.sign_up("u_ben", &code).await.expect("applied");
    assert_eq!(standing("u_ben").await, (true, 0));
    assert_eq!(standing("u_ana").await, (false, 0));
    world.verify("u_ben").await;
    assert_eq!(standing("u_ben").await, (false, 10_00));
    let (ben, book) = (host("u_ben"), world.program.book);
    let summary = world.reports.summary(book, &ben, tomorrow).await.expect("a report");
    assert_eq!(summary.account, world.account("u_ben", tomorrow).await, "a summary's account is the same");
    let mine = world.reports.my_referral(book, &ben).await.expect("a report");
    assert_eq!(mine.email, EmailStatus::Verified(world.now()));
    assert_eq!(mine.referral.map(|found| found.facts), Some(referral.facts));
}

/// Known ones, unknown ones, one twice; another program's are not found.
pub async fn many_codes_and_many_accounts_are_read_at_once_in_the_order_asked(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, eve) = (world.code("u_ana").await, world.code("u_eve").await);
    let (book, tomorrow) = (world.program.book, world.now().plus_days(1));
    let nobodys = FoldedCode::fold("NOBODYS").expect("a code");
    let asked = [eve.text.folded(), nobodys, ana.text.folded(), eve.text.folded()];
    let found = world.reports.codes_of(book, &asked).await.expect("a report");
    assert_eq!(found, [Some(eve.clone()), None, Some(ana), Some(eve)]);
    assert_eq!(world.reports.codes_of(book, &[]).await.expect("a report"), []);
    let elsewhere = world.reports.codes_of(BookId(book.0 ^ 1), &asked).await.expect("a report");
    assert_eq!(elsewhere, [None, None, None, None]);
    for (name, amount) in [("u_ana", 25_00), ("u_eve", 10_00)] {
        wallets::credit(&world, world.user(name).await.id, amount).await;
    }
    let before = world.now().plus_micros(-1);
    let people = [("u_eve", tomorrow), ("u_who", tomorrow), ("u_ana", before), ("u_ana", tomorrow)];
    let people = people.map(|(name, at)| (host(name), at));
    let accounts = world.reports.accounts_of(book, &people).await.expect("a report");
    let told = accounts
        .iter()
        .map(|account| (account.aged, account.last.as_ref().map_or(0, |line| line.after.available)));
    assert_eq!(told.collect::<Vec<_>>(), [(10_00, 10_00), (0, 0), (0, 25_00), (25_00, 25_00)]);
    assert_eq!(accounts[1], AccountReport::default());
    assert_eq!(accounts[3], world.account("u_ana", tomorrow).await);
}

/// Every pair of words, of people who were referred and of people who were not: told as the domain has it.
pub async fn who_must_verify_is_told_as_the_domain_has_it(subject: Subject) {
    let world = World::open(subject).await;
    let (code, now) = (world.code("u_ana").await, world.now());
    let words = [None, Some(false), Some(true)].map(|said| said.map(|verified| Word { at: now, verified }));
    let (mut barred, mut asked) = (BTreeSet::new(), Vec::new());
    let pairs = words.iter().flat_map(|event| words.map(|token| (*event, token)));
    for ((event, token), referred) in pairs.flat_map(|pair| [(pair, false), (pair, true)]) {
        let name = format!("u_{}", asked.len());
        let facts = world.hear_words(&name, event, token).await;
        if referred {
            world.sign_up(&name, &code).await.expect("applied");
        }
        let told = world.account(&name, now).await.must_verify;
        assert_eq!(told, !may_redeem(facts.email_status(), referred), "{facts:?} referred={referred}");
        asked.push(facts.id);
        barred.extend(told.then_some(facts.id));
    }
    println!("people={} who must verify={}", asked.len(), barred.len());
    assert_eq!((asked.len(), barred.len()), (18, 9));
    let mut unit = world.begin().await;
    asked.push(asked[0]);
    let told = unit.payouts().unverified(world.program.book, &asked).await.expect("they are told");
    assert_eq!(told, barred, "the same who may not be paid");
    let told = unit.payouts().unverified(world.program.book, &[]).await.expect("they are told");
    assert_eq!(told, BTreeSet::new());
    drop(unit);
    let beside = world.beside(a_program().named("beside").build()).await;
    let mut unit = beside.begin().await;
    let told = unit.payouts().unverified(beside.program.book, &asked).await.expect("they are told");
    assert_eq!(told, BTreeSet::new(), "another program knows nothing of them");
}

/// Whom nobody heard of, and whom nobody told anything of, are told alike.
pub async fn a_user_without_any_story_has_nothing(subject: Subject) {
    let world = World::open(subject).await;
    world.user("u_ana").await;
    let (book, now) = (world.program.book, world.now());
    for name in ["u_ana", "u_nobody"] {
        let mine = world.reports.my_referral(book, &host(name)).await.expect("a report");
        assert_eq!(mine, MyReferralReport::default(), "{name}");
        let summary = world.reports.summary(book, &host(name), now).await.expect("a report");
        assert_eq!(summary, SummaryReport::default(), "{name}");
        assert_eq!(world.account(name, now).await, AccountReport::default(), "{name}");
        assert_eq!(world.referrer(name).await, ReferrerReport::default(), "{name}");
    }
    let nobody = world.reports.user(book, &host("u_nobody")).await.expect("a report");
    assert_eq!(nobody, None, "asking makes none");
    assert_eq!(world.reports.user_id(book, &host("u_nobody")).await.expect("a report"), None);
    let ana = world.reports.user(book, &host("u_ana")).await.expect("a report").map(|facts| facts.id);
    let id = world.reports.user_id(book, &host("u_ana")).await.expect("a report");
    assert!(id.is_some() && id == ana, "{id:?} and {ana:?}");
}
