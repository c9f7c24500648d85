//! Codes: claimed once, unique once folded, locked while they are used.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::code::{Code, CodeText, FoldedCode};
use referral_domain::id::CodeId;
use referral_domain::port::{Changes, CodeClaim, CodeFilter};

use super::{Meeting, Subject, race};
use crate::build::a_code;
use crate::fake::NOON;
use crate::world::World;

async fn claim(world: &World, code: &Code) -> CodeClaim {
    let mut unit = world.begin().await;
    let claim = unit.codes().claim(code).await.expect("an answer");
    unit.commit().await.expect("a unit commits, whatever the claim's answer");
    claim
}

async fn find(world: &World, text: &str) -> Option<Code> {
    let folded = FoldedCode::fold(text).expect("a code");
    let mut unit = world.begin().await;
    let found =
        unit.codes().find(world.program.book, std::slice::from_ref(&folded)).await.expect("codes").remove(0);
    drop(unit);
    assert_eq!(world.reports.code(world.program.book, &folded).await.expect("a report"), found);
    found
}

pub async fn a_free_code_is_claimed_and_found_in_any_spelling(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await;
    let code = a_code(world.program.book, ana.id).spelt("ANA-LOVES-OIL").build();
    assert_eq!(claim(&world, &code).await, CodeClaim::Claimed);
    for spelling in ["ANA-LOVES-OIL", "analovesoil", " ana l0ves 01l ", "ANAL0VES011"] {
        assert_eq!(find(&world, spelling).await.as_ref(), Some(&code), "{spelling}");
    }
    assert_eq!(find(&world, "ANALOVES").await, None);
    let all =
        ["ANA-LOVES-OIL", "ANALOVES", "analovesoil"].map(|text| FoldedCode::fold(text).expect("a code"));
    let found = world.begin().await.codes().find(world.program.book, &all).await.expect("codes");
    assert_eq!(
        found,
        [Some(code.clone()), None, Some(code.clone())],
        "all at once, in the order they were asked"
    );
    let primary = world.referrer("u_ana").await.code;
    assert_eq!(primary, Some(code));
}

pub async fn an_owner_who_has_a_code_keeps_it(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await;
    let first = a_code(world.program.book, ana.id).spelt("FIRST1").build();
    let second = Code {
        id: CodeId::from_uuid(world.id()),
        text: CodeText::parse("SECOND").expect("a code"),
        ..first.clone()
    };
    assert_eq!(claim(&world, &first).await, CodeClaim::Claimed);
    assert_eq!(claim(&world, &second).await, CodeClaim::OwnerHas(Box::new(first.clone())));
    assert_eq!(claim(&world, &first).await, CodeClaim::OwnerHas(Box::new(first.clone())), "even the same");
    assert_eq!(find(&world, "SECOND").await, None);
    let primary = world.referrer("u_ana").await.code;
    assert_eq!(primary, Some(first));
}

pub async fn a_text_that_is_taken_once_folded_changes_nothing(subject: Subject) {
    let world = World::open(subject).await;
    let users = world.users(&["u_ana", "u_ben"]).await;
    let [hers, his] = [("LOL-1234", 0), ("10L1234", 1)]
        .map(|(text, owner): (_, usize)| a_code(world.program.book, users[owner].id).spelt(text).build());
    assert_eq!(claim(&world, &hers).await, CodeClaim::Claimed);
    assert_eq!(claim(&world, &his).await, CodeClaim::Taken);
    assert_eq!(find(&world, "10L1234").await, Some(hers));
    let primary = world.referrer("u_ben").await.code;
    assert_eq!(primary, None);
}

pub async fn every_field_of_a_code_is_read_back_equal(subject: Subject) {
    let world = World::open(subject).await;
    let full = |code: &mut Code| {
        code.active = false;
        code.expires_at = Some(NOON.plus_days(3));
        code.max_uses = Some(u32::MAX);
        code.daily_limit = Some(0);
        code.uses = 5;
        code.last_used_at = Some(NOON.plus_micros(11));
        code.created_at = NOON.plus_micros(13);
    };
    let users = world.users(&["u_ana", "u_ben", "u_cat"]).await;
    let codes = [
        a_code(world.program.book, users[0].id).build(),
        a_code(world.program.book, users[1].id).with(full).build(),
        a_code(world.program.book, users[2].id).spelt("A-B-C-D-9").build(),
    ];
    for (code, owner) in codes.iter().zip(&users) {
        assert_eq!(claim(&world, code).await, CodeClaim::Claimed);
        assert_eq!(find(&world, code.text.as_str()).await.as_ref(), Some(code));
        let primary = world.referrer(owner.host.as_str()).await.code;
        assert_eq!(primary.as_ref(), Some(code));
    }
    println!("codes read back={}", codes.len());
}

