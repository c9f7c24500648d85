//! Blocks: everything posted is sealed, once, in chains that hold; nobody who comes late is passed over.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use std::sync::Arc;

use referral_domain::credit::RedeemMode;
use referral_domain::id::{TransferId, UserId};
use referral_domain::ledger::{Answer, Block, Hash, Mark, NewBlock, Seal, Tail, Unsealed, Verdict, seal};
use referral_domain::port::{BlockFilter, Changes, StoreError};
use referral_domain::time::SECOND;
use referral_proof::merkle::{path, root, root_from};
use referral_proof::sign::SigningKey;
use uuid::Uuid;

use super::{Subject, race};
use crate::build::{a_program, a_spend, reference, usd};
use crate::fake::{NOON, SeededIds};
use crate::world::World;

/// More than any case posts.
const ALL: u32 = 1_000;

/// Ana referred Ben: she has 25.00 and he 10.00, by one transfer each.
async fn ana_and_ben(world: &World) -> [UserId; 2] {
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("applied");
    world.verify("u_ben").await;
    world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await;
    [code.owner, world.user("u_ben").await.id]
}

/// A user redeems 0.01 so many times; each is a transfer.
async fn post(world: &World, user: UserId, times: usize) {
    for _ in 0..times {
        let reference = reference(&format!("order:{}", world.id()));
        world.redeem(user, 1, RedeemMode::Exact, &reference).await.expect("as much is available");
    }
}

/// The transfers that are not sealed, which stay so.
async fn waiting(world: &World) -> Vec<(TransferId, Hash)> {
    loop {
        let mut unit = world.begin().await;
        if let Some(found) = unit.sealing().unsealed(None, world.now(), ALL).await.expect("a search") {
            return found.tails.into_iter().flat_map(|tail| tail.transfers).collect();
        }
        // A unit that was dropped may hold the sealer's lock for a moment.
        tokio::task::yield_now().await;
    }
}

/// Searches, seals what is found, and commits.
async fn pass(world: &World, mark: Option<&Mark>, limit: u32) -> Result<Option<Unsealed>, StoreError> {
    let mut unit = world.store.begin().await?;
    let Some(found) = unit.sealing().unsealed(mark, world.now(), limit).await? else { return Ok(None) };
    for tail in &found.tails {
        let blocks = seal(tail, world.now(), None);
        unit.recorder().record(tail.book, &Changes { blocks, ..Changes::default() }).await?;
    }
    unit.commit().await?;
    Ok(Some(found))
}

