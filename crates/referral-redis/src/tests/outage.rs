//! Redis gone, slow, flushed, and back.

use std::time::Instant;

use referral_domain::port::{Admission, Demand, Limiter, Quota};
use referral_domain::time::HOUR;
use referral_testkit::fake::NOON;
use referral_testkit::launch::redis::Redis;
use tokio::net::TcpListener;

use crate::{ANSWER_WITHIN, RedisLimiter};

fn demand(most: u32) -> [Demand; 1] {
    [Demand { key: "a".to_owned(), quotas: vec![Quota { most, window: HOUR }] }]
}

async fn admitted(limiter: &RedisLimiter) -> bool {
    matches!(limiter.admit("group", &demand(2), NOON).await, Ok(Admission::Admitted(_)))
}

#[tokio::test]
async fn a_redis_that_went_is_down_and_one_that_came_back_is_not() {
    let mut server = Redis::private();
    let limiter = RedisLimiter::open(&server.url()).expect("a URL");
    assert!(admitted(&limiter).await && admitted(&limiter).await && !admitted(&limiter).await);
    limiter.answers().await.expect("it is there");
    server.stop();
    limiter.answers().await.expect_err("it is away");
    let mut down = 0;
    for _ in 0..10 {
        down += u32::from(limiter.admit("group", &demand(2), NOON).await.is_err());
    }
    server.start_again();
    let mut asked = 0;
    while limiter.admit("group", &demand(1_000_000), NOON).await.is_err() {
        asked += 1;
        assert!(asked < 100, "it does not come back");
    }
    println!("asked while it was away=10 down={down}; errors after its return={asked}");
    assert_eq!(down, 10);
}

#[tokio::test]
async fn a_flushed_redis_has_forgotten_and_never_errs() {
    let server = Redis::private();
    let limiter = RedisLimiter::open(&server.url()).expect("a URL");
    let Ok(Admission::Admitted(ticket)) = limiter.admit("group", &demand(1), NOON).await else {
        panic!("refused")
    };
    server.ask("FLUSHALL").expect("it answers");
    limiter.release(&ticket).await.expect("what is gone is given back already");
    assert!(admitted(&limiter).await);
}

#[tokio::test]
async fn a_redis_that_never_answers_is_down_soon() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("redis://{}", silent.local_addr().expect("an address"));
    let limiter = RedisLimiter::open(&url).expect("a URL");
    let asked = Instant::now();
    let answer = limiter.admit("group", &demand(1), NOON).await;
    println!("a silent Redis was given up after {} ms", asked.elapsed().as_millis());
    assert!(answer.is_err() && asked.elapsed() >= ANSWER_WITHIN);
}
