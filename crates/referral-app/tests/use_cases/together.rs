//! People who sign up at the same time share a unit: each is answered as if they had come one after the other.

use std::sync::Arc;

use futures_util::future::join_all;
use referral_app::{App, Application, ApplyReceipt, ApplyRefusal, Failure, Replayable, SignUp};
use referral_domain::code::Code;
use referral_domain::port::{ReferralReport, Store};
use referral_domain::program::Program;
use referral_domain::referral::Referral;
use referral_domain::time::DAY;
use referral_testkit::build::{a_code, a_program, host};
use referral_testkit::fake::SeededChance;
use referral_testkit::faults::{Fault, FaultyStore, Plan};

use crate::stage::{Stage, ip, made};

type Told = Result<Replayable<ApplyReceipt>, Failure<ApplyRefusal>>;

/// On one thread, all enter before the first unit begins: they are one unit, in this order.
async fn at_once(app: &App, commands: &[SignUp]) -> Vec<Told> {
    join_all(commands.iter().map(|command| app.sign_up(command))).await
}

async fn one_by_one(app: &App, commands: &[SignUp]) -> Vec<Told> {
    let mut told = Vec::new();
    for command in commands {
        told.push(app.sign_up(command).await);
    }
    told
}

/// An answer without the ids it draws.
fn said(told: &Told) -> String {
    match told {
        Ok(Replayable::Replayed(reply)) => format!("{reply:?}"),
        Ok(Replayable::Fresh(receipt)) => match &receipt.application {
            Application::Noted => "noted".to_owned(),
            Application::Made(report) => format!("made {}", text(report)),
            Application::Again(report) => format!("again {}", text(report)),
        },
        Err(failure) => format!("{failure:?}"),
    }
}

fn text(report: &ReferralReport) -> String {
    let ReferralReport { referral: Referral { facts, progress }, referrer, referred } = report;
    let (state, welcome) = (progress.state.name(), progress.welcome.status());
    format!(
        "{referred:?} by {referrer:?}, {} at {:?}: {state:?} {welcome:?}",
        facts.code_text, facts.applied_at
    )
}

/// Codes of two referrers: unlimited, with two uses left, with a limit a day of its own, switched off.
async fn codes(stage: &Stage) -> Vec<Code> {
    let (ana, ben) = (stage.world.user("u_ana").await.id, stage.world.user("u_ben").await.id);
    let vanity = |owner, number: u128, text: &str, change: fn(&mut Code)| {
        let id = referral_domain::id::CodeId::from_uuid(uuid::Uuid::from_u128(number));
        let code = a_code(stage.program().book, owner).spelt(text).with_id(id);
        code.with(|code| code.primary = false).with(change).build()
    };
    let codes = vec![
        vanity(ana, 1, "ANA-OPEN", |_| ()),
        vanity(ana, 2, "ANA-TWICE", |code| code.max_uses = Some(2)),
        vanity(ben, 3, "BEN-DAILY", |code| code.daily_limit = Some(3)),
        vanity(ben, 4, "BEN-OPEN", |_| ()),
        vanity(ben, 5, "BEN-OFF", |code| code.active = false),
    ];
    let stored = &codes;
    let body = stage.world.transact(move |unit| {
        Box::pin(async move {
            for code in stored {
                drop(unit.codes().claim(code).await?);
            }
            Ok(())
        })
    });
    body.await.expect("codes are stored");
    codes
}

/// A program in which limits are soon met.
fn narrow() -> Program {
    a_program().limited_to(6).build()
}

/// A stage with codes, and so many referrals of Ana's made already, some longer ago than a day.
async fn set(before: u64) -> (Stage, Vec<Code>) {
    let stage = Stage::with(narrow()).await;
    let codes = codes(&stage).await;
    for n in 0..before {
        made(stage.app.sign_up(&stage.with_code(&format!("u_before{n}"), "ANA-OPEN")).await);
        stage.world.clock.advance(i64::try_from(n).expect("few") * DAY / 3);
    }
    (stage, codes)
}

/// Up to 24 sign-ups by chance: with a code or none, of new people, with mailboxes that some share.
fn a_crowd(stage: &Stage, codes: &[Code], chance: &SeededChance) -> Vec<SignUp> {
    let crowd = (0..chance.below(24) + 1).map(|n| {
        let name = if n > 0 && chance.below(12) == 0 { n - 1 } else { n };
        let code = match chance.below(10) {
            0 => None,
            1 => Some("NOBODYS1".to_owned()),
            _ => codes.get(usize::try_from(chance.below(5)).expect("few")).map(|code| code.text.to_string()),
        };
        let mail =
            ["ana", "ben", "m1", "m2", "m3", "m4"].get(usize::try_from(chance.below(14)).expect("few"));
        SignUp {
            code,
            email: mail.map(|mail| format!("{mail}@example.com")),
            email_verified: [None, Some(false), Some(true)][usize::try_from(chance.below(3)).expect("few")],
            created_at: (chance.below(12) == 0).then(|| stage.now().plus_micros(-40 * DAY)),
            ..stage.a_sign_up(&format!("u_{name}"))
        }
    });
    // Whoever comes twice goes on alone, after the others: alike, and without a mailbox that others bring meanwhile, they
    // have one answer, whatever the order.
    let mut crowd: Vec<SignUp> = crowd.collect();
    for n in 1..crowd.len() {
        if crowd[n].user == crowd[n - 1].user {
            crowd[n - 1].email = None;
            crowd[n] = crowd[n - 1].clone();
        }
    }
    crowd
}

