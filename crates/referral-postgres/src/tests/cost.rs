//! What a posting costs: round trips under locked heads, bytes of log, waits for the disk.
//!
//! The limits are those of the second issue. Bytes are counted without page images, which depend on how long ago the
//! last checkpoint was; what images add is printed. Nothing here is a clock's.

use std::sync::Arc;

use referral_domain::budget::Budget;
use referral_domain::code::Code;
use referral_domain::port::Changes;
use referral_domain::referral::State;
use referral_domain::spend::{EventCommand, SpendCommand, SpendRules, decide};
use referral_testkit::build::{a_program, a_referral, a_spend, usd};
use referral_testkit::contract::race;
use referral_testkit::fake::NOON;
use referral_testkit::launch::postgres::{Postgres, Settings};
use referral_testkit::world::World;

use super::a_store_of;
use super::traffic::far_away;
use crate::{PgStore, Sessions};

/// Bytes of log for what a posting adds to its event.
const BYTES_A_POSTING: u64 = 2_500;
/// Waits for the disk for a posting, in hundredths, when 8 sessions post.
const SYNCS_A_POSTING: u64 = 35;
/// Round trips of a unit of recorded spend.
const TRIPS: u64 = 4;
/// Round trips of it while heads are locked.
const TRIPS_UNDER_HEADS: u64 = 2;

const SESSIONS: usize = 8;
const CODES: usize = 64;
const FRIENDS: usize = 16;
const DATABASE: &str = "cost";

