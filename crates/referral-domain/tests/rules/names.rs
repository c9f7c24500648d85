//! Ids, names and words: one spelling each.

use proptest::prelude::*;
use referral_domain::auth::{ApiKey, Role, Scope};
use referral_domain::credit::RedeemMode;
use referral_domain::id::{
    AccountId, ApiKeyId, CaseId, ClickId, CodeId, EventId, RedemptionId, ReferralId, TransactionId,
    TransferId, UserId,
};
use referral_domain::ledger::{
    Check, CreatedBy, EntrySide, Origin, Purpose, ReferenceType, SystemAccount, TransactionKind,
};
use referral_domain::reference::{HostId, Reference, Slug, SourceId};
use referral_domain::referral::{AwardStatus, Review, Source, StateName, WithheldReason};
use referral_domain::spend::Outcome;
use uuid::Uuid;

use crate::made::{BOOK, NOW};

const UUID: &str = "018f2b7c-0000-7000-8000-00000000abcd";

macro_rules! one_spelling {
    ($($id:ident $prefix:literal),+) => {$(
        let text = format!("{}{UUID}", $prefix);
        assert_eq!($id::PREFIX, $prefix);
        assert_eq!($id::parse(&text).map(|id| id.to_string()), Some(text.clone()));
        for bad in [
            text.to_uppercase(), text.replace('-', ""), UUID.to_owned(), format!("x{text}"), format!("{text} "),
            format!("{}{{{UUID}}}", $prefix), format!("{}urn:uuid:{UUID}", $prefix), $prefix.to_owned(), String::new(),
            format!("zzz_{UUID}"), format!("{}{}", $prefix, UUID.to_uppercase()), text[..text.len() - 1].to_owned(),
        ] {
            assert_eq!($id::parse(&bad), None, "{bad}");
        }
    )+};
}

#[test]
fn an_id_has_one_spelling() {
    one_spelling!(
        UserId "usr_", CodeId "code_", ReferralId "ref_", TransactionId "txn_", TransferId "trf_", AccountId "acc_",
        EventId "evt_", RedemptionId "red_", ClickId "clk_", CaseId "cas_", ApiKeyId "key_"
    );
}

macro_rules! words_round_trip {
    ($($words:ident),+) => {$(
        let mut seen = std::collections::BTreeSet::new();
        for one in $words::ALL {
            assert_eq!($words::parse(one.as_str()), Some(*one));
            assert_eq!(one.to_string(), one.as_str());
            assert!(seen.insert(one.as_str()), "{one} stands for two");
        }
        for bad in ["", "PENDING", " user", "nobody"] {
            assert_eq!($words::parse(bad), None);
        }
    )+};
}

#[test]
fn a_word_names_one_thing_and_reads_back() {
    words_round_trip!(
        Role,
        Scope,
        RedeemMode,
        Check,
        CreatedBy,
        EntrySide,
        Origin,
        Purpose,
        ReferenceType,
        SystemAccount,
        TransactionKind,
        AwardStatus,
        Review,
        Source,
        StateName,
        WithheldReason,
        Outcome
    );
}

#[test]
fn a_host_id_is_1_to_100_characters_without_controls_and_outer_blanks() {
    let longest = "é".repeat(100);
    for good in ["u", "u_ben", "Ben", "a b", "ben@example.com", "a/b%c", "42", "用户", longest.as_str()] {
        assert_eq!(HostId::parse(good).map(|id| id.to_string()).as_deref(), Some(good));
    }
    for bad in ["", " u", "u ", "\u{a0}u", "u\n", "a\u{0}b", "a\u{7f}b", "a\u{85}b", &"u".repeat(101)] {
        assert_eq!(HostId::parse(bad), None, "{bad:?}");
    }
    assert_ne!(HostId::parse("ben"), HostId::parse("Ben"), "case counts");
}

#[test]
fn a_reference_may_stand_in_a_path() {
    let longest = "x".repeat(128);
    for good in ["i", "inv_1001", "A.b:c-d_9", longest.as_str()] {
        assert!(SourceId::parse(good).is_some() && Reference::parse(good).is_some(), "{good}");
    }
    for bad in ["", "a/b", "a%b", "a b", "é", "a\n", "a?b", "a#b", "a+b", &"x".repeat(129)] {
        assert!(SourceId::parse(bad).is_none() && Reference::parse(bad).is_none(), "{bad:?}");
    }
}

#[test]
fn a_slug_is_lower_case() {
    for good in ["default", "a", "a-1", &"x".repeat(40)] {
        assert!(Slug::parse(good).is_some(), "{good}");
    }
    for bad in ["", "Default", "a_b", "a b", "a.b", "é", &"x".repeat(41)] {
        assert!(Slug::parse(bad).is_none(), "{bad:?}");
    }
}

#[test]
fn a_key_opens_its_scopes_until_it_expires_or_is_revoked() {
    let key = ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(1)),
        book: BOOK,
        program: Slug::parse("default").expect("a slug"),
        name: "shop".into(),
        prefix: "rk_4f9c".into(),
        hash: [0; 32],
        scopes: vec![Scope::EventsWrite],
        created_at: NOW,
        last_used_at: None,
        expires_at: None,
        revoked_at: None,
    };
    assert!(key.is_live(NOW) && key.may(Scope::EventsWrite) && !key.may(Scope::AdminWrite));
    let ending = ApiKey { expires_at: Some(NOW), ..key.clone() };
    assert!(ending.is_live(NOW.plus_micros(-1)) && !ending.is_live(NOW));
    assert!(!ApiKey { revoked_at: Some(NOW), ..key }.is_live(NOW.plus_micros(-1)), "revoked is for ever");
}

proptest! {
    #[test]
    fn every_uuid_reads_back_under_its_prefix_alone(bits in any::<u128>()) {
        let id = ReferralId::from_uuid(Uuid::from_u128(bits));
        prop_assert_eq!(ReferralId::parse(&id.to_string()), Some(id));
        prop_assert_eq!(EventId::parse(&id.to_string()), None);
    }

    #[test]
    fn a_reference_is_what_the_documented_pattern_says(text in "[A-Za-z0-9._:/% -]{0,6}|\\PC{0,4}") {
        let legal = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
        prop_assert_eq!(SourceId::parse(&text).is_some(), !text.is_empty() && text.chars().all(legal));
    }
}