/// What is stored of everybody, by name.
async fn stored(stage: &Stage, crowd: &[SignUp]) -> String {
    let mut lines = Vec::new();
    for name in ["u_ana", "u_ben"].into_iter().chain(crowd.iter().map(|one| one.user.as_str())) {
        let facts = stage.world.user(name).await;
        let known = (facts.signed_up_at, facts.email_status(), facts.email, facts.first_verified_at);
        let came_by =
            stage.referral(name).await.map(|referral| (referral.facts.code_text, referral.progress.state));
        lines.push(format!("{name} {known:?} {came_by:?} {}", stage.available(name).await));
    }
    for text in ["ANA-OPEN", "ANA-TWICE", "BEN-DAILY", "BEN-OPEN", "BEN-OFF"] {
        let code = stage
            .world
            .begin()
            .await
            .codes()
            .find(stage.program().book, &[folded(text)])
            .await
            .expect("codes");
        lines.push(format!("{text} {:?}", code[0].as_ref().map(|code| (code.uses, code.last_used_at))));
    }
    lines.push(format!("{:?}", stage.is_sound().await));
    lines.join("\n")
}

fn folded(text: &str) -> referral_domain::code::FoldedCode {
    referral_domain::code::FoldedCode::fold(text).expect("a code")
}

#[tokio::test]
async fn a_crowd_ends_as_if_everybody_had_come_one_after_the_other() {
    let (mut people, mut referred, mut refused) = (0, 0, 0);
    let rounds = 300;
    for seed in 0..rounds {
        let chance = SeededChance::from_seed(seed);
        let before = chance.below(5);
        let ((alone, codes), (crowded, _)) = (set(before).await, set(before).await);
        for stage in [&alone, &crowded] {
            let mailed = SignUp { email: Some("ana@example.com".to_owned()), ..stage.a_sign_up("u_ana") };
            drop(stage.app.sign_up(&mailed).await.expect("a sign-up"));
        }
        let crowd = a_crowd(&alone, &codes, &chance);
        let expected: Vec<_> = one_by_one(&alone.app, &crowd).await.iter().map(said).collect();
        let told: Vec<_> = at_once(&crowded.app.clone().with_lane(), &crowd).await.iter().map(said).collect();
        for (n, (told, expected)) in told.iter().zip(&expected).enumerate() {
            assert_eq!(told, expected, "seed {seed}, the {n}th of {crowd:?}");
        }
        assert_eq!(stored(&crowded, &crowd).await, stored(&alone, &crowd).await, "seed {seed}");
        people += told.len();
        referred += told.iter().filter(|said| said.starts_with("made")).count();
        refused += told.iter().filter(|said| said.starts_with("Refused")).count();
    }
    println!("crowds={rounds} people={people} referred={referred} refused={refused} mismatches=0");
    assert!(referred > 1_000 && refused > 500, "a crowd of nothing finds nothing");
}

/// A stage with a lane whose store fails as the plan says, and Ana's code.
async fn failing() -> (Stage, App, Arc<Plan>, String) {
    let stage = Stage::open().await;
    let (code, plan) = (stage.code("u_ana").await, Plan::new());
    let faulty = stage.exchanging(|parts| {
        let store: Arc<dyn Store> = Arc::new(FaultyStore::new(parts.store, plan.clone()));
        referral_app::Parts { store, ..parts }
    });
    let app = faulty.app.with_lane();
    (stage, app, plan, code)
}

fn three(stage: &Stage, code: &str) -> Vec<SignUp> {
    ["u_1", "u_2", "u_3"].map(|name| stage.with_code(name, code)).to_vec()
}

#[tokio::test]
async fn many_share_a_unit_and_its_calls() {
    let (stage, app, plan, code) = failing().await;
    let mut calls = Vec::new();
    for crowd in [1, 3, 100] {
        let commands: Vec<_> =
            (0..crowd).map(|n| stage.with_code(&format!("u_{crowd}_{n}"), &code)).collect();
        plan.arm(u32::MAX, Fault::Contended);
        let told = at_once(&app, &commands).await;
        calls.push(plan.disarm().0);
        assert!(told.iter().all(Result::is_ok) || crowd == 100, "the limit of a day is 10");
        assert_eq!(told.len(), crowd);
    }
    println!("calls of units of 1, 3 and 100 people={calls:?}");
    assert!(calls.windows(2).all(|pair| pair[0] == pair[1]) && calls[0] <= 8, "{calls:?}");
    assert_eq!(
        stage.app.reports().codes_of(stage.program().book, &[folded(&code)]).await.expect("codes")[0]
            .as_ref()
            .map(|code| code.uses),
        Some(10),
        "exactly as many as the limit of a day"
    );
}

