//! Payouts, their batches and their methods.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::id::{BatchId, PayoutId, UserId};
use referral_domain::ledger::Verdict;
use referral_domain::payout::{BatchStatus, CancelledBy, Failure, MethodKind, Outcome, Payout, PayoutStatus};
use referral_domain::port::{BatchFilter, Changes, PayoutFilter, PayoutItem};
use referral_domain::time::HOUR;

use super::{Subject, is_contended, race};
use crate::build::{a_program, a_spend, host, usd};
use crate::world::{World, a_person};

/// A program whose reward is 90.00.
async fn opened(subject: Subject) -> World {
    let program = a_program().rewarding(usd(90_00)).build();
    World::open_with(subject, program).await
}

/// A user with 90.00 for a friend they brought, who said where they are paid.
async fn rich(world: &World, name: &str) -> UserId {
    let (code, friend) = (world.code(name).await, format!("friend of {name}"));
    world.sign_up(&friend, &code).await.expect("applied");
    world.verify(&friend).await;
    world.spend(&[a_spend(&format!("inv:{name}"), &friend, usd(60_00)).build()]).await;
    world.set_method(code.owner, MethodKind::Sepa).await;
    code.owner
}

/// An approved payout of 25.00 of each.
async fn approved(world: &World, names: &[&str]) -> Vec<Payout> {
    let mut payouts = Vec::new();
    for name in names {
        let user = rich(world, name).await;
        let payout = world.request(user, 25_00).await.expect("none is open");
        payouts.push(world.approve(payout).await);
    }
    payouts
}

/// The ledger and everything that posted to it holds.
async fn holds(world: &World) {
    match world.reports.verify().await.expect("the store answers") {
        Verdict::Verified(_) => {}
        other => panic!("{other:?}"),
    }
}

async fn listed(world: &World, filter: PayoutFilter) -> Vec<PayoutItem> {
    world.reports.payouts(world.program.book, &filter).await.expect("a page")
}

pub async fn each_version_of_a_method_is_read_back_equal(subject: Subject) {
    let world = opened(subject).await;
    let (ana, ben) = (world.user("u_ana").await.id, world.user("u_ben").await.id);
    let first = world.set_method(ana, MethodKind::Paypal).await;
    let second = world.set_method(ana, MethodKind::External).await;
    let bens = world.set_method(ben, MethodKind::Sepa).await;
    let book = world.program.book;
    let mut unit = world.begin().await;
    assert_eq!(unit.payouts().method(book, ana).await.expect("methods").as_ref(), Some(&second));
    let versions = [(ben, 1), (ana, 1), (ana, 2), (ana, 1)];
    let found = unit.payouts().methods(book, &versions).await.expect("methods");
    assert_eq!(found, [bens, first.clone(), second.clone(), first.clone()]);
    let nobody = UserId::from_uuid(world.id());
    assert_eq!(unit.payouts().method(book, nobody).await.expect("methods"), None);
    drop(unit);
    let read = async |name| world.reports.payout_method(book, &host(name)).await.expect("a report");
    assert_eq!((read("u_ana").await, read("u_who").await), (Some(second), None));
    let again = world.try_record(&Changes { payout_methods: vec![first], ..Changes::default() }).await;
    assert!(is_contended(&again), "a version is set once");
}

