//! The application over an adapter, used by many at once: a budget everybody asks (F15), payout runs in which everything is
//! done several times (F17). What the ports alone must keep is in the other groups.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_app::{
    App, BatchRefused, BuildBatch, ChangePayout, ExportBatch, Failure, MoveBatch, RecordSpend, Replayable,
    RequestPayout, SetPayoutMethod, SettleBatch, SettleReceipt,
};
use referral_domain::id::{BatchId, PayoutId};
use referral_domain::ledger::{Side, SystemAccount, Verdict};
use referral_domain::payout::{
    BatchRefusal, Destination, ExceptionCode, MethodKind, PayoutStatus, RequestRefusal, Row,
};
use referral_domain::program::Policy;
use referral_domain::referral::{State, WithheldReason};
use referral_domain::spend::{Answer, EventCommand, SpendEvent};
use referral_domain::time::DAY;
use referral_domain::user::UserFacts;

use super::{Subject, qualifying_asked, race};
use crate::build::{a_program, a_referral, a_spend, host, usd};
use crate::fake::NOON;
use crate::world::{World, a_person};

async fn assert_verified(world: &World) {
    let verdict = world.reports.verify().await.expect("a report");
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
}

async fn available(world: &World, name: &str) -> i64 {
    let user = world.user(name).await.id;
    world.wallet(user).await.balances().available
}

/// What a use case says that neither lacks its program nor its store.
fn answer<T, R>(settled: Result<T, Failure<R>>) -> Result<T, R> {
    settled.map_err(|failure| match failure {
        Failure::Refused(refusal) => refusal,
        Failure::NoProgram => panic!("there is a program"),
        Failure::KeyReused => panic!("no key was sent"),
        Failure::Store(error) => panic!("the store answers: {error:?}"),
    })
}

/// Nobody sends a key here, so everything is done by the call itself.
fn fresh<T>(replayable: Replayable<T>) -> T {
    match replayable {
        Replayable::Fresh(receipt) => receipt,
        Replayable::Replayed(reply) => panic!("no key was sent: {reply:?}"),
    }
}

fn sixty(world: &World, name: &str) -> RecordSpend {
    let spend = a_spend(&format!("inv:{name}"), name, usd(60_00)).at(world.now()).build();
    RecordSpend { program: world.program.slug.clone(), events: vec![EventCommand::Spend(spend)] }
}

fn recorded(answer: &Answer) -> &SpendEvent {
    match answer {
        Answer::Recorded(event) => event,
        other => panic!("each event is new: {other:?}"),
    }
}

/// So many rewards fit the month's budget.
const FIT: u16 = 100;
/// So many friends of so many codes qualify at once, each by an event of its own, when nobody asks for more.
const QUALIFYING: usize = 2_000;
const OWNERS: usize = 16;
const SESSIONS: usize = 32;

/// Friends of several codes who wait for nothing but to spend.
async fn friends(world: &World, count: usize) -> Vec<String> {
    let (names, state) = ((0..count).map(|n| format!("u_friend_{n}")), State::Active { activated_at: NOON });
    let names: Vec<_> = names.collect();
    for (n, mine) in names.chunks(count.div_ceil(OWNERS)).enumerate() {
        let code = world.code(&format!("u_owner_{n}")).await;
        for some in mine.chunks(125) {
            let users = world.users(&some.iter().map(String::as_str).collect::<Vec<_>>()).await;
            let of = |user: &UserFacts| a_referral(&world.program, &code, user.id).in_state(state).build();
            world.refer(&users.iter().map(of).collect::<Vec<_>>()).await;
        }
    }
    names
}

/// Everybody spends 60.00, from many sessions at once.
async fn all_spend(world: &World, app: &App, names: &[String]) -> Vec<Answer> {
    let told = race((0..SESSIONS).map(|session| {
        let mine: Vec<_> = names.iter().skip(session).step_by(SESSIONS).cloned().collect();
        let (world, app) = (world.clone(), app.clone());
        async move {
            let mut answers = Vec::new();
            for name in mine {
                answers.extend(app.record_spend(&sixty(&world, &name)).await.expect("recorded").answers);
            }
            answers
        }
    }));
    told.await.concat()
}

