//! What is known of a user depends on what was told, never on the order of telling.

use proptest::prelude::*;
use referral_domain::time::Timestamp;
use referral_domain::user::{EmailStatus, UserFacts, Word};

use crate::made::{ben, days};

#[derive(Clone, Copy, Debug)]
enum Tale {
    SignUp(i64),
    Event(i64, bool),
    Token(i64, bool),
}

fn tale() -> impl Strategy<Value = Tale> {
    prop_oneof![
        (0..5_i64).prop_map(Tale::SignUp),
        (0..5_i64, any::<bool>()).prop_map(|(at, verified)| Tale::Event(at, verified)),
        (0..5_i64, any::<bool>()).prop_map(|(at, verified)| Tale::Token(at, verified)),
    ]
}

fn hear(ben: &mut UserFacts, tale: Tale) {
    let word = |at, verified| Word { at: days(at), verified };
    match tale {
        Tale::SignUp(at) => ben.hear_sign_up(days(at)),
        Tale::Event(at, verified) => ben.hear_event(word(at, verified)),
        Tale::Token(at, verified) => ben.hear_token(word(at, verified)),
    }
}

fn told(tales: &[Tale]) -> UserFacts {
    let mut ben = UserFacts { signed_up_at: None, ..ben() };
    tales.iter().for_each(|tale| hear(&mut ben, *tale));
    ben
}

fn any_order() -> impl Strategy<Value = (Vec<Tale>, Vec<Tale>)> {
    proptest::collection::vec(tale(), 0..8)
        .prop_flat_map(|tales| (Just(tales.clone()), Just(tales).prop_shuffle()))
}

#[test]
fn nobody_said_anything_is_not_the_same_as_unverified() {
    assert_eq!(ben().email_status(), EmailStatus::Unknown);
}

#[test]
fn the_sign_up_time_never_moves_later() {
    let mut ben = told(&[Tale::SignUp(3), Tale::SignUp(4)]);
    assert_eq!(ben.signed_up_at, Some(days(3)));
    ben.hear_sign_up(Timestamp::from_micros(0));
    assert_eq!(ben.signed_up_at, Some(Timestamp::from_micros(0)));
}

#[test]
fn an_event_outweighs_every_token_however_new() {
    assert_eq!(told(&[Tale::Token(4, true)]).email_status(), EmailStatus::Verified(days(4)));
    assert_eq!(told(&[Tale::Token(4, true), Tale::Event(1, false)]).email_status(), EmailStatus::Unverified);
    assert_eq!(
        told(&[Tale::Event(1, true), Tale::Token(4, false)]).email_status(),
        EmailStatus::Verified(days(1))
    );
}

#[test]
fn of_two_words_of_one_instant_unverified_wins() {
    for words in
        [[Tale::Event(2, true), Tale::Event(2, false)], [Tale::Event(2, false), Tale::Event(2, true)]]
    {
        assert_eq!(told(&words).email_status(), EmailStatus::Unverified);
    }
}

#[test]
fn the_newest_word_decides_not_the_last_to_arrive() {
    assert_eq!(
        told(&[Tale::Event(3, true), Tale::Event(1, false)]).email_status(),
        EmailStatus::Verified(days(3))
    );
    assert_eq!(
        told(&[Tale::Event(1, false), Tale::Event(3, true)]).email_status(),
        EmailStatus::Verified(days(3))
    );
    assert_eq!(told(&[Tale::Event(3, false), Tale::Event(1, true)]).email_status(), EmailStatus::Unverified);
}

proptest! {
    #[test]
    fn any_order_of_the_same_tales_ends_the_same((told_so, shuffled) in any_order()) {
        prop_assert_eq!(told(&told_so), told(&shuffled));
    }

    #[test]
    fn a_tale_told_twice_is_told_once(tales in proptest::collection::vec(tale(), 0..8)) {
        let twice: Vec<_> = tales.iter().chain(&tales).copied().collect();
        prop_assert_eq!(told(&twice), told(&tales));
    }

    #[test]
    fn the_status_is_the_newest_event_else_the_newest_token(tales in proptest::collection::vec(tale(), 0..8)) {
        let newest = |events: bool| tales.iter().filter_map(|tale| match *tale {
            Tale::Event(at, verified) if events => Some((at, !verified)),
            Tale::Token(at, verified) if !events => Some((at, !verified)),
            _ => None,
        }).max();
        let earliest = tales.iter().filter_map(|tale| match *tale {
            Tale::Event(at, true) | Tale::Token(at, true) => Some(at),
            _ => None,
        }).min();
        let expected = match newest(true).or(newest(false)) {
            None => EmailStatus::Unknown,
            Some((at, false)) => EmailStatus::Verified(days(earliest.unwrap_or(at))),
            Some((_, true)) => EmailStatus::Unverified,
        };
        prop_assert_eq!(told(&tales).email_status(), expected);
    }
}
