//! What the hot paths cost on this machine: a private PostgreSQL with stock settings (fsync on), loaded through the
//! ports, then measured through the ports.
//!
//! `cargo run --release -p referral-postgres --example hot_path -- [users] [seconds] [workloads]`, for example
//! `-- 100000 5 p1,units,hot,balance,apply`. Absolute figures mean little on a shared machine: compare them with those
//! of `p1` (pgbench, a transaction of four statements from 16 clients) of the same run.
#![allow(
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a bench prints rates"
)]

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use referral_domain::code::Code;
use referral_domain::port::Reports;
use referral_domain::referral::State;
use referral_postgres::{PgStore, Sessions};
use referral_testkit::build::{a_program, a_referral, a_spend, host, usd};
use referral_testkit::contract::race;
use referral_testkit::fake::NOON;
use referral_testkit::launch::postgres::{Postgres, Settings, program};
use referral_testkit::world::World;

const DATABASE: &str = "hot";
/// How many users one code referred.
const FRIENDS: usize = 20;
/// Every so many-th event grants a reward.
const REWARDING: u64 = 20;

struct Bench {
    server: Postgres,
    store: PgStore,
    world: World,
    codes: Vec<Code>,
    users: usize,
    time: Duration,
    next_event: AtomicU64,
    next_rich: AtomicU64,
    next_name: AtomicU64,
}

/// What the server wrote.
#[derive(Clone, Copy)]
struct Written {
    bytes: u64,
    records: u64,
    images: u64,
    syncs: u64,
}

impl Bench {
    async fn load(users: usize, time: Duration) -> Self {
        let statements = Settings::durable().with("shared_preload_libraries=pg_stat_statements");
        let server = Postgres::private(statements.with("pg_stat_statements.track_planning=on"));
        server.site().create_database(DATABASE, None);
        let sessions = Sessions { units: 64, reports: 64 };
        let store = PgStore::open(&server.site().url(DATABASE), sessions).expect("a store");
        store.migrate().await.expect("migrated");
        let shared = Arc::new(store.clone());
        let world =
            World::with(shared.clone(), shared, a_program().limited_to(1_000_000).welcoming(usd(0)).build())
                .await;
        let mut bench = Self {
            server,
            store,
            world,
            codes: Vec::new(),
            users,
            time,
            next_event: AtomicU64::new(0),
            next_rich: AtomicU64::new(0),
            next_name: AtomicU64::new(0),
        };
        let began = Instant::now();
        bench.people().await;
        bench
            .server
            .site()
            .sql(DATABASE, "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pg_walinspect");
        bench.server.site().sql(DATABASE, "VACUUM (FREEZE, ANALYZE)");
        println!(
            "loaded users={users} codes={} in {:.1} s",
            bench.codes.len(),
            began.elapsed().as_secs_f64()
        );
        bench
    }

    /// Users in blocks of one code each, all referred and active.
    async fn people(&mut self) {
        let blocks = self.users.div_ceil(FRIENDS);
        let codes = race((0..blocks).map(|n| {
            let world = self.world.clone();
            async move { world.code(&format!("u_owner_{n}")).await }
        }));
        self.codes = codes.await;
        let state = State::Active { activated_at: NOON };
        race(self.codes.chunks(50).enumerate().map(|(chunk, codes)| {
            let (world, codes) = (self.world.clone(), codes.to_vec());
            async move {
                let from = chunk * 50 * FRIENDS;
                let names: Vec<_> =
                    (from..from + codes.len() * FRIENDS).map(|n| format!("u_friend_{n}")).collect();
                let named: Vec<_> = names.iter().map(String::as_str).collect();
                let users = world.users(&named).await;
                let referrals = users.iter().zip(codes.iter().flat_map(|code| [code; FRIENDS]));
                let of = |(user, code): (&referral_domain::user::UserFacts, &Code)| {
                    a_referral(&world.program, code, user.id).in_state(state).build()
                };
                world.refer(&referrals.map(of).collect::<Vec<_>>()).await;
            }
        }))
        .await;
    }

