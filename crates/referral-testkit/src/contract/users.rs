//! Users: made on first sight, locked, one a name, and the owners of e-mails.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::id::UserId;
use referral_domain::identity::Fingerprint;
use referral_domain::port::{Changes, NewUser};
use referral_domain::user::{UserFacts, Word};

use super::{Meeting, Subject, race};
use crate::build::{a_user, email, host};
use crate::fake::NOON;
use crate::world::World;

pub async fn locking_makes_the_users_that_are_missing(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, ben) = (world.new_user("u_ana"), world.new_user("u_ben"));
    let mut unit = world.begin().await;
    let users = unit.users().lock(world.program.book, &[ana.clone(), ben.clone()], &[], world.now()).await;
    unit.commit().await.expect("a unit commits");
    let made = |user: &NewUser| UserFacts::first_seen(user.fresh, user.host.clone(), world.now());
    assert_eq!(users.expect("users"), [made(&ana), made(&ben)]);
    let known = world.reports.user(world.program.book, &ana.host).await.expect("a report");
    assert_eq!(known, Some(made(&ana)));
}

pub async fn a_user_who_exists_keeps_their_id_and_first_sight(subject: Subject) {
    let world = World::open(subject).await;
    let first = world.user("u_ana").await;
    world.clock.advance(1_000_000);
    assert_eq!(world.user("u_ana").await, first);
}

pub async fn a_name_is_one_user_whose_case_matters(subject: Subject) {
    let world = World::open(subject).await;
    let users = world.users(&["u_ana", "U_Ana", "ü å 名", "u_ana"]).await;
    assert_eq!(users[0], users[3], "the same name twice is one user");
    assert_eq!(users[2].host, host("ü å 名"));
    assert!(users[0].id != users[1].id && users[1].id != users[2].id);
}

pub async fn locking_answers_names_first_then_ids_each_in_input_order(subject: Subject) {
    let world = World::open(subject).await;
    let known = world.users(&["u_1", "u_2", "u_3"]).await;
    let [one, two, three] = [0, 1, 2].map(|n: usize| known[n].id);
    let named = ["u_9", "u_3", "u_9", "u_1"].map(|name| world.new_user(name));
    let mut unit = world.begin().await;
    let locked = unit.users().lock(world.program.book, &named, &[three, one, two, one], world.now()).await;
    let locked = locked.expect("users");
    let names: Vec<_> = locked.iter().map(|user| user.host.as_str()).collect();
    assert_eq!(names, ["u_9", "u_3", "u_9", "u_1", "u_3", "u_1", "u_2", "u_1"]);
    assert_eq!(locked[0], locked[2], "the same user twice has two equal answers");
    assert_eq!(locked[1], known[2]);
    let nobody = unit.users().lock(world.program.book, &[], &[], world.now()).await.expect("users");
    assert_eq!(nobody, []);
}

pub async fn names_are_answered_in_input_order(subject: Subject) {
    let world = World::open(subject).await;
    let known = world.users(&["u_1", "u_2", "u_3"]).await;
    let ids: Vec<UserId> = [2, 0, 2, 1].map(|n: usize| known[n].id).to_vec();
    let mut unit = world.begin().await;
    let names = unit.users().names(world.program.book, &ids).await.expect("names");
    assert_eq!(names, ["u_3", "u_1", "u_3", "u_2"].map(host));
}

pub async fn facts_of_a_user_are_read_back_equal(subject: Subject) {
    let world = World::open(subject).await;
    let word = |micros, verified| Word { at: NOON.plus_micros(micros), verified };
    let all = [
        a_user("u_1").never_signed_up().build(),
        a_user("u_2").signed_up(NOON.plus_micros(-1)).build(),
        a_user("u_3").verified(NOON.plus_micros(7)).mailed_at(email("a@example.com")).build(),
        a_user("u_4").unverified(NOON).with_token(word(3, true)).build(),
        a_user("u_5").with_token(word(5, false)).mailed_at(email("b@example.com")).build(),
        a_user("u_6").told(word(1, true)).with_token(word(2, false)).build(),
    ];
    for facts in &all {
        let made = world.user(facts.host.as_str()).await;
        let facts = UserFacts { id: made.id, first_seen_at: made.first_seen_at, ..facts.clone() };
        world.know(facts.clone()).await;
        assert_eq!(world.user(facts.host.as_str()).await, facts, "by a unit");
        let report = world.reports.user(world.program.book, &facts.host).await.expect("a report");
        assert_eq!(report, Some(facts), "by a report");
    }
    println!("user facts read back={}", all.len());
}

pub async fn facts_can_be_taken_back(subject: Subject) {
    let world = World::open(subject).await;
    let made = world.user("u_ana").await;
    let told = a_user("u_ana").with_id(made.id).verified(NOON).mailed_at(email("a@example.com")).build();
    world.know(told).await;
    world.know(made.clone()).await;
    assert_eq!(world.user("u_ana").await, made, "what is recorded replaces what is stored");
}

pub async fn a_user_nobody_named_is_unknown(subject: Subject) {
    let world = World::open(subject).await;
    assert_eq!(world.reports.user(world.program.book, &host("u_ana")).await.expect("a report"), None);
}