pub async fn a_payout_is_read_back_equal_at_every_stage(subject: Subject) {
    let world = opened(subject).await;
    let ada = a_person("u_ada");
    let ana = rich(&world, "u_ana").await;
    let mut stages = vec![world.request(ana, 30_00).await.expect("none is open")];
    let same =
        async |payout: &Payout| assert_eq!(world.payouts(&[payout.id]).await, std::slice::from_ref(payout));
    same(&stages[0]).await;
    stages.push(world.approve(stages[0].clone()).await);
    same(&stages[1]).await;
    let (batch, entered) = world.build(vec![stages[1].clone()], &ada).await;
    same(&entered[0]).await;
    let discarded = batch.discard(ada.clone(), world.now()).expect("a draft");
    let left = entered[0].clone().leave(world.now()).expect("it is batched");
    world.batch_step(&discarded, std::slice::from_ref(&left)).await;
    same(&left).await;
    let (batch, entered) = world.build(vec![left], &ada).await;
    let (_, sent) = world.send_off(batch, entered).await;
    same(&sent[0]).await;
    let paid = world.settle(sent[0].clone(), Outcome::Paid).await;
    same(&paid).await;
    assert_eq!((paid.status(), paid.steps.len()), (PayoutStatus::Paid, 7));
    let reason = Failure { code: "rejected".to_owned(), message: "Not now".to_owned() };
    for (by, reason) in [(CancelledBy::User, None), (CancelledBy::Operator, Some(reason))] {
        let payout = world.request(ana, 30_00).await.expect("the one before has ended");
        same(&world.give_up(payout, by, reason).await).await;
    }
    let payout = world.request(ana, 60_00).await.expect("the one before has ended");
    let payout = world.approve(payout).await;
    let (batch, entered) = world.build(vec![payout], &ada).await;
    let (_, sent) = world.send_off(batch, entered).await;
    let failed = world.settle(sent[0].clone(), Outcome::Failed).await;
    same(&failed).await;
    assert_eq!(world.wallet(ana).await.balances().available, 60_00);
}

pub async fn payouts_are_locked_by_id_and_those_unknown_are_left_out(subject: Subject) {
    let world = opened(subject).await;
    let payouts = approved(&world, &["u_1", "u_2", "u_3"]).await;
    let [one, two, three] = [0, 1, 2].map(|n: usize| payouts[n].id);
    let nobody = PayoutId::from_uuid(world.id());
    let found = world.payouts(&[three, nobody, one, two, three]).await;
    let ids: Vec<_> = found.iter().map(|payout| payout.id).collect();
    let mut expected = [one, two, three];
    expected.sort();
    assert_eq!(ids, expected);
    assert_eq!(world.payouts(&[]).await, []);
    let beside = world.beside(a_program().named("beside").build()).await;
    assert_eq!(beside.payouts(&[one]).await, [], "another program's are unknown");
}

pub async fn approved_payouts_of_a_kind_are_found_the_oldest_first(subject: Subject) {
    let world = opened(subject).await;
    let payouts = approved(&world, &["u_1", "u_2", "u_3"]).await;
    let other = rich(&world, "u_4").await;
    world.set_method(other, MethodKind::Paypal).await;
    let paypal = world.request(other, 25_00).await.expect("none is open");
    let paypal = world.approve(paypal).await;
    world.build(vec![payouts[1].clone()], &a_person("u_ada")).await;
    let book = world.program.book;
    let mut unit = world.begin().await;
    let all = unit.payouts().approved(book, MethodKind::Sepa, 10).await.expect("payouts");
    let first = unit.payouts().approved(book, MethodKind::Sepa, 1).await.expect("payouts");
    let others = unit.payouts().approved(book, MethodKind::Paypal, 10).await.expect("payouts");
    let mut expected = vec![payouts[0].id, payouts[2].id];
    expected.sort();
    assert_eq!((all, first), (expected.clone(), vec![expected[0]]));
    assert_eq!(others, [paypal.id]);
}