/// F15.
pub async fn of_all_who_qualify_at_once_as_many_are_rewarded_as_fit_the_budget(subject: Subject) {
    let (fit, limit) = (usize::from(FIT), 25_00 * i64::from(FIT));
    let policy = Policy { reward_budget: Some(limit), ..Policy::default() };
    let program = a_program().welcoming(usd(0)).policy(policy).limited_to(100_000).build();
    let world = World::open_with(subject, program).await;
    let app = World::application(world.parts());
    let names = friends(&world, qualifying_asked().unwrap_or(QUALIFYING)).await;
    let answers = all_spend(&world, &app, &names).await;
    let paid = answers.iter().filter(|answer| recorded(answer).reward.is_some()).count();
    let withheld: Vec<_> = answers.iter().filter_map(|answer| recorded(answer).withheld).collect();
    let by_budget = withheld.iter().filter(|withheld| withheld.reason == WithheldReason::Budget).count();
    let ledger = moved(&world, SystemAccount::RewardExpense).await;
    println!(
        "F15 qualified={} paid={paid} withheld={} reason=budget:{by_budget} ledger={}.00 sessions={SESSIONS}",
        answers.len(),
        withheld.len(),
        -ledger / 100
    );
    let rest = names.len() - fit;
    assert_eq!((answers.len(), paid, withheld.len(), by_budget), (names.len(), fit, rest, rest));
    let mut unit = world.begin().await;
    let month = unit.budgets().lock(world.program.book, NOON.month()).await.expect("a month");
    drop(unit);
    assert_eq!((-ledger, month.granted, month.closed_under), (limit, limit, Some(limit)));
    assert_verified(&world).await;
}

/// What one of the program's accounts comes to. The clock stands, and of two postings to one account the later is recorded
/// a little after it: so it is asked for tomorrow.
async fn moved(world: &World, account: SystemAccount) -> i64 {
    let moved =
        world.reports.movements(world.program.book, world.now().plus_days(1)).await.expect("a report");
    let of_it = moved.iter().filter(|movement| movement.account == Side::System(account));
    of_it.map(|movement| movement.balance()).sum()
}

/// So many users are paid 25.00 each; every step is taken so many times at once.
const PAID: usize = 12;
const CLICKS: usize = 4;

/// A payout run, clicked through by people who click too often.
#[derive(Clone)]
struct Run {
    world: World,
    app: App,
    names: Vec<String>,
}

impl Run {
    /// Users with a reward that is old enough, who said long ago where they are paid.
    async fn open(subject: Subject) -> Self {
        let world = World::open_with(subject, a_program().limited_to(10_000).build()).await;
        let app = World::application(world.parts());
        let names: Vec<_> = (0..PAID).map(|n| format!("u_{n}")).collect();
        for name in &names {
            let friend = format!("friend_of_{name}");
            world.sign_up(&friend, &world.code(name).await).await.expect("applied");
            world.verify(&friend).await;
            app.record_spend(&sixty(&world, &friend)).await.expect("recorded");
            let destination = Destination::paypal(&format!("{name}@example.com")).expect("an address");
            let program = world.program.slug.clone();
            let method = SetPayoutMethod { program, user: host(name), destination };
            app.set_payout_method(&method, None).await.expect("a method is set");
        }
        world.clock.advance(31 * DAY);
        Self { world, app, names }
    }

    /// The same call so many times at once; all answers.
    async fn clicked<T, F>(&self, click: impl Fn(Self) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        race((0..CLICKS).map(|_| click(self.clone()))).await
    }

    /// Everybody asks several times at once; each gets one payout.
    async fn requested(&self) -> Vec<PayoutId> {
        let clicks = self.names.iter().flat_map(|name| vec![name.clone(); CLICKS]);
        let asked = race(clicks.map(|name| {
            let (app, program) = (self.app.clone(), self.world.program.slug.clone());
            async move {
                let command = RequestPayout { program, user: host(&name), amount: None };
                answer(app.request_payout(&command, None).await)
            }
        }));
        let (mut ids, mut open) = (Vec::new(), 0);
        for told in asked.await {
            match told {
                Ok(receipt) => ids.push(fresh(receipt).item.payout.id),
                Err(RequestRefusal::Open(_)) => open += 1,
                Err(refused) => panic!("{refused:?}"),
            }
        }
        assert_eq!((ids.len(), open), (PAID, PAID * (CLICKS - 1)), "one each");
        ids
    }

    async fn approved(&self, ids: &[PayoutId]) {
        race(ids.iter().flat_map(|id| [*id; CLICKS]).map(|payout| {
            let (app, program) = (self.app.clone(), self.world.program.slug.clone());
            async move {
                let command = ChangePayout { program, payout, actor: a_person("u_ada") };
                answer(app.approve_payout(&command, None).await).expect("approved, or as before");
            }
        }))
        .await;
    }