pub async fn an_email_belongs_to_the_first_who_ever_had_it(subject: Subject) {
    let world = World::open(subject).await;
    let users = world.users(&["u_1", "u_2", "u_3"]).await;
    let (shared, other) = (email("shared@example.com"), email("other@example.com"));
    for (user, mail) in [(1, shared), (0, shared), (2, shared), (1, other)] {
        world.clock.advance(1_000_000);
        let facts = UserFacts { email: Some(mail), ..users[user].clone() };
        world.know(facts).await;
    }
    let owner = async |mail, except: usize| {
        let mut unit = world.begin().await;
        let asked = [(mail, users[except].id)];
        unit.users().email_owners(world.program.book, &asked).await.expect("an owner").remove(0)
    };
    assert_eq!(owner(shared, 0).await, Some(users[1].id), "the first, although their e-mail changed since");
    assert_eq!(owner(shared, 2).await, Some(users[1].id));
    assert_eq!(owner(shared, 1).await, Some(users[0].id), "the first but the one excepted");
    assert_eq!(owner(other, 0).await, Some(users[1].id));
    assert_eq!(owner(other, 1).await, None);
    let nobodys = email("nobody@example.com");
    assert_eq!(owner(nobodys, 0).await, None);
    let asked = [(shared, 2), (nobodys, 0), (other, 0), (shared, 1), (other, 1), (shared, 2)];
    let asked = asked.map(|(mail, except)| (mail, users[except].id));
    let mut unit = world.begin().await;
    let owners = unit.users().email_owners(world.program.book, &asked).await.expect("owners");
    let [first, second] = [users[0].id, users[1].id].map(Some);
    assert_eq!(
        owners,
        [second, None, second, first, None, second],
        "all at once, in the order they were asked"
    );
}

pub async fn of_units_that_bring_one_mailbox_at_once_one_finds_it_free(subject: Subject) {
    let world = World::open(subject).await;
    let (rounds, racers) = (10, 4);
    for round in 0..rounds {
        let (mail, meeting) = (email(&format!("shared{round}@example.com")), Meeting::of(racers));
        let owners = race((0..racers).map(|n| {
            let (world, meeting) = (world.clone(), meeting.clone());
            async move {
                meeting.wait().await;
                bring(&world, &format!("u_{round}_{n}"), mail).await
            }
        }));
        let free = owners.await.into_iter().filter(Option::is_none).count();
        assert_eq!(free, 1, "round {round}: whoever comes later finds whose it is");
    }
    println!("mailboxes={rounds} brought by {racers} users at once, found free once each={rounds}");
}

/// A new user brings a mailbox; answers whose it was.
async fn bring(world: &World, name: &str, mail: Fingerprint) -> Option<UserId> {
    let user = &world.new_user(name);
    let (book, now) = (world.program.book, world.now());
    world
        .transact(move |unit| {
            Box::pin(async move {
                let locked = unit.users().lock(book, std::slice::from_ref(user), &[], now).await?.remove(0);
                let owner = unit.users().email_owners(book, &[(mail, locked.id)]).await?.remove(0);
                let users = vec![UserFacts { email: Some(mail), ..locked }];
                unit.recorder().record(book, &Changes { users, ..Changes::default() }).await?;
                Ok(owner)
            })
        })
        .await
        .expect("a unit")
}

pub async fn one_name_met_by_many_units_at_once_is_one_user(subject: Subject) {
    let world = World::open(subject).await;
    let (rounds, racers) = (10, 4);
    for round in 0..rounds {
        let (name, meeting) = (format!("u_{round}"), Meeting::of(racers));
        let met = race((0..racers).map(|_| {
            let (world, name, meeting) = (world.clone(), name.clone(), meeting.clone());
            async move {
                meeting.wait().await;
                let user = &world.new_user(&name);
                let (world, book) = (&world, world.program.book);
                let locked = world.transact(move |unit| {
                    Box::pin(async move {
                        let named = std::slice::from_ref(user);
                        Ok(unit.users().lock(book, named, &[], world.now()).await?.remove(0).id)
                    })
                });
                locked.await.expect("a user")
            }
        }));
        let met = met.await;
        assert!(met.iter().all(|id| *id == met[0]), "{met:?}");
    }
    println!("names met at once={rounds} by units={racers}");
}

pub async fn a_locked_user_does_not_change_until_the_unit_ends(subject: Subject) {
    let world = World::open(subject).await;
    let (ana, racers, turns) = (world.user("u_ana").await, 4, 5_i64);
    let meeting = Meeting::of(racers);
    race((0..racers).map(|_| {
        let (world, id, meeting) = (world.clone(), ana.id, meeting.clone());
        async move {
            for _ in 0..turns {
                add_a_second(&world, id, &meeting).await;
            }
        }
    }))
    .await;
    let total = i64::try_from(racers).expect("few") * turns;
    let seconds = world.user("u_ana").await.signed_up_at.map_or(0, |at| at.since(NOON) / 1_000_000);
    println!("increments of one user's fact={total} seen={seconds}");
    assert_eq!(seconds, total, "an increment was lost");
}

/// Reads a fact under the lock and writes it back a second later, with others in the way.
async fn add_a_second(world: &World, id: UserId, meeting: &Meeting) {
    let book = world.program.book;
    let added = world.transact(move |unit| {
        Box::pin(async move {
            let mut facts = unit.users().lock(book, &[], &[id], world.now()).await?.remove(0);
            meeting.wait().await;
            facts.signed_up_at = Some(facts.signed_up_at.unwrap_or(NOON).plus_micros(1_000_000));
            let changes = Changes { users: vec![facts], ..Default::default() };
            unit.recorder().record(book, &changes).await
        })
    });
    added.await.expect("a fact is added");
}