    fn number(&self, query: &str) -> u64 {
        self.server.site().sql(DATABASE, query).parse().unwrap_or_else(|fault| panic!("{query}: {fault}"))
    }

    async fn written(&self) -> Written {
        // Sessions tell what they did once a second.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let bytes = self.number("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint");
        let [records, images, syncs] = ["wal_records", "wal_fpi", "wal_sync"]
            .map(|column| self.number(&format!("SELECT {column} FROM pg_stat_wal")));
        Written { bytes, records, images, syncs }
    }

    fn checkpoint(&self) {
        self.server.site().sql(DATABASE, "CHECKPOINT");
    }

    /// A batch of events; every 20th is of a user whose first spend crosses the threshold.
    fn batch(&self, size: u64) -> Vec<referral_domain::spend::SpendCommand> {
        let friends = self.users as u64;
        let event = |_| {
            let n = self.next_event.fetch_add(1, Ordering::Relaxed);
            let (user, cents) = if n.is_multiple_of(REWARDING) {
                (self.next_rich.fetch_add(7, Ordering::Relaxed) % friends, 60_00)
            } else {
                ((n * 7919) % friends, 1)
            };
            a_spend(&format!("inv_{n:010}"), &format!("u_friend_{user}"), usd(cents)).build()
        };
        (0..size).map(event).collect()
    }