pub async fn a_batch_is_read_back_equal_at_every_stage(subject: Subject) {
    let world = opened(subject).await;
    let (ada, bob) = (a_person("u_ada"), a_person("u_bob"));
    let payouts = approved(&world, &["u_1", "u_2"]).await;
    let (batch, entered) = world.build(payouts, &ada).await;
    let same = async |batch: &referral_domain::payout::Batch| {
        assert_eq!(world.batch(batch.id).await.as_ref(), Some(batch));
    };
    same(&batch).await;
    let sealed = batch.seal(world.program.currency, ada.clone(), world.now()).expect("a draft");
    world.batch_step(&sealed, &[]).await;
    same(&sealed).await;
    let approved = sealed.approve(bob, world.now()).expect("by another");
    world.batch_step(&approved, &[]).await;
    same(&approved).await;
    let exported = approved.export("csv", ada.clone(), world.now()).expect("approved");
    let sent: Vec<_> = entered.into_iter().map(|payout| payout.send(world.now()).expect("batched")).collect();
    world.batch_step(&exported, &sent).await;
    same(&exported).await;
    for payout in sent {
        world.settle(payout, Outcome::Paid).await;
    }
    let settled = exported.settle(ada, world.now()).expect("exported");
    world.batch_step(&settled, &[]).await;
    same(&settled).await;
    assert_eq!(world.batch(BatchId::from_uuid(world.id())).await, None);
    holds(&world).await;
}

pub async fn a_second_open_payout_is_refused(subject: Subject) {
    let world = opened(subject).await;
    let ana = rich(&world, "u_ana").await;
    let first = world.request(ana, 30_00).await.expect("none is open");
    assert_eq!(world.request(ana, 30_00).await, None);
    let (id, transaction) = (PayoutId::from_uuid(world.id()), world.transaction_id());
    let method = world.reports.payout_method(world.program.book, &host("u_ana")).await.expect("a report");
    for n in [1, 2] {
        let twin = Payout::request(id, n, method.as_ref().expect("set"), 30_00, transaction, world.now());
        let payout_steps = twin.steps.clone();
        let changes = Changes { payouts: vec![twin], payout_steps, ..Changes::default() };
        assert!(world.try_record(&changes).await.is_err(), "the user's payout {n} beside an open one");
    }
    world.give_up(first, CancelledBy::User, None).await;
    assert!(world.request(ana, 30_00).await.is_some(), "one after the other");
    holds(&world).await;
}

pub async fn a_hundred_payouts_of_one_balance_asked_for_at_once_are_one(subject: Subject) {
    let world = opened(subject).await;
    let (ana, racers) = (rich(&world, "u_ana").await, 100);
    let asked = race((0..racers).map(|_| {
        let world = world.clone();
        async move { world.request(ana, 25_00).await }
    }));
    let made = asked.await.into_iter().flatten().count();
    println!("payouts asked for at once={racers} made={made}");
    let balances = world.wallet(ana).await.balances();
    assert_eq!((made, balances.available, balances.in_payout), (1, 65_00, 25_00));
    holds(&world).await;
}

pub async fn a_payout_enters_one_batch_of_those_built_at_once(subject: Subject) {
    let world = opened(subject).await;
    let (payouts, racers) = (approved(&world, &["u_1", "u_2", "u_3"]).await, 6);
    let built = race((0..racers).map(|_| {
        let (world, payouts) = (world.clone(), payouts.clone());
        async move {
            let (changes, ..) = world.a_batch(payouts, &a_person("u_ada")).await;
            world.try_record(&changes).await.is_ok()
        }
    }));
    let built = built.await.into_iter().filter(|built| *built).count();
    let filter = BatchFilter { limit: 100, ..Default::default() };
    let batches = world.reports.batches(world.program.book, &filter);
    println!("batches built at once={racers} stored={built}");
    assert_eq!((built, batches.await.expect("a page").len()), (1, 1));
    holds(&world).await;
}

pub async fn a_payout_settled_by_many_at_once_pays_once(subject: Subject) {
    let world = opened(subject).await;
    let (payouts, racers) = (approved(&world, &["u_1"]).await, 8);
    let (batch, entered) = world.build(payouts, &a_person("u_ada")).await;
    let (batch, sent) = world.send_off(batch, entered).await;
    let settled = race((0..racers).map(|n| {
        let (world, payout) = (world.clone(), sent[0].clone());
        let outcome = if n % 2 == 0 { Outcome::Paid } else { Outcome::Failed };
        async move { settle_once(&world, payout.id, outcome).await }
    }));
    let paid = settled.await.into_iter().filter(|settled| *settled).count();
    println!("settlements at once={racers} stored={paid}");
    assert_eq!((paid, world.wallet(sent[0].user).await.balances().in_payout), (1, 0));
    let over = batch.settle(a_person("u_ada"), world.now()).expect("exported");
    world.batch_step(&over, &[]).await;
    holds(&world).await;
}