/// Referred users of many codes, who wait for nothing but to spend.
async fn friends(world: &World) -> Vec<String> {
    let mut names = Vec::new();
    for n in 0..CODES {
        let code: Code = world.code(&format!("u_owner_{n}")).await;
        let mine: Vec<_> = (0..FRIENDS).map(|m| format!("u_friend_{n}_{m}")).collect();
        let users = world.users(&mine.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let state = State::Active { activated_at: NOON };
        let of = |user: &referral_domain::user::UserFacts| {
            a_referral(&world.program, &code, user.id).in_state(state).build()
        };
        world.refer(&users.iter().map(of).collect::<Vec<_>>()).await;
        names.extend(mine);
    }
    names
}

fn spends(label: &str, names: &[String], cents: i64) -> Vec<SpendCommand> {
    names.iter().map(|name| a_spend(&format!("{label}:{name}"), name, usd(cents)).build()).collect()
}

async fn a_world(store: PgStore) -> World {
    let store = Arc::new(store);
    World::with(store.clone(), store, a_program().welcoming(usd(0)).limited_to(10_000).build()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn heads_are_locked_for_two_round_trips() {
    let one = Sessions { units: 1, reports: 1 };
    let (near, database) = a_store_of(one).await;
    let mut world = a_world(near).await;
    let names = friends(&world).await;
    let store = PgStore::open(&far_away(&database.url()).await, one).expect("a store far away");
    world.store = Arc::new(store.clone());
    // The first unit prepares the statements.
    world.spend(&spends("first", &names[..2], 60_00)).await;
    let commands = spends("second", &names[2..200], 60_00);
    let events: Vec<_> = commands.iter().cloned().map(EventCommand::Spend).collect();
    let (users, book) = (world.spenders(&events), world.program.book);
    let sources: Vec<_> = commands.iter().map(|command| command.source.clone()).collect();
    let before = flights(&store).await;
    let mut unit = world.begin().await;
    let scene = unit.spending().scene(book, &users, &sources, world.now()).await.expect("a scene");
    let rules = SpendRules { book, currency: world.program.currency, paused: false };
    let (mut budget, mut changes) = (Budget::unbounded(world.now().month()), Changes::default());
    let decided =
        decide(&rules, &events, scene, &mut budget, world.now(), &mut || world.id()).expect("decided");
    world.post(unit.as_mut(), &decided.grants, &mut changes).await.expect("heads are locked");
    drop(unit);
    let steps = changes.steps;
    let locking = flights(&store).await - before - ROLLBACK;
    world.spend(&commands).await;
    let whole = flights(&store).await - before - ROLLBACK - locking;
    println!("postings={} round trips={whole} of which under locked heads={}", steps.len(), whole - locking);
    assert_eq!(steps.len(), commands.len());
    assert!(whole <= TRIPS && whole - locking <= TRIPS_UNDER_HEADS);
}

/// A unit that is dropped tells the server so.
const ROLLBACK: u64 = 1;

/// Round trips so far of a store's one session, once it is given back.
async fn flights(store: &PgStore) -> u64 {
    loop {
        match store.units.traffic().as_slice() {
            [traffic] => return traffic.round_trips,
            _ => tokio::task::yield_now().await,
        }
    }
}

/// Spends in units of so many from all sessions; answers how many.
async fn spend_at_once(world: &World, commands: Vec<SpendCommand>, unit: usize) -> u64 {
    let units: Vec<_> = commands.chunks(unit).map(<[SpendCommand]>::to_vec).collect();
    race((0..SESSIONS).map(|session| {
        let (world, mine) =
            (world.clone(), units.iter().skip(session).step_by(SESSIONS).cloned().collect::<Vec<_>>());
        async move {
            for commands in mine {
                world.spend(&commands).await;
            }
        }
    }))
    .await;
    commands.len() as u64
}

fn a_store(server: &Postgres) -> PgStore {
    let sessions = Sessions { units: SESSIONS, reports: 1 };
    PgStore::open(&server.site().url(DATABASE), sessions).expect("a store")
}

/// A server that waits for the disk, with a world on it.
struct Durable {
    server: Postgres,
    world: World,
    names: Vec<String>,
}

impl Durable {
    async fn start() -> Self {
        let server = Postgres::private(Settings::durable());
        server.site().create_database(DATABASE, None);
        let store = a_store(&server);
        store.migrate().await.expect("migrated");
        let world = a_world(store).await;
        let names = friends(&world).await;
        Self { server, world, names }
    }

    fn number(&self, query: &str) -> u64 {
        self.server.site().sql(DATABASE, query).parse().expect(query)
    }

    fn log(&self) -> u64 {
        self.number("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")
    }

    /// Waits for the disk so far. Sessions tell of their own when they end: those of now are exchanged for new ones.
    async fn syncs(&mut self) -> u64 {
        let store = Arc::new(a_store(&self.server));
        (self.world.store, self.world.reports) = (store.clone(), store);
        let others = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
          AND pid <> pg_backend_pid()";
        while self.number(others) > 0 {
            tokio::task::yield_now().await;
        }
        self.number("SELECT wal_sync FROM pg_stat_wal")
    }

    fn rewards(&self) -> u64 {
        self.number("SELECT count(*) FROM reward_steps")
    }

    /// Whether pages are written to the log as a whole when first touched after a checkpoint.
    fn images(&self, on: &str) {
        self.server.site().sql(DATABASE, &format!("ALTER SYSTEM SET full_page_writes = {on}"));
        self.server.site().sql(DATABASE, "SELECT pg_reload_conf()");
        self.server.site().sql(DATABASE, "CHECKPOINT");
        while self.server.site().sql(DATABASE, "SHOW full_page_writes") != on {}
    }

    /// Bytes of log an event of these.
    async fn bytes_an_event(&self, commands: Vec<SpendCommand>) -> u64 {
        let before = self.log();
        let events = spend_at_once(&self.world, commands, 64).await;
        (self.log() - before) / events
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_posting_writes_few_bytes_and_shares_its_waits_for_the_disk() {
    let mut durable = Durable::start().await;
    let quarter = durable.names.len() / 4;
    let [first, second, third, fourth] =
        [0, 1, 2, 3].map(|n| durable.names[n * quarter..(n + 1) * quarter].to_vec());
    // The first of everything makes accounts and day rows, and plans its statements.
    spend_at_once(&durable.world, spends("first", &first, 60_00), 64).await;
    durable.images("off");
    let plain = durable.bytes_an_event(spends("plain", &second, 1_00)).await;
    let rewarding = durable.bytes_an_event(spends("rewarding", &second, 60_00)).await;
    durable.images("on");
    let imaged = durable.bytes_an_event(spends("imaged", &third, 60_00)).await;
    println!("WAL bytes: a counted event={plain} a rewarding event={rewarding} with page images={imaged}");
    println!("WAL bytes a posting={} of at most {BYTES_A_POSTING}", rewarding - plain);
    let (one, four) = fourth.split_at(fourth.len() / 4);
    for (label, names, unit) in [("one", one, 1), ("four", four, 4)] {
        let (syncs, rewards) = (durable.syncs().await, durable.rewards());
        spend_at_once(&durable.world, spends(label, names, 60_00), unit).await;
        let (syncs, rewards) = (durable.syncs().await - syncs, durable.rewards() - rewards);
        println!("sessions={SESSIONS} postings a unit={unit} postings={rewards} fsyncs={syncs}");
        assert_eq!(rewards, names.len() as u64);
        // Of units of one, each may wait once; PostgreSQL's own writers wait now and then, too.
        let most = if unit == 1 { rewards + SESSIONS as u64 } else { rewards * SYNCS_A_POSTING / 100 };
        assert!(syncs <= most, "{syncs} waits for the disk for {rewards} postings");
    }
    assert_eq!(durable.rewards(), durable.names.len() as u64);
    assert!(rewarding - plain <= BYTES_A_POSTING, "{rewarding} - {plain}");
}