    /// Runs `once` from so many sessions for the time of a measurement; it answers how much it did.
    async fn repeat<F: Future<Output = u64> + Send + 'static>(
        self: &Arc<Self>,
        sessions: usize,
        once: impl Fn(Arc<Self>) -> F + Copy + Send + Sync + 'static,
    ) -> (u64, Duration) {
        let began = Instant::now();
        let done = race((0..sessions).map(|_| {
            let bench = Arc::clone(self);
            async move {
                let mut done = 0;
                while began.elapsed() < bench.time {
                    done += once(Arc::clone(&bench)).await;
                }
                done
            }
        }));
        let done = done.await.into_iter().sum();
        (done, began.elapsed())
    }

    async fn units(self: &Arc<Self>) {
        println!(
            "\n| sessions | events a unit | events/s | rewards | WAL B/event | records/event | images | fsync/unit | fsync/reward |"
        );
        println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        for (sessions, size) in
            [(1, 64_u64), (1, 256), (2, 64), (4, 16), (4, 100), (4, 500), (8, 100), (16, 1)]
        {
            self.unit(sessions, size, false).await;
            self.unit(sessions, size, true).await;
        }
    }

    /// What statements cost since the last time: planning and execution in ms, calls, WAL bytes.
    fn statements(&self) {
        let told = self.server.site().sql(
            DATABASE,
            "SELECT round(total_plan_time::numeric) AS plan, round(total_exec_time::numeric) AS run, plans, calls, rows,
               wal_bytes, left(regexp_replace(query, '\\s+', ' ', 'g'), 90)
             FROM pg_stat_statements ORDER BY total_plan_time + total_exec_time DESC LIMIT 28",
        );
        println!("plan ms|run ms|plans|calls|rows|WAL|statement\n{told}");
        self.server.site().sql(DATABASE, "SELECT pg_stat_statements_reset()");
    }

    /// What the log holds since an LSN, by kind of record: count, bytes, bytes of page images.
    fn log(&self, since: u64) {
        let told = self.server.site().sql(
            DATABASE,
            &format!(
                "SELECT \"resource_manager/record_type\", count, record_size, fpi_size FROM pg_get_wal_stats(
                   '0/0'::pg_lsn + {since}, pg_current_wal_flush_lsn(), true) WHERE record_size > 0
                 ORDER BY record_size DESC LIMIT 14"
            ),
        );
        println!("record|count|bytes|images\n{told}");
    }

    async fn unit(self: &Arc<Self>, sessions: usize, size: u64, measured: bool) {
        if !measured {
            // The first of each kind plans its statements.
            let warm = self.batch(size);
            self.world.spend(&warm).await;
            return self.checkpoint();
        }
        let rewards = self.number("SELECT count(*) FROM reward_steps");
        let before = self.written().await;
        let (done, took) = self
            .repeat(sessions, move |bench| async move {
                let batch = bench.batch(size);
                bench.world.spend(&batch).await.len() as u64
            })
            .await;
        let after = self.written().await;
        let rewards = self.number("SELECT count(*) FROM reward_steps") - rewards;
        let per = |value: u64, of: u64| value as f64 / of.max(1) as f64;
        println!(
            "| {sessions} | {size} | {:.0} | {rewards} | {:.0} | {:.1} | {} | {:.2} | {:.2} |",
            done as f64 / took.as_secs_f64(),
            per(after.bytes - before.bytes, done),
            per(after.records - before.records, done),
            after.images - before.images,
            per(after.syncs - before.syncs, done / size),
            per(after.syncs - before.syncs, rewards),
        );
    }

    /// One referrer whose friends cross the threshold at once.
    async fn hot(self: &Arc<Self>) {
        for size in [1_usize, 64, 500] {
            let owner = format!("u_hot_{size}");
            let code = self.world.code(&owner).await;
            let names: Vec<_> = (0..1_000).map(|n| format!("u_hot_{size}_{n}")).collect();
            let users = self.world.users(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
            let state = State::Active { activated_at: NOON };
            let of = |user: &referral_domain::user::UserFacts| {
                a_referral(&self.world.program, &code, user.id).in_state(state).build()
            };
            self.world.refer(&users.iter().map(of).collect::<Vec<_>>()).await;
            let spend = |name: &String| a_spend(&format!("hot:{name}"), name, usd(60_00)).build();
            let began = Instant::now();
            let batches: Vec<Vec<_>> =
                names.chunks(size).map(|names| names.iter().map(spend).collect()).collect();
            let lanes = 8.min(batches.len());
            race((0..lanes).map(|lane| {
                let mine: Vec<_> = batches.iter().skip(lane).step_by(lanes).cloned().collect();
                let world = self.world.clone();
                async move {
                    for batch in mine {
                        world.spend(&batch).await;
                    }
                }
            }))
            .await;
            let took = began.elapsed();
            let wallet = self.world.wallet(code.owner).await;
            println!(
                "one hot account, units of {size} from {lanes} sessions: {:.0} rewards/s, {} granted of 1000",
                1_000.0 / took.as_secs_f64(),
                wallet.head(referral_domain::ledger::Purpose::Available).seq
            );
        }
    }

    async fn balance(self: &Arc<Self>) {
        for sessions in [1, 8, 32, 64] {
            let (done, took) = self
                .repeat(sessions, |bench| async move {
                    let n = bench.next_name.fetch_add(1, Ordering::Relaxed) * 7919 % bench.users as u64;
                    let name = host(&format!("u_owner_{}", n / FRIENDS as u64));
                    let book = bench.world.program.book;
                    bench.store.account(book, &name, NOON).await.expect("a report");
                    1
                })
                .await;
            println!("balance, {sessions} sessions: {:.0}/s", done as f64 / took.as_secs_f64());
        }
    }

    async fn apply(self: &Arc<Self>) {
        for sessions in [1, 4, 16, 64] {
            self.checkpoint();
            let before = self.written().await;
            let (done, took) = self
                .repeat(sessions, |bench| async move {
                    let n = bench.next_name.fetch_add(1, Ordering::Relaxed);
                    let code = &bench.codes[usize::try_from(n * 7919).expect("fits") % bench.codes.len()];
                    bench.world.sign_up(&format!("u_new_{n}"), code).await.expect("applied");
                    1
                })
                .await;
            let after = self.written().await;
            println!(
                "apply, {sessions} sessions: {:.0}/s, {} B WAL, {:.2} fsync",
                done as f64 / took.as_secs_f64(),
                (after.bytes - before.bytes) / done.max(1),
                (after.syncs - before.syncs) as f64 / done.max(1) as f64
            );
        }
    }

    /// Users whose first spend grants a reward each, in units of 100 from 8 sessions.
    async fn postings(self: &Arc<Self>, from: usize, count: usize) {
        let names: Vec<_> = (from..from + count).map(|n| format!("u_friend_{n}")).collect();
        let units: Vec<Vec<_>> = names.chunks(100).map(<[String]>::to_vec).collect();
        race((0..8).map(|lane| {
            let (world, mine) =
                (self.world.clone(), units.iter().skip(lane).step_by(8).cloned().collect::<Vec<_>>());
            async move {
                for names in mine {
                    let spend = |name: &String| a_spend(&format!("posting:{name}"), name, usd(60_00)).build();
                    world.spend(&names.iter().map(spend).collect::<Vec<_>>()).await;
                }
            }
        }))
        .await;
    }

    fn p1(&self) {
        self.server.site().create_database("p1", None);
        self.server.site().sql(
            "p1",
            "CREATE TABLE total (id bigint PRIMARY KEY, net bigint NOT NULL) WITH (fillfactor = 70);
             CREATE TABLE event (source text PRIMARY KEY, user_id bigint NOT NULL, amount bigint NOT NULL,
               at timestamptz NOT NULL);
             INSERT INTO total SELECT i, 0 FROM generate_series(1, 100000) AS i; CHECKPOINT",
        );
        let script = self.server.folder().join("p1.sql");
        let text = "\\set u random(1, 100000)\n\\set n random(1, 1000000000000)\nBEGIN;\n\
            INSERT INTO event VALUES (:n || ':' || :client_id, :u, 1, now());\n\
            UPDATE total SET net = net + 1 WHERE id = :u;\nCOMMIT;\n";
        std::fs::write(&script, text).expect("a script");
        let seconds = self.time.as_secs().to_string();
        let told = Command::new(program("pgbench"))
            .args(["-n", "-M", "prepared", "-c", "16", "-j", "2", "-T", &seconds, "-f"])
            .arg(&script)
            .arg(self.server.site().url("p1"))
            .output()
            .expect("pgbench");
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let rate = told.lines().find(|line| line.starts_with("tps")).unwrap_or("no answer");
        println!("p1: {rate}");
        self.server.site().sql("postgres", "DROP DATABASE p1");
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |n: usize, otherwise: usize| {
        arguments.get(n).map_or(otherwise, |argument| argument.parse().expect("a number"))
    };
    let wanted = arguments.get(2).map_or("p1,units,hot,balance,apply", String::as_str);
    let time = Duration::from_secs(number(1, 5) as u64);
    let bench = Arc::new(Bench::load(number(0, 20_000), time).await);
    bench.checkpoint();
    for workload in wanted.split(',') {
        match workload {
            "p1" => bench.p1(),
            "units" => bench.units().await,
            "hot" => bench.hot().await,
            "balance" => bench.balance().await,
            "apply" => bench.apply().await,
            "posting" => {
                bench.hot().await;
                bench.checkpoint();
                let since = bench.number("SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint");
                let before = bench.written().await;
                bench.postings(1_000, 4_000).await;
                let after = bench.written().await;
                println!("WAL bytes a posting: {}", (after.bytes - before.bytes) / 4_000);
                bench.log(since);
            }
            "single" => {
                for (sessions, size) in [(1, 1), (8, 1)] {
                    bench.unit(sessions, size, false).await;
                    bench.unit(sessions, size, true).await;
                }
            }
            "batch" => {
                bench.unit(4, 500, false).await;
                bench.unit(4, 500, true).await;
            }
            "lane" => {
                bench.unit(1, 64, false).await;
                bench.unit(1, 64, true).await;
            }
            "statements" => bench.statements(),
            "log" => {
                let since = bench.number("SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint");
                bench.unit(1, 500, true).await;
                bench.log(since);
            }
            "pause" => {
                println!("paused: {}", bench.server.site().url(DATABASE));
                tokio::time::sleep(Duration::from_secs(600)).await;
            }
            other => panic!("no such workload: {other}"),
        }
    }
}