/// Settles a payout under its lock, unless it was settled.
async fn settle_once(world: &World, id: PayoutId, outcome: Outcome) -> bool {
    let settled = world.transact(move |unit| {
        Box::pin(async move {
            let payout = unit.payouts().lock(world.program.book, &[id]).await?.remove(0);
            tokio::task::yield_now().await;
            if payout.status() != PayoutStatus::Sent {
                return Ok(false);
            }
            let currency = world.program.currency;
            let wallet = unit.ledger().open(world.program.book, currency, &[payout.user]).await?.remove(0);
            let (changes, _) = world.a_settlement(payout, wallet, outcome);
            unit.recorder().record(world.program.book, &changes).await?;
            Ok(true)
        })
    });
    settled.await.expect("recorded, or refused by its rule")
}

pub async fn a_locked_payout_does_not_change_until_the_unit_ends(subject: Subject) {
    let world = opened(subject).await;
    let ana = rich(&world, "u_ana").await;
    let (payout, racers) = (world.request(ana, 25_00).await.expect("none is open"), 6);
    let approved = race((0..racers).map(|_| {
        let (world, id) = (world.clone(), payout.id);
        async move { approve_once(&world, id).await }
    }));
    let approved = approved.await.into_iter().filter(|approved| *approved).count();
    println!("approvals at once={racers} recorded={approved}");
    assert_eq!((approved, world.payout_status(payout.id).await), (1, Some(PayoutStatus::Approved)));
}

/// Approves a payout under its lock, unless it was approved.
async fn approve_once(world: &World, id: PayoutId) -> bool {
    let approved = world.transact(move |unit| {
        Box::pin(async move {
            let payout = unit.payouts().lock(world.program.book, &[id]).await?.remove(0);
            tokio::task::yield_now().await;
            let Ok(approved) = payout.approve(world.now()) else { return Ok(false) };
            let payout_steps = approved.last().cloned().into_iter().collect();
            let changes = Changes { payout_steps, ..Changes::default() };
            unit.recorder().record(world.program.book, &changes).await?;
            Ok(true)
        })
    });
    approved.await.expect("recorded, or refused by its rule")
}

pub async fn payouts_are_listed_newest_first_by_user_and_status(subject: Subject) {
    let world = opened(subject).await;
    let payouts = approved(&world, &["u_1", "u_2", "u_3"]).await;
    let waiting = rich(&world, "u_4").await;
    let requested = world.request(waiting, 25_00).await.expect("none is open");
    let ids = |items: Vec<PayoutItem>| items.iter().map(|item| item.payout.id).collect::<Vec<_>>();
    let mut newest: Vec<_> = payouts.iter().chain([&requested]).map(|payout| payout.id).collect();
    newest.sort();
    newest.reverse();
    let all = listed(&world, PayoutFilter { limit: 10, ..Default::default() }).await;
    assert_eq!(
        (ids(all.clone()), all.last().and_then(|item| item.host.clone())),
        (newest.clone(), Some(host("u_1")))
    );
    let first = ids(listed(&world, PayoutFilter { limit: 3, ..Default::default() }).await);
    let before = first.last().copied();
    let rest = ids(listed(&world, PayoutFilter { limit: 3, before, ..Default::default() }).await);
    assert_eq!([first, rest].concat(), newest);
    let status = Some(PayoutStatus::Requested);
    assert_eq!(
        ids(listed(&world, PayoutFilter { status, limit: 9, ..Default::default() }).await),
        [requested.id]
    );
    let user = Some(payouts[1].user);
    assert_eq!(
        ids(listed(&world, PayoutFilter { user, limit: 9, ..Default::default() }).await),
        [payouts[1].id]
    );
    assert_eq!(listed(&world, PayoutFilter { user, status, limit: 9, ..Default::default() }).await, []);
    let one = world.reports.payout(world.program.book, payouts[0].id).await.expect("a report");
    let item = one.expect("there is one");
    assert_eq!((item.payout, item.label.as_str()), (payouts[0].clone(), "**** 1"));
    let none = world.reports.payout(world.program.book, PayoutId::from_uuid(world.id())).await;
    assert_eq!(none.expect("a report"), None);
}

