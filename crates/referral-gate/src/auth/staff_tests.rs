use referral_domain::auth::ApiKey;
use referral_domain::id::{ApiKeyId, BookId};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;
use uuid::Uuid;

use super::*;
use crate::auth::TokenIdentity;

fn slug(name: &str) -> Slug {
    Slug::parse(name).expect("a slug")
}

fn person(role: Role, program: &str, every_program: bool) -> Caller {
    Caller::User(TokenIdentity {
        user_id: HostId::parse("u_ada").expect("an id"),
        email: None,
        email_verified: None,
        created_at: None,
        role,
        program: slug(program),
        every_program,
        issued_at: None,
        expires_at: Timestamp::from_micros(0),
    })
}

fn service(scopes: &[Scope]) -> Caller {
    Caller::Service(ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(1)),
        book: BookId(1),
        program: slug("default"),
        name: String::new(),
        prefix: String::new(),
        hash: [0; 32],
        scopes: scopes.to_vec(),
        created_at: Timestamp::from_micros(0),
        last_used_at: None,
        expires_at: None,
        revoked_at: None,
    })
}

fn anywhere<D: Duty>(caller: Caller, query: &str) -> Result<Anywhere<D>, Problem> {
    Anywhere::new(caller, Query::parse(query))
}

fn staff<D: Duty>(caller: Caller, query: &str) -> Result<Staff<D>, Problem> {
    anywhere::<D>(caller, query)?.within()
}

/// Who is let in: roles, then scopes.
fn let_in<D: Duty>() -> (Vec<Role>, Vec<Scope>) {
    let role = |role: &Role| match staff::<D>(person(*role, "default", false), "") {
        Ok(_) => true,
        Err(refusal) => refusal.code() != ProblemCode::MissingRole,
    };
    let scope = |scope: &Scope| match staff::<D>(service(&[*scope]), "") {
        Ok(_) => true,
        Err(refusal) => refusal.code() != ProblemCode::MissingScope,
    };
    let roles = Role::ALL.iter().copied().filter(role).collect();
    (roles, Scope::ALL.iter().copied().filter(scope).collect())
}

#[test]
fn each_duty_lets_in_whom_it_names_and_nobody_else() {
    use {Role as R, Scope as S};
    assert_eq!(
        let_in::<Reads>(),
        (vec![R::Operator, R::Finance, R::Admin], vec![S::AdminRead, S::AdminWrite])
    );
    assert_eq!(let_in::<Pays>(), (vec![R::Finance, R::Admin], vec![S::PayoutsWrite]));
    assert_eq!(let_in::<Adjusts>(), (vec![R::Finance, R::Admin], vec![S::AdminWrite]));
    assert_eq!(let_in::<Governs>(), (vec![R::Admin], vec![S::AdminWrite]));
    assert_eq!(let_in::<Reviews>(), (vec![R::Operator, R::Admin], vec![S::AdminWrite]));
}

#[test]
fn who_acts_is_told_by_kind_and_id() {
    let person = staff::<Governs>(person(Role::Admin, "default", false), "").expect("let in");
    assert_eq!(person.actor.to_string(), "staff:u_ada");
    let service = staff::<Governs>(service(&[Scope::AdminWrite]), "").expect("let in");
    assert_eq!(service.actor.to_string(), "key:key_00000000-0000-0000-0000-000000000001");
}

#[test]
fn a_caller_of_one_program_works_in_it_and_in_no_other() {
    for query in ["", "program=shop"] {
        let staff = staff::<Reads>(person(Role::Admin, "shop", false), query).expect("let in");
        assert_eq!((staff.program, staff.query.refuse_any().is_ok()), (slug("shop"), true));
    }
    let refused =
        staff::<Reads>(person(Role::Admin, "shop", false), "program=default").expect_err("not theirs");
    assert_eq!(refused.code(), ProblemCode::NotFound);
}

#[test]
fn a_caller_of_all_programs_names_one() {
    let all = || person(Role::Admin, "default", true);
    assert_eq!(staff::<Reads>(all(), "program=shop").expect("let in").program, slug("shop"));
    for (query, code) in [
        ("", "required"),
        ("program=", "bad-format"),
        ("program=A", "bad-format"),
        ("program=*", "bad-format"),
        ("program=a&program=a", "repeated"),
    ] {
        let refused = staff::<Reads>(all(), query).expect_err(query);
        assert_eq!((refused.code(), refused.faults()[0].code), (ProblemCode::InvalidQuery, code), "{query}");
    }
}

#[test]
fn what_else_stands_in_the_query_stays_there() {
    let staff = staff::<Reads>(person(Role::Admin, "default", true), "limit=5&program=shop").expect("let in");
    assert_eq!(staff.query.read(|params| params.limit()).expect("the rest"), 5);
}

#[test]
fn a_program_is_reached_by_its_own_people_and_by_those_of_all() {
    let own = anywhere::<Reads>(person(Role::Admin, "shop", false), "").expect("let in");
    assert_eq!(own.at("shop").expect("theirs"), slug("shop"));
    for name in ["default", "Shop", "", "*"] {
        assert_eq!(own.at(name).expect_err("not theirs").code(), ProblemCode::NotFound, "{name}");
    }
    let all = anywhere::<Reads>(person(Role::Admin, "default", true), "").expect("let in");
    assert_eq!((all.at("shop").expect("reached"), all.reach), (slug("shop"), None));
}

#[test]
fn programs_are_made_by_those_of_all_and_of_the_first() {
    for (program, every, may) in [("default", false, true), ("shop", false, false), ("default", true, true)] {
        let caller = anywhere::<Governs>(person(Role::Admin, program, every), "").expect("let in");
        assert_eq!(caller.founds().is_ok(), may, "{program} {every}");
    }
}