    /// Two people build at once, each several times; each payout is in one batch.
    async fn built(&self, ids: &[PayoutId]) -> BatchId {
        let runs = self.clicked(|run| async move {
            let (program, actor) = (run.world.program.slug.clone(), a_person("u_ada"));
            let command = BuildBatch { program, kind: MethodKind::Paypal, payouts: None, actor };
            answer(run.app.build_batch(&command, None).await)
        });
        let told = runs.await.into_iter().filter_map(Result::ok);
        let batches: Vec<_> = told.map(|receipt| fresh(receipt).batch).collect();
        let mut taken: Vec<_> =
            batches.iter().flat_map(|batch| batch.items.iter().map(|item| item.payout)).collect();
        taken.sort_unstable();
        let mut expected = ids.to_vec();
        expected.sort_unstable();
        assert_eq!((batches.len(), taken), (1, expected), "one run takes them, the others find nothing");
        batches[0].id
    }

    fn moving(&self, batch: BatchId, who: &str) -> MoveBatch {
        MoveBatch { program: self.world.program.slug.clone(), batch, actor: a_person(who) }
    }

    /// Sealed by its maker, approved by another and exported, each several times at once.
    async fn sent_off(&self, batch: BatchId) {
        let sealed = self.clicked(|run| async move {
            answer(run.app.seal_batch(&run.moving(batch, "u_ada"), None).await)
                .expect("sealed, or as before");
        });
        sealed.await;
        let own = answer(self.app.approve_batch(&self.moving(batch, "u_ada"), None).await).map(|_| ());
        assert_eq!(own, Err(BatchRefused::Rule(BatchRefusal::SecondPerson)), "not by its maker");
        let approved = self.clicked(|run| async move {
            answer(run.app.approve_batch(&run.moving(batch, "u_bob"), None).await)
                .expect("approved, or as before");
        });
        approved.await;
        let files = self.clicked(|run| async move {
            let command = ExportBatch { target: run.moving(batch, "u_bob"), format: "csv".to_owned() };
            answer(run.app.export_batch(&command).await).expect("a file").bytes
        });
        assert!(files.await.windows(2).all(|pair| pair[0] == pair[1]), "the same bytes each time");
    }

    /// The bank's file, with this amount in its first line, imported several times at once.
    async fn settled(&self, batch: BatchId, ids: &[PayoutId], first: &str) -> Vec<SettleReceipt> {
        let line = |(n, id): (u64, &PayoutId)| {
            let amount = if n == 2 { first } else { "25.00" };
            let columns = [id.to_string(), amount.to_owned(), "USD".into(), "paid".into(), String::new()];
            Row { line: n, columns: Some(columns) }
        };
        let rows: Vec<_> = (2..).zip(ids).map(line).collect();
        let imports = self.clicked(|run| {
            let command = SettleBatch { target: run.moving(batch, "u_ada"), rows: rows.clone() };
            async move { fresh(answer(run.app.settle_batch(&command, None).await).expect("imported")) }
        });
        imports.await
    }
}

fn sum(receipts: &[SettleReceipt]) -> usize {
    receipts.iter().map(|receipt| receipt.settled).sum()
}

/// F17.
pub async fn a_payout_run_whose_every_step_is_taken_many_times_at_once_pays_each_once(subject: Subject) {
    let run = Run::open(subject).await;
    let ids = run.requested().await;
    run.approved(&ids).await;
    let batch = run.built(&ids).await;
    run.sent_off(batch).await;
    let changed = run.settled(batch, &ids, "25.01").await;
    let told: Vec<_> =
        changed.iter().flat_map(|receipt| &receipt.exceptions).map(|told| (told.line, told.code)).collect();
    assert_eq!(
        told,
        [(2, ExceptionCode::AmountMismatch); CLICKS],
        "the changed line is an exception each time"
    );
    assert_eq!(sum(&changed), PAID - 1, "and the others are settled by one of the imports");
    assert_eq!(run.world.payout_status(ids[0]).await, Some(PayoutStatus::Sent));
    let sound = run.settled(batch, &ids, "25.00").await;
    assert!(sound.iter().all(|receipt| receipt.exceptions.is_empty()), "{sound:?}");
    let paid = sum(&changed) + sum(&sound);
    let left = moved(&run.world, SystemAccount::PayoutClearing).await;
    let twice = left / 25_00 - i64::try_from(PAID).expect("few");
    println!(
        "F17 payouts={} paid={paid} double_paid={twice} exceptions={} clicks={CLICKS} each left={}.00",
        ids.len(),
        told.len(),
        left / 100
    );
    assert_eq!((paid, twice), (PAID, 0));
    for name in &run.names {
        assert_eq!(available(&run.world, name).await, 0);
    }
    assert_verified(&run.world).await;
}
