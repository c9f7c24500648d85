//! A user's own code, and whether a code may be used.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use referral_app::{Failure, Throttled, Validity};
use referral_domain::code::{Code, SHORTEST, Unusable};
use referral_domain::port::Chance;
use referral_domain::time::{DAY, SECOND, Timestamp};
use referral_testkit::build::{a_code, a_program, host, slug, usd};
use referral_testkit::contract::race;
use referral_testkit::fake::SeededChance;

use crate::stage::{Stage, ip};

/// Makes a code one that may not be used now.
type Spoil = fn(&mut Code, Timestamp);

#[tokio::test]
async fn the_first_ask_makes_a_code_and_every_later_one_finds_it() {
    let stage = Stage::open().await;
    let first = stage.code("u_ana").await;
    let stored = stage.stored();
    assert_eq!(first.len(), SHORTEST);
    assert_eq!(stage.code("u_ana").await, first);
    assert_eq!(stage.stored(), stored, "asking again changes nothing");
    assert_ne!(stage.code("u_eva").await, first);
}

#[tokio::test]
async fn a_code_comes_with_what_it_offers_and_what_it_brought() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    let report = stage.app.code_of(&stage.program().slug, &host("u_ana")).await.expect("a code");
    assert_eq!((report.code.uses, report.code.last_used_at), (1, Some(stage.now())));
    assert_eq!((report.stats.total(), report.stats.potential_earnings), (1, usd(25_00)));
    let offer = report.offer;
    assert_eq!(
        (offer.welcome_credit, offer.referrer_reward, offer.spend_threshold),
        (usd(10_00), usd(25_00), usd(50_00))
    );
}

#[tokio::test]
async fn two_first_asks_at_once_yield_one_code() {
    let stage = Stage::open().await;
    let asks = (0..8).map(|_| {
        let stage = stage.clone();
        async move { stage.code("u_ana").await }
    });
    let codes = race(asks).await;
    assert!(codes.windows(2).all(|pair| pair[0] == pair[1]), "{codes:?}");
}

/// Plays the same letters again and again for as long as it is told, then goes on by chance.
struct Repeating {
    played: Mutex<VecDeque<u8>>,
    after: SeededChance,
}

impl Chance for Repeating {
    fn fill(&self, buffer: &mut [u8]) {
        match self.played.lock().expect("nobody panics here").pop_front() {
            Some(letter) => buffer.fill(letter),
            None => self.after.fill(buffer),
        }
    }
}

/// A code whose letters are all this one, in this length.
async fn takes(stage: &Stage, owner: &str, length: usize) -> Code {
    let owner = stage.world.user(owner).await;
    stage.world.claim(a_code(stage.program().book, owner.id).spelt(&"2".repeat(length)).build()).await
}

#[tokio::test]
async fn codes_that_keep_colliding_grow_longer() {
    let stage = Stage::open().await;
    takes(&stage, "u_eva", 8).await;
    takes(&stage, "u_zoe", 9).await;
    let played = Mutex::new(VecDeque::from(vec![0; 7]));
    let chance = Arc::new(Repeating { played, after: SeededChance::default() });
    let stage = stage.exchanging(|parts| referral_app::Parts { chance, ..parts });
    assert_eq!(stage.code("u_ana").await, "2222222222", "three tries of 8, three of 9, and one of 10");
}

#[tokio::test]
async fn a_length_is_tried_three_times_before_a_longer_one() {
    for (collisions, length) in [(0, 8), (1, 8), (2, 8), (3, 9), (5, 9)] {
        let stage = Stage::open().await;
        takes(&stage, "u_eva", 8).await;
        takes(&stage, "u_zoe", 9).await;
        let played = Mutex::new(VecDeque::from(vec![0; collisions]));
        let chance = Arc::new(Repeating { played, after: SeededChance::default() });
        let stage = stage.exchanging(|parts| referral_app::Parts { chance, ..parts });
        assert_eq!(stage.code("u_ana").await.len(), length, "after {collisions} collisions");
    }
}

#[tokio::test]
async fn a_valid_code_is_answered_in_its_canonical_spelling_whoever_types_it() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let typed = format!(" {}-{} ", &code[..4].to_lowercase(), &code[4..]);
    let validity = validate(&stage, &typed).await;
    let Validity::Valid { code: canonical, offer } = validity else { panic!("{validity:?}") };
    assert_eq!(canonical.as_str(), code);
    assert_eq!(offer.qualification_window_days, 90);
}