/// A unit that was dropped may hold the sealer's lock for a moment.
async fn sealed(world: &World, mark: Option<&Mark>) -> Unsealed {
    loop {
        if let Some(found) = pass(world, mark, ALL).await.expect("a pass") {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

fn ids(found: &Unsealed) -> Vec<TransferId> {
    found.tails.iter().flat_map(|tail| &tail.transfers).map(|(id, _)| *id).collect()
}

async fn verdict(world: &World) -> Verdict {
    world.reports.verify().await.expect("a report")
}

async fn blocks(world: &World, filter: &BlockFilter) -> Vec<Block> {
    world.reports.blocks(world.program.book, filter).await.expect("a report")
}

pub async fn what_is_posted_is_sealed_once_and_verified(subject: Subject) {
    let world = World::open(subject).await;
    let [ana, _] = ana_and_ben(&world).await;
    post(&world, ana, 3).await;
    let found = sealed(&world, None).await;
    assert!(ids(&found).is_sorted());
    assert!(!found.more);
    assert_eq!(sealed(&world, Some(&found.mark)).await.tails, Vec::new(), "from the mark on");
    assert_eq!(sealed(&world, None).await.tails, Vec::new(), "and in all");
    let verdict = verdict(&world).await;
    assert_eq!(verdict.answer(), Answer::Verified, "{verdict:?}");
    let counts = verdict.counts();
    assert_eq!((counts.blocks, counts.sealed, counts.transfers), (1, 5, 5));
    let [head] = &counts.heads[..] else { panic!("one chain: {counts:?}") };
    let [block] = &blocks(&world, &BlockFilter { limit: 9, ..BlockFilter::default() }).await[..] else {
        panic!("one block")
    };
    assert_eq!((head.n, head.hash), (1, block.hash));
    assert_eq!(head.program, world.program.slug);
}

pub async fn what_is_not_sealed_yet_is_told(subject: Subject) {
    let world = World::open(subject).await;
    let [ana, _] = ana_and_ben(&world).await;
    sealed(&world, None).await;
    world.clock.advance(SECOND);
    post(&world, ana, 3).await;
    let verdict = verdict(&world).await;
    assert_eq!(verdict.answer(), Answer::Partial);
    let [tail] = &verdict.counts().unsealed[..] else { panic!("one program: {verdict:?}") };
    assert_eq!(
        (&tail.program, tail.transfers, tail.since),
        (&world.program.slug, 3, NOON.plus_micros(SECOND))
    );
}

pub async fn a_search_that_ends_at_its_limit_goes_on_with_its_mark(subject: Subject) {
    let world = World::open(subject).await;
    let users = ana_and_ben(&world).await;
    for user in users {
        post(&world, user, 6).await;
    }
    let (mut mark, mut all, mut passes) = (None, Vec::new(), 0);
    loop {
        let found = pass(&world, mark.as_ref(), 4).await.expect("a pass").expect("nobody else seals");
        all.extend(ids(&found));
        passes += 1;
        assert!(passes < 20, "it ends");
        mark = Some(found.mark);
        if !found.more {
            break;
        }
    }
    all.sort_unstable();
    all.dedup();
    println!("passes={passes} sealed={}", all.len());
    assert_eq!((all.len(), verdict(&world).await.answer()), (14, Answer::Verified));
    post(&world, users[0], 1).await;
    assert_eq!(ids(&sealed(&world, mark.as_ref()).await).len(), 1, "and what comes after it is found");
}

pub async fn a_pass_that_is_not_committed_loses_nobody(subject: Subject) {
    let world = World::open(subject).await;
    let [ana, _] = ana_and_ben(&world).await;
    let mark = sealed(&world, None).await.mark;
    post(&world, ana, 3).await;
    let mut unit = world.begin().await;
    let found = unit.sealing().unsealed(Some(&mark), world.now(), ALL).await.expect("a search");
    assert_eq!(ids(&found.expect("nobody else seals")).len(), 3);
    drop(unit);
    assert_eq!(ids(&sealed(&world, Some(&mark)).await).len(), 3);
    assert_eq!(verdict(&world).await.answer(), Answer::Verified);
}

/// Its id was drawn 20 s before those that were sealed meanwhile.
pub async fn a_late_commit_with_an_early_id_is_sealed_later(subject: Subject) {
    let world = World::open(subject).await;
    let [ana, ben] = ana_and_ben(&world).await;
    let mut early = world.clone();
    early.ids = Arc::new(SeededIds::from_seed(9));
    let first = sealed(&world, None).await;
    // An id a millisecond.
    let drawn = (0..20_000).fold(world.id(), |_, _| world.id());
    world.clock.advance(20 * SECOND);
    post(&world, ben, 1).await;
    let second = sealed(&world, Some(&first.mark)).await;
    assert_eq!(ids(&second).len(), 1);
    post(&early, ana, 1).await;
    let third = sealed(&world, Some(&second.mark)).await;
    assert_eq!(ids(&third).len(), 1);
    assert!(
        ids(&third)[0] < ids(&second)[0] && drawn < ids(&second)[0].uuid(),
        "it is older than what was sealed before it"
    );
    let verdict = verdict(&world).await;
    assert_eq!((verdict.answer(), verdict.counts().blocks), (Answer::Verified, 3), "{verdict:?}");
}

pub async fn each_program_has_a_chain_of_its_own(subject: Subject) {
    let world = World::open(subject).await;
    let other = world.beside(a_program().named("other").build()).await;
    let (ana, _) = (ana_and_ben(&world).await[0], sealed(&world, None).await);
    let theirs = ana_and_ben(&other).await[0];
    for (world, ana) in [(&other, theirs), (&world, ana)] {
        post(world, ana, 1).await;
        sealed(world, None).await;
    }
    let all = BlockFilter { limit: 9, ascending: true, ..BlockFilter::default() };
    let (ours, theirs) = (blocks(&world, &all).await, blocks(&other, &all).await);
    let shape = |blocks: &[Block]| {
        blocks.iter().map(|block| (block.header.n, block.header.count)).collect::<Vec<_>>()
    };
    assert_eq!((shape(&ours), shape(&theirs)), (vec![(1, 2), (2, 1)], vec![(1, 3)]));
    assert_eq!(ours[1].header.prev, ours[0].hash);
    assert_eq!(theirs[0].header.prev, [0; 32]);
    assert_eq!(verdict(&world).await.answer(), Answer::Verified);
}

pub async fn of_sealers_at_once_each_transfer_is_sealed_by_one(subject: Subject) {
    let world = World::open(subject).await;
    let [ana, _] = ana_and_ben(&world).await;
    let mut sealed_in_all = sealed(&world, None).await.tails[0].transfers.len();
    for round in 1..=5 {
        post(&world, ana, 4).await;
        let passes =
            race(
                (0..4).map(|_| {
                    let world = world.clone();
                    async move {
                        pass(&world, None, ALL).await.expect("a pass").map_or(0, |found| ids(&found).len())
                    }
                }),
            );
        sealed_in_all += passes.await.iter().sum::<usize>();
        assert_eq!(sealed_in_all, 2 + 4 * round);
    }
    let verdict = verdict(&world).await;
    assert_eq!((verdict.answer(), verdict.counts().sealed), (Answer::Verified, 22));
    println!("sealers=4 rounds=5 sealed={sealed_in_all}/22");
}

async fn record(world: &World, blocks: Vec<NewBlock>) -> Result<(), StoreError> {
    world.try_record(&Changes { blocks, ..Changes::default() }).await
}

pub async fn a_block_that_does_not_follow_is_refused(subject: Subject) {
    let world = World::open(subject).await;
    let [ana, _] = ana_and_ben(&world).await;
    sealed(&world, None).await;
    post(&world, ana, 2).await;
    let transfers = waiting(&world).await;
    let tail = |last, transfers: &[(TransferId, Hash)]| Tail {
        book: world.program.book,
        last,
        transfers: transfers.to_vec(),
    };
    let made = |last, transfers: &[(TransferId, Hash)]| seal(&tail(last, transfers), NOON, None);
    let last = verdict(&world).await.counts().heads[0].hash;
    let mut fewer = made(Some((1, last)), &transfers);
    fewer[0].transfers.pop();
    let nobody = [(TransferId::from_uuid(world.id()), [7; 32])];
    let again = {
        let first = world.reports.sealed_rows(world.program.book, ana, None, None, 1).await.expect("rows");
        [(TransferId::from_uuid(Uuid::from_bytes(first[0].row.leaf().transfer)), [7; 32])]
    };
    let attempts = [
        ("a second first block", made(None, &transfers)),
        ("a block after the next", made(Some((2, last)), &transfers)),
        ("a block after another", made(Some((1, [9; 32])), &transfers)),
        ("a block with fewer transfers than it says", fewer),
        ("a transfer that does not exist", made(Some((1, last)), &nobody)),
        ("a transfer that is sealed", made(Some((1, last)), &again)),
    ];
    let tried = attempts.len();
    for (what, blocks) in attempts {
        assert!(record(&world, blocks).await.is_err(), "{what}");
    }
    println!("refused={tried}/{tried}");
    record(&world, made(Some((1, last)), &transfers)).await.expect("one that follows");
}

pub async fn blocks_are_read_back_equal_and_in_order(subject: Subject) {
    let world = World::open(subject).await;
    let [ana, _] = ana_and_ben(&world).await;
    let key = SigningKey::from_seed([3; 32]);
    let mut made = Vec::<Block>::new();
    for n in 0..5_i64 {
        post(&world, ana, 1).await;
        let transfers = waiting(&world).await;
        let last = made.last().map(|block| (block.header.n, block.hash));
        let tail = Tail { book: world.program.book, last, transfers };
        let blocks = seal(&tail, NOON.plus_micros(n), (n % 2 == 0).then_some(&key));
        made.push(blocks[0].block);
        record(&world, blocks).await.expect("recorded");
    }
    let newest: Vec<_> = made.iter().rev().copied().collect();
    let of = |change: fn(&mut BlockFilter)| {
        let mut filter = BlockFilter { limit: 10, ..BlockFilter::default() };
        change(&mut filter);
        filter
    };
    assert_eq!(blocks(&world, &of(|_| ())).await, newest);
    assert_eq!(blocks(&world, &of(|it| it.limit = 2)).await, newest[..2]);
    assert_eq!(blocks(&world, &of(|it| it.before = Some(3))).await, newest[3..]);
    assert_eq!(blocks(&world, &of(|it| (it.from, it.ascending) = (Some(4), true))).await, made[3..]);
    assert_eq!(
        blocks(&world, &of(|it| (it.numbers, it.ascending) = (vec![5, 2, 9], true))).await,
        [made[1], made[4]]
    );
    let by_hash = |hash| BlockFilter { hash: Some(hash), limit: 1, ..BlockFilter::default() };
    assert_eq!(blocks(&world, &by_hash(made[2].hash)).await, [made[2]]);
    assert_eq!(blocks(&world, &by_hash([8; 32])).await, []);
}

pub async fn each_of_a_users_transfers_leads_to_the_root_of_its_block(subject: Subject) {
    let world = World::open(subject).await;
    let [ana, ben] = ana_and_ben(&world).await;
    post(&world, ana, 2).await;
    post(&world, ben, 1).await;
    sealed(&world, None).await;
    world.clock.advance(SECOND);
    post(&world, ana, 2).await;
    sealed(&world, None).await;
    world.clock.advance(SECOND);
    post(&world, ana, 1).await;
    let book = world.program.book;
    let rows = world.reports.sealed_rows(book, ana, None, None, ALL).await.expect("rows");
    let seals: Vec<_> = rows.iter().filter_map(|row| row.seal).collect();
    assert_eq!((rows.len(), seals.len()), (6, 5), "the last one waits");
    let leaves = world.reports.leaves(book, &[1, 2, 3]).await.expect("leaves");
    assert_eq!(leaves.iter().map(Vec::len).collect::<Vec<_>>(), [5, 2, 0]);
    let filter = BlockFilter { ascending: true, limit: 9, ..BlockFilter::default() };
    let blocks = blocks(&world, &filter).await;
    for row in rows.iter().filter(|row| row.seal.is_some()) {
        let Seal { block, position } = row.seal.expect("sealed");
        let at = usize::try_from(block - 1).expect("small");
        let path = path(&leaves[at], usize::try_from(position).expect("small"));
        let header = blocks[at].header;
        assert_eq!(root_from(&row.row.leaf().hash(), position, header.count, &path), Some(header.root));
        assert_eq!(root(&leaves[at]), Some(header.root));
    }
    let second = NOON.plus_micros(SECOND);
    let within = world.reports.sealed_rows(book, ana, Some(second), Some(second.plus_micros(SECOND)), ALL);
    assert_eq!(within.await.expect("rows"), rows[3..5]);
    assert_eq!(world.reports.sealed_rows(book, ana, None, None, 2).await.expect("rows"), rows[..2]);
}
