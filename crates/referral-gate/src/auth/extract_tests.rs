use referral_domain::auth::Role;
use referral_domain::id::{ApiKeyId, BookId};
use referral_domain::time::Timestamp;
use uuid::Uuid;

use super::*;

fn slug() -> Slug {
    Slug::parse("default").expect("a slug")
}

fn user() -> Caller {
    Caller::User(TokenIdentity {
        user_id: HostId::parse("u_ben").expect("an id"),
        email: None,
        email_verified: None,
        created_at: None,
        role: Role::Admin,
        program: slug(),
        every_program: false,
        issued_at: None,
        expires_at: Timestamp::from_micros(0),
    })
}

fn service(scopes: &[Scope]) -> Caller {
    let at = Timestamp::from_micros(0);
    Caller::Service(ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(1)),
        book: BookId(1),
        program: slug(),
        name: String::new(),
        prefix: String::new(),
        hash: [0; 32],
        scopes: scopes.to_vec(),
        created_at: at,
        last_used_at: None,
        expires_at: None,
        revoked_at: None,
    })
}

#[test]
fn a_service_is_no_user_and_a_user_is_no_service() {
    assert!(user().user().is_ok());
    let refused = service(Scope::ALL).user().expect_err("no user");
    assert_eq!(refused.code(), ProblemCode::MissingRole);
    let refused = user().service(Scope::EventsWrite).expect_err("no service, whatever the role");
    assert_eq!(refused.code(), ProblemCode::MissingScope);
}

#[test]
fn a_service_needs_exactly_the_scope() {
    for held in Scope::ALL {
        for needed in Scope::ALL {
            let judged = service(&[*held]).service(*needed);
            assert_eq!(judged.is_ok(), held == needed, "{held} {needed}");
        }
    }
}

#[test]
fn the_subject_is_the_token_s_user_or_the_one_a_service_names() {
    let reader = || service(&[Scope::UsersRead]);
    for (caller, query, expected) in [
        (user(), "limit=5", Ok("u_ben")),
        (user(), "user_id=u_ben", Err((ProblemCode::InvalidQuery, "not-for-users"))),
        (user(), "user_id=", Err((ProblemCode::InvalidQuery, "not-for-users"))),
        (reader(), "user_id=u_ana&limit=5", Ok("u_ana")),
        (reader(), "", Err((ProblemCode::InvalidQuery, "required"))),
        (reader(), "user_id=", Err((ProblemCode::InvalidQuery, "bad-format"))),
        (reader(), "user_id=a%00b", Err((ProblemCode::InvalidQuery, "bad-format"))),
        (reader(), "user_id=a%ff", Err((ProblemCode::InvalidQuery, "bad-encoding"))),
        (reader(), "user_id=a%fe", Err((ProblemCode::InvalidQuery, "bad-encoding"))),
        (user(), "user_id=%zz", Err((ProblemCode::InvalidQuery, "bad-encoding"))),
        (reader(), "user_id=%EF%BF%BD", Ok("\u{fffd}")),
        (reader(), "user_id=a&user_id=a", Err((ProblemCode::InvalidQuery, "repeated"))),
        (service(&[Scope::EventsWrite]), "user_id=u_ana", Err((ProblemCode::MissingScope, ""))),
        (service(&[Scope::EventsWrite]), "", Err((ProblemCode::MissingScope, ""))),
    ] {
        let subject = Subject::new(caller, Query::parse(query));
        let found = subject
            .map(|subject| subject.user_id.to_string())
            .map_err(|problem| (problem.code(), problem.faults().first().map_or("", |fault| fault.code)));
        assert_eq!(found.as_deref().map_err(|fault| *fault), expected, "{query}");
    }
}

#[test]
fn the_rest_of_the_query_is_left_to_the_endpoint() {
    let subject =
        Subject::new(service(&[Scope::UsersRead]), Query::parse("user_id=u_ana&limit=5")).expect("sound");
    assert_eq!(subject.query.read(|params| params.limit()).expect("known"), 5);
    assert!(subject.query.refuse_any().is_err());
}