pub async fn batches_are_listed_newest_first_and_one_is_told_with_its_payouts(subject: Subject) {
    let world = opened(subject).await;
    let (ada, payouts) = (a_person("u_ada"), approved(&world, &["u_1", "u_2", "u_3"]).await);
    let (one, _) = world.build(payouts[..2].to_vec(), &ada).await;
    let (two, _) = world.build(payouts[2..].to_vec(), &ada).await;
    let sealed = two.seal(world.program.currency, ada, world.now()).expect("a draft");
    world.batch_step(&sealed, &[]).await;
    let book = world.program.book;
    let list = async |filter| world.reports.batches(book, &filter).await.expect("a page");
    let mut expected = [one.id, sealed.id];
    expected.sort();
    expected.reverse();
    let all = list(BatchFilter { limit: 9, ..Default::default() }).await;
    assert_eq!(all.iter().map(|head| head.id).collect::<Vec<_>>(), expected);
    let status = Some(BatchStatus::Sealed);
    let some = list(BatchFilter { status, limit: 9, ..Default::default() }).await;
    assert_eq!(some.iter().map(|head| (head.id, head.steps.len())).collect::<Vec<_>>(), [(sealed.id, 2)]);
    let before = Some(expected[0]);
    let rest = list(BatchFilter { before, limit: 9, ..Default::default() }).await;
    assert_eq!(rest.iter().map(|head| head.id).collect::<Vec<_>>(), expected[1..]);
    let (head, items) = world.reports.batch(book, one.id).await.expect("a report").expect("there is one");
    assert_eq!((head.count, head.total, head.kind, head.steps), (2, 50_00, MethodKind::Sepa, one.steps));
    let ids: Vec<_> = items.iter().map(|item| item.payout.id).collect();
    assert_eq!(ids, one.items.iter().map(|item| item.payout).collect::<Vec<_>>());
    let none = world.reports.batch(book, BatchId::from_uuid(world.id())).await.expect("a report");
    assert_eq!(none, None);
}

pub async fn a_summary_is_what_one_user_was_paid_and_has_open(subject: Subject) {
    let world = opened(subject).await;
    let payouts = approved(&world, &["u_1", "u_2"]).await;
    let (batch, entered) = world.build(payouts, &a_person("u_ada")).await;
    let (_, sent) = world.send_off(batch, entered).await;
    world.settle(sent[0].clone(), Outcome::Paid).await;
    let (book, aged) = (world.program.book, world.now().plus_micros(HOUR));
    let told = async |name| world.reports.payout_summary(book, &host(name), aged).await.expect("a report");
    let (one, two, nobody) = (told("u_1").await, told("u_2").await, told("u_who").await);
    let available = |last: Option<referral_domain::ledger::Line>| last.map(|line| line.after.available);
    assert_eq!((one.paid, one.open, available(one.account.last)), (25_00, None, Some(65_00)));
    assert_eq!((two.paid, two.open, two.account.aged), (0, Some(sent[1].id), 90_00));
    assert_eq!(nobody, Default::default());
    let again = world.request(sent[0].user, 30_00).await.expect("the one before has ended");
    assert_eq!(told("u_1").await.open, Some(again.id));
    let users = [sent[1].user, UserId::from_uuid(world.id()), sent[0].user];
    let names = world.reports.names(book, &users).await.expect("names");
    assert_eq!(names, [Some(host("u_2")), None, Some(host("u_1"))]);
    let mut unit = world.begin().await;
    assert_eq!(unit.payouts().hosts(book, &users).await.expect("hosts"), names);
}