#[tokio::test]
async fn what_nobody_has_is_unknown_whatever_it_looks_like() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let too_long = format!("{}{code}", " ".repeat(64));
    for text in ["NOBODYS1", "", "-", "ça va", &"2".repeat(65), &too_long] {
        assert_eq!(validate(&stage, text).await, Validity::Unknown, "{text:?}");
    }
    let at_most = format!("{}{code}", " ".repeat(64 - code.len()));
    assert!(matches!(validate(&stage, &at_most).await, Validity::Valid { .. }));
}

#[tokio::test]
async fn a_code_that_may_not_be_used_says_why() {
    let stage = Stage::open().await;
    let now = stage.now();
    let spoil: [(&str, Spoil, Unusable); 3] = [
        ("SPOILT-1", |code, _| code.active = false, Unusable::Inactive),
        ("SPOILT-2", |code, now| code.expires_at = Some(now), Unusable::Expired),
        ("SPOILT-3", |code, _| (code.uses, code.max_uses) = (2, Some(2)), Unusable::Exhausted),
    ];
    for (text, spoilt, why) in spoil {
        let owner = stage.world.user(text).await;
        let code = a_code(stage.program().book, owner.id).spelt(text).with(|code| spoilt(code, now)).build();
        stage.world.claim(code).await;
        assert_eq!(validate(&stage, text).await, Validity::Unusable(why));
    }
}

#[tokio::test]
async fn a_paused_program_has_no_valid_code() {
    let stage = Stage::with(a_program().paused().build()).await;
    let code = stage.code("u_ana").await;
    assert_eq!(validate(&stage, &code).await, Validity::ProgramPaused);
    assert_eq!(validate(&stage, "NOBODYS1").await, Validity::Unknown);
}

#[tokio::test]
async fn misses_are_limited_apart_so_that_hits_go_on_no_longer_than_they_tell_nothing() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    for _ in 0..20 {
        assert!(matches!(validate(&stage, &code).await, Validity::Valid { .. }));
    }
    for guess in 0..20 {
        assert_eq!(validate(&stage, &format!("GUESS{guess}")).await, Validity::Unknown);
    }
    let throttled = throttle(&stage, &code).await;
    assert_eq!(throttled, throttle(&stage, "GUESS20").await, "a hit cannot be told from a miss any more");
    assert_eq!(throttled.retry_at, stage.now().plus_micros(600 * SECOND));
    stage.world.clock.set(throttled.retry_at);
    assert!(matches!(validate(&stage, &code).await, Validity::Valid { .. }));
}

#[tokio::test]
async fn validations_of_one_address_are_limited_and_those_of_others_go_on() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    for _ in 0..60 {
        validate(&stage, &code).await;
    }
    assert_eq!(throttle(&stage, &code).await.retry_at, stage.now().plus_micros(60 * SECOND));
    let program = &stage.program().slug;
    assert!(stage.app.validate_code(program, &code, ip("8.8.4.5")).await.is_ok());
    assert!(stage.app.validate_code(program, &code, None).await.is_ok());
}

#[tokio::test]
async fn an_expired_code_is_valid_until_the_instant_it_expires() {
    let stage = Stage::open().await;
    let (owner, end) = (stage.world.user("u_ana").await, stage.now().plus_micros(DAY));
    let code =
        a_code(stage.program().book, owner.id).spelt("TILL-NOON").with(|code| code.expires_at = Some(end));
    stage.world.claim(code.build()).await;
    stage.world.clock.set(end.plus_micros(-1));
    assert!(matches!(validate(&stage, "till-noon").await, Validity::Valid { .. }));
    stage.world.clock.set(end);
    assert_eq!(validate(&stage, "till-noon").await, Validity::Unusable(Unusable::Expired));
}

#[tokio::test]
async fn there_is_no_code_in_a_program_that_does_not_exist() {
    let stage = Stage::open().await;
    assert!(matches!(stage.app.code_of(&slug("other"), &host("u_ana")).await, Err(Failure::NoProgram)));
    assert!(matches!(stage.app.validate_code(&slug("other"), "2222", None).await, Err(Failure::NoProgram)));
}

async fn validate(stage: &Stage, text: &str) -> Validity {
    stage.app.validate_code(&stage.program().slug, text, ip("8.8.4.4")).await.expect("not throttled")
}

async fn throttle(stage: &Stage, text: &str) -> Throttled {
    let answer = stage.app.validate_code(&stage.program().slug, text, ip("8.8.4.4")).await;
    let Err(Failure::Refused(throttled)) = answer else { panic!("not throttled: {answer:?}") };
    throttled
}
