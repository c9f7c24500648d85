//! The lane against a sequential model, rule by rule, and over the memory store.

mod fake;
mod model;
mod played;
mod rules;
mod stored;
mod together;

use std::sync::Arc;

use referral_domain::port::StoreError;
use referral_domain::reference::Slug;
use referral_domain::spend::{Answer, SpendCommand};
use referral_testkit::build::{a_spend, slug, usd};
use tokio::runtime::Handle;

use super::{Bounds, Lane, Told};
use crate::failure::Failure;
use fake::Fake;

/// A lane of units this small on the runtime of the test.
fn lane(fake: &Arc<Fake>, unit: usize, unanswered: u32) -> Lane {
    let recorder = Arc::clone(fake);
    Lane::bounded(recorder, (Handle::current(), false), Bounds { unit, unanswered })
}

fn program() -> Slug {
    slug("default")
}

/// What this caller tells of: the event's metadata is their number, so that answers can be told apart.
fn event(caller: usize, source: &str, cents: i64) -> SpendCommand {
    a_spend(source, "u_ben", usd(cents)).noting(&caller.to_string()).build()
}

/// Which caller told of an event.
fn teller(metadata: Option<&String>) -> usize {
    metadata.and_then(|text| text.parse().ok()).expect("a caller's number")
}

/// The one answer of a caller.
fn answer(told: Told) -> Answer {
    let [answer] = <[_; 1]>::try_from(told.expect("an answer").answers).expect("one answer");
    answer
}

fn store_error(told: Told) -> StoreError {
    match told {
        Err(Failure::Store(error)) => error,
        other => panic!("the store did not fail: {other:?}"),
    }
}