pub async fn codes_are_locked_in_input_order(subject: Subject) {
    let world = World::open(subject).await;
    let [a, b, c] = [world.code("u_a").await, world.code("u_b").await, world.code("u_c").await];
    let mut unit = world.begin().await;
    let ids = [c.id, a.id, b.id, a.id];
    let locked = unit.codes().lock(world.program.book, &ids).await.expect("codes");
    assert_eq!(locked, [c, a.clone(), b, a]);
}

pub async fn a_use_of_a_code_is_counted(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let used = Code { uses: 3, last_used_at: Some(NOON.plus_micros(5)), ..code.clone() };
    world.record(&Changes { codes: vec![used.clone()], ..Changes::default() }).await;
    assert_eq!(find(&world, code.text.as_str()).await, Some(used));
}

pub async fn two_first_asks_at_once_yield_one_code(subject: Subject) {
    let world = World::open(subject).await;
    let (rounds, racers) = (10, 4_usize);
    for round in 0..rounds {
        let owner = world.user(&format!("u_{round}")).await;
        let meeting = Meeting::of(racers);
        let yielded = race((0..racers).map(|racer| {
            let (world, meeting) = (world.clone(), meeting.clone());
            let text = format!("ASK{round}X{racer}");
            let code = a_code(world.program.book, owner.id).with_id(CodeId::from_uuid(world.id()));
            let code = code.spelt(&text).build();
            async move {
                meeting.wait().await;
                world.claim(code).await
            }
        }));
        let yielded = yielded.await;
        assert!(yielded.iter().all(|code| *code == yielded[0]), "round {round}: {yielded:?}");
    }
    println!("first asks at once={rounds} by units={racers}");
}

pub async fn one_text_claimed_by_two_owners_at_once_is_one_owners(subject: Subject) {
    let world = World::open(subject).await;
    let rounds = 10;
    for round in 0..rounds {
        let names = [format!("u_a{round}"), format!("u_b{round}")];
        let users = world.users(&[&names[0], &names[1]]).await;
        let meeting = Meeting::of(2);
        let claims = race(users.into_iter().map(|user| {
            let (world, meeting) = (world.clone(), meeting.clone());
            let code = a_code(world.program.book, user.id).spelt(&format!("SAME{round}")).build();
            async move {
                meeting.wait().await;
                claim(&world, &code).await
            }
        }));
        let claims = claims.await;
        let claimed = claims.iter().filter(|claim| **claim == CodeClaim::Claimed).count();
        let taken = claims.iter().filter(|claim| **claim == CodeClaim::Taken).count();
        assert_eq!((claimed, taken), (1, 1), "round {round}: {claims:?}");
    }
    println!("texts claimed at once={rounds}");
}

pub async fn a_locked_code_does_not_change_until_the_unit_ends(subject: Subject) {
    let world = World::open(subject).await;
    let (code, racers, turns) = (world.code("u_ana").await, 4_u32, 5);
    let meeting = Meeting::of(4);
    race((0..racers).map(|_| {
        let (world, id, meeting) = (world.clone(), code.id, meeting.clone());
        async move {
            for _ in 0..turns {
                use_once(&world, id, &meeting).await;
            }
        }
    }))
    .await;
    let uses = find(&world, code.text.as_str()).await.map(|code| code.uses);
    println!("uses of one code={} counted={uses:?}", racers * turns);
    assert_eq!(uses, Some(racers * turns));
}

