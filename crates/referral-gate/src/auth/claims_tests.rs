use serde_json::{Value, json};

use super::*;
use crate::auth::ClaimNames;
use crate::auth::test_support::{NOW, claims, now};

fn with(changes: Value) -> Result<TokenIdentity, Refused> {
    judge(&claims(changes), &TokenPolicy { honour_roles: true, ..TokenPolicy::default() }, now())
}

#[test]
fn the_least_token_is_a_user_of_the_default_program() {
    let identity = with(json!({})).expect("enough");
    assert_eq!(
        identity,
        TokenIdentity {
            user_id: HostId::parse("u_ben").expect("an id"),
            email: None,
            email_verified: None,
            created_at: None,
            role: Role::User,
            program: Slug::parse("default").expect("a slug"),
            every_program: false,
            issued_at: None,
            expires_at: Timestamp::from_micros((NOW + 600) * SECOND),
        }
    );
}

#[test]
fn every_claim_is_read() {
    let identity = with(json!({
        "email": "ben@example.com", "email_verified": true, "created_at": NOW - 5, "role": "finance",
        "program": "shop-2", "iat": 1_789_999_998.5
    }));
    let identity = identity.expect("all well formed");
    assert_eq!(identity.email.as_deref(), Some("ben@example.com"));
    assert_eq!(identity.email_verified, Some(true));
    assert_eq!(identity.created_at, Some(Timestamp::from_micros((NOW - 5) * SECOND)));
    assert_eq!((identity.role, identity.program.as_str()), (Role::Finance, "shop-2"));
    assert_eq!(identity.issued_at, Some(Timestamp::from_micros((NOW - 2) * SECOND)), "a fraction is cut off");
}

#[test]
fn every_claim_that_does_not_hold_refuses_the_token() {
    let long = "x".repeat(101);
    for changes in [
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": 7}),
        json!({"sub": " u_ben"}),
        json!({"sub": "u_ben "}),
        json!({"sub": "u\u{0}ben"}),
        json!({"sub": "u\nben"}),
        json!({"sub": long}),
        json!({"exp": null}),
        json!({"exp": "soon"}),
        json!({"exp": NOW - 61}),
        json!({"exp": -1}),
        json!({"nbf": NOW + 61}),
        json!({"nbf": "now"}),
        json!({"iat": "now"}),
        json!({"created_at": 100_000_000_001_i64}),
        json!({"created_at": NOW * 1000}),
        json!({"created_at": "2026-01-31"}),
        json!({"created_at": -1}),
        json!({"created_at": 1e300}),
        json!({"email": 7}),
        json!({"email": "a\u{0}@example.com"}),
        json!({"email_verified": "true"}),
        json!({"email_verified": 1}),
        json!({"program": "Default"}),
        json!({"program": ""}),
        json!({"program": 1}),
        json!({"program": "*"}),
        json!({"program": "*", "role": "user"}),
    ] {
        assert_eq!(with(changes.clone()).err(), Some(Refused), "{changes}");
    }
}

#[test]
fn a_minute_of_leeway_is_given_on_both_sides() {
    for changes in [
        json!({"exp": NOW - 60}),
        json!({"nbf": NOW + 60}),
        json!({"exp": 9e99}),
        json!({"exp": 253_402_300_799_i64}),
        json!({"created_at": 100_000_000_000_i64}),
    ] {
        assert!(with(changes.clone()).is_ok(), "{changes}");
    }
}

#[test]
fn a_token_cannot_speak_from_the_future() {
    assert_eq!(with(json!({"iat": NOW + 9999})).expect("let in").issued_at, Some(now()));
}

#[test]
fn an_unknown_role_is_a_user() {
    for (role, expected) in [
        (json!("admin"), Role::Admin),
        (json!("operator"), Role::Operator),
        (json!("root"), Role::User),
        (json!("Admin"), Role::User),
        (json!(["admin"]), Role::User),
        (json!(1), Role::User),
    ] {
        assert_eq!(with(json!({"role": role})).expect("let in").role, expected, "{role}");
    }
}

#[test]
fn a_role_is_honoured_only_when_configured() {
    let identity = judge(&claims(json!({"role": "admin"})), &TokenPolicy::default(), now()).expect("let in");
    assert_eq!(identity.role, Role::User);
}

#[test]
fn issuer_and_audience_are_checked_when_configured() {
    let policy = TokenPolicy {
        issuer: Some("https://id.example".into()),
        audience: Some("referral".into()),
        ..TokenPolicy::default()
    };
    for (issuer, audience, holds) in [
        (json!("https://id.example"), json!("referral"), true),
        (json!("https://id.example"), json!(["other", "referral"]), true),
        (json!("https://id.example"), json!("other"), false),
        (json!("https://id.example"), json!([]), false),
        (json!("https://id.example"), json!(null), false),
        (json!("https://evil.example"), json!("referral"), false),
        (json!(null), json!("referral"), false),
        (json!("https://id.example/"), json!("referral"), false),
    ] {
        let judged = judge(&claims(json!({"iss": issuer, "aud": audience})), &policy, now());
        assert_eq!(judged.is_ok(), holds, "{issuer} {audience}");
    }
    assert!(with(json!({"iss": "anybody", "aud": "anything"})).is_ok(), "nothing is configured");
}

#[test]
fn claims_go_by_their_configured_names() {
    let claims = claims(json!({
        "sub": "ignored", "uid": "u_ana", "https://acme.com/role": "admin", "app": {"since": NOW - 9}
    }));
    let names = ClaimNames::parse("sub=uid,role=https://acme.com/role,created_at=app.since").expect("sound");
    let policy = TokenPolicy { claims: names, honour_roles: true, ..TokenPolicy::default() };
    let identity = judge(&claims, &policy, now()).expect("let in");
    assert_eq!((identity.user_id.as_str(), identity.role), ("u_ana", Role::Admin));
    assert_eq!(identity.created_at, Some(Timestamp::from_micros((NOW - 9) * SECOND)));
}