#[tokio::test]
async fn a_unit_that_fails_for_a_reason_of_its_own_sends_everybody_on_alone() {
    let (stage, app, plan, code) = failing().await;
    // Eight attempts of the shared unit, each of which loses its race at once; the ninth unit is somebody's own.
    plan.arm(1, Fault::ContendedForEver);
    let crowd = three(&stage, &code);
    let lost = at_once(&app, &crowd).await;
    let (calls, _) = plan.disarm();
    assert!(lost.iter().all(|told| matches!(told, Err(Failure::Store(error)) if error.is_contended())));
    assert_eq!(calls, 8 + 3 * 8, "one unit of three, then three of one, eight times each");
    assert!(
        at_once(&app, &crowd).await.into_iter().all(|told| told.is_ok()),
        "and a retry is as if nothing had failed"
    );
}

#[tokio::test]
async fn a_store_that_is_away_is_asked_once_for_all() {
    let (stage, app, plan, code) = failing().await;
    plan.arm(1, Fault::Unavailable);
    let told = at_once(&app, &three(&stage, &code)).await;
    assert_eq!(plan.disarm().0, 1, "nobody goes on alone");
    let away = |told: &Told| matches!(told, Err(Failure::Store(error)) if !error.is_contended());
    assert!(told.iter().all(away), "{told:?}");
    assert_eq!(stage.referral("u_1").await, None);
}

#[tokio::test]
async fn a_lost_commit_is_told_as_away_and_a_resend_is_answered_from_what_was_stored() {
    let (stage, app, plan, code) = failing().await;
    let crowd = three(&stage, &code);
    plan.arm(u32::MAX, Fault::LostCommit);
    drop(at_once(&app, &[stage.with_code("u_0", &code)]).await);
    let (commit, _) = plan.disarm();
    plan.arm(commit, Fault::LostCommit);
    assert!(at_once(&app, &crowd).await.iter().all(Result::is_err));
    assert!(plan.disarm().1.is_some_and(|fired| fired.call == "commit"));
    for told in at_once(&app, &crowd).await {
        assert!(said(&told).starts_with("again"), "{told:?}");
    }
}

#[tokio::test]
async fn no_more_come_from_an_address_than_its_quota_and_a_place_that_is_refused_is_the_next_ones() {
    let stage = Stage::with(a_program().limited_to(6).build()).await;
    let (code, app) = (stage.code("u_ana").await, stage.app.clone().with_lane());
    let from =
        |n: usize, address: &str| SignUp { ip: ip(address), ..stage.with_code(&format!("u_{n}"), &code) };
    // Five of an address may be referred in an hour, six of a referrer in a day.
    let crowd: Vec<_> =
        (0..7).map(|n| from(n, "8.8.4.4")).chain((7..9).map(|n| from(n, "8.8.4.5"))).collect();
    let told: Vec<_> = at_once(&app, &crowd).await.iter().map(said).collect();
    let count = |what: &str| told.iter().filter(|said| said.contains(what)).count();
    assert_eq!((count("made"), count("IpLimit"), count("ReferrerLimit")), (6, 2, 1), "{told:?}");
    assert!(
        told[7].starts_with("made"),
        "the sixth place is of the first who comes from elsewhere: {told:?}"
    );
    let again = at_once(&app, &crowd[..1]).await;
    assert!(said(&again[0]).starts_with("again"), "{again:?}");
}

#[tokio::test]
async fn whoever_is_known_or_told_of_later_goes_on_alone() {
    let stage = Stage::open().await;
    let (code, app) = (stage.code("u_ana").await, stage.app.clone().with_lane());
    stage.spend("inv_1", "u_early", 60_00).await;
    let applied_at = Some(stage.now().plus_micros(-1));
    let crowd = [
        stage.with_code("u_early", &code),
        SignUp { applied_at, ..stage.with_code("u_late", &code) },
        stage.with_code("u_new", &code),
    ];
    let told = at_once(&app, &crowd).await.into_iter().map(made).collect::<Vec<_>>();
    assert_eq!(told[0].progress.spend.gross, 60_00, "what was spent before counts");
    assert_eq!(Some(told[1].facts.applied_at), applied_at);
    assert_eq!(told[2].facts.applied_at, stage.now());
    stage.is_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_let_share_a_unit_of_a_lane_that_is_closed_and_everybody_is_answered() {
    let stage = Stage::open().await;
    let (code, app) = (stage.code("u_ana").await, stage.app.clone().with_lane());
    let crowd = three(&stage, &code);
    let (told, ()) = tokio::join!(at_once(&app, &crowd), app.close_lane());
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    assert!(
        stage.app.my_referrer(&stage.program().slug, &host("u_3")).await.expect("a view").referral.is_some()
    );
    made(app.sign_up(&stage.with_code("u_4", &code)).await);
    app.close_lane().await;
}