async fn use_once(world: &World, id: CodeId, meeting: &Meeting) {
    let book = world.program.book;
    let used = world.transact(move |unit| {
        Box::pin(async move {
            let mut code = unit.codes().lock(book, &[id]).await?.remove(0);
            meeting.wait().await;
            code.uses += 1;
            unit.recorder().record(book, &Changes { codes: vec![code], ..Changes::default() }).await
        })
    });
    used.await.expect("a use is counted");
}

pub async fn a_vanity_code_stands_beside_the_primary_one(subject: Subject) {
    let world = World::open(subject).await;
    let primary = world.code("u_ana").await;
    let vanity = |text: &str| Code {
        id: CodeId::from_uuid(world.id()),
        text: CodeText::parse(text).expect("a code"),
        primary: false,
        ..primary.clone()
    };
    let (one, two) = (vanity("ANA-ONE"), vanity("ANA-TWO"));
    for code in [&one, &two] {
        assert_eq!(claim(&world, code).await, CodeClaim::Claimed);
        assert_eq!(find(&world, &code.text.to_string()).await.as_ref(), Some(code));
    }
    assert_eq!(claim(&world, &vanity("ana 0ne")).await, CodeClaim::Taken, "whoever asks");
    assert_eq!(world.referrer("u_ana").await.code, Some(primary));
}

pub async fn what_bounds_a_code_is_replaced(subject: Subject) {
    let world = World::open(subject).await;
    let code = world.code("u_ana").await;
    let other = world.code("u_ben").await;
    let bounded = Code {
        active: false,
        expires_at: Some(NOON.plus_days(1)),
        max_uses: Some(3),
        daily_limit: Some(2),
        ..code.clone()
    };
    for now in [bounded, code] {
        world.record(&Changes { codes: vec![now.clone()], ..Changes::default() }).await;
        assert_eq!(find(&world, &now.text.to_string()).await, Some(now));
    }
    assert_eq!(find(&world, &other.text.to_string()).await, Some(other));
}

pub async fn codes_are_listed_newest_first(subject: Subject) {
    let world = World::open(subject).await;
    let mut made = Vec::new();
    for (n, owner) in ["u_ana", "u_ben", "u_ana", "u_ana", "u_ben"].iter().enumerate() {
        let owner_id = world.user(owner).await.id;
        let code = Code {
            primary: false,
            created_at: NOON.plus_micros(i64::try_from(n / 3).expect("few")),
            ..a_code(world.program.book, owner_id).spelt(&format!("CODE{n}")).build()
        };
        assert_eq!(
            claim(&world, &Code { id: CodeId::from_uuid(world.id()), ..code.clone() }).await,
            CodeClaim::Claimed
        );
        made.push((find(&world, &code.text.to_string()).await.expect("it is there"), *owner));
    }
    made.sort_by_key(|(code, _)| (code.created_at, code.id));
    made.reverse();
    let all = CodeFilter { limit: 9, ..CodeFilter::default() };
    let at = |n: usize| (made[n].0.created_at, made[n].0.id);
    let folded = Some(made[3].0.text.folded());
    let ana = crate::build::host("u_ana");
    let hers: Vec<_> = (0..5).filter(|n| made[*n].1 == "u_ana").collect();
    for (filter, expected) in [
        (all.clone(), vec![0, 1, 2, 3, 4]),
        (CodeFilter { limit: 2, ..all.clone() }, vec![0, 1]),
        (CodeFilter { before: Some(at(1)), ..all.clone() }, vec![2, 3, 4]),
        (CodeFilter { before: Some(at(4)), ..all.clone() }, vec![]),
        (CodeFilter { id: Some(made[2].0.id), ..all.clone() }, vec![2]),
        (CodeFilter { id: Some(CodeId::from_uuid(world.id())), ..all.clone() }, vec![]),
        (CodeFilter { folded, ..all.clone() }, vec![3]),
        (CodeFilter { owner: Some(ana), ..all.clone() }, hers),
    ] {
        let found = world.reports.codes(world.program.book, &filter).await.expect("a report");
        let found: Vec<_> =
            found.into_iter().map(|item| (item.code, item.owner.map(|owner| owner.to_string()))).collect();
        let told = |n: &usize| (made[*n].0.clone(), Some(made[*n].1.to_owned()));
        assert_eq!(found, expected.iter().map(told).collect::<Vec<_>>(), "{filter:?}");
    }
}
