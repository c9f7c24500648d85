//! Blocks: everything posted is sealed, once, in chains that hold; nobody who comes late is passed over.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::id::{TransferId, UserId};
use referral_domain::ledger::{
    Answer, Block, Hash, Journal, Mark, NewBlock, Posting, Seal, SystemAccount, Tail, Unsealed, Verdict, seal,
};
use referral_domain::port::{BlockFilter, Changes, StoreError};
use referral_domain::time::SECOND;
use referral_proof::merkle::{path, root, root_from};
use referral_proof::sign::SigningKey;
use uuid::Uuid;

use super::wallets::a_bonus;
use super::{Subject, race};
use crate::build::a_program;
use crate::fake::NOON;
use crate::world::World;

/// More than any case posts.
const ALL: u32 = 1_000;

/// Posts so many credits of 1.00 to a user, each a transfer.
async fn post(world: &World, user: UserId, credits: usize) -> Posting {
    let mut journal = Journal::open(vec![world.wallet(user).await], world.now());
    for _ in 0..credits {
        let from = SystemAccount::RewardExpense;
        journal.credit(a_bonus(world), user, 100, from, &mut || world.id()).expect("credited");
    }
    let posting = journal.finish();
    world.record(&Changes { posting: posting.clone(), ..Changes::default() }).await;
    posting
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

async fn sealed(world: &World, mark: Option<&Mark>) -> Unsealed {
    pass(world, mark, ALL).await.expect("a pass").expect("nobody else seals")
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
    let ana = world.user("u_ana").await.id;
    let posting = post(&world, ana, 5).await;
    let found = sealed(&world, None).await;
    assert_eq!(ids(&found), posting.transfers.iter().map(|row| row.id).collect::<Vec<_>>());
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
    let ana = world.user("u_ana").await.id;
    post(&world, ana, 2).await;
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
    let users = world.users(&["u_ana", "u_ben"]).await;
    for user in &users {
        post(&world, user.id, 7).await;
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
    post(&world, users[0].id, 1).await;
    assert_eq!(ids(&sealed(&world, mark.as_ref()).await).len(), 1, "and what comes after it is found");
}

pub async fn a_pass_that_is_not_committed_loses_nobody(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
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
    let users = world.users(&["u_ana", "u_ben"]).await;
    let early = world.id();
    let later = |seconds: u128| Uuid::from_u128(early.as_u128() + ((seconds * 1_000) << 80));
    post(&world, users[0].id, 1).await;
    let first = sealed(&world, None).await;
    world.clock.advance(20 * SECOND);
    let mut of_ben = Journal::open(vec![world.wallet(users[1].id).await], world.now());
    let mut drawn = (20..).map(later);
    let from = SystemAccount::RewardExpense;
    let mut draw = || drawn.next().expect("an id");
    of_ben.credit(a_bonus(&world), users[1].id, 100, from, &mut draw).expect("credited");
    world.record(&Changes { posting: of_ben.finish(), ..Changes::default() }).await;
    let second = sealed(&world, Some(&first.mark)).await;
    assert_eq!(ids(&second).len(), 1);
    let late = post_under(&world, users[0].id, early).await;
    let third = sealed(&world, Some(&second.mark)).await;
    assert_eq!(ids(&third), [late], "it is older than what was sealed before it");
    assert!(late < ids(&second)[0]);
    let verdict = verdict(&world).await;
    assert_eq!((verdict.answer(), verdict.counts().blocks), (Answer::Verified, 3));
}

/// Posts one credit whose transfer has this id.
async fn post_under(world: &World, user: UserId, id: Uuid) -> TransferId {
    let mut journal = Journal::open(vec![world.wallet(user).await], world.now());
    let from = SystemAccount::RewardExpense;
    journal.credit(a_bonus(world), user, 100, from, &mut || id).expect("credited");
    let posting = journal.finish();
    world.record(&Changes { posting, ..Changes::default() }).await;
    TransferId::from_uuid(id)
}

pub async fn each_program_has_a_chain_of_its_own(subject: Subject) {
    let world = World::open(subject).await;
    let other = world.beside(a_program().named("other").build()).await;
    for (world, credits) in [(&world, 2), (&other, 3), (&world, 1)] {
        let user = world.user("u_ana").await.id;
        post(world, user, credits).await;
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
    let ana = world.user("u_ana").await.id;
    let mut sealed_in_all = 0;
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
        assert_eq!(sealed_in_all, 4 * round);
    }
    let verdict = verdict(&world).await;
    assert_eq!((verdict.answer(), verdict.counts().sealed), (Answer::Verified, 20));
    println!("sealers=4 rounds=5 sealed={sealed_in_all}/20");
}

async fn record(world: &World, blocks: Vec<NewBlock>) -> Result<(), StoreError> {
    world.try_record(&Changes { blocks, ..Changes::default() }).await
}

pub async fn a_block_that_does_not_follow_is_refused(subject: Subject) {
    let world = World::open(subject).await;
    let ana = world.user("u_ana").await.id;
    post(&world, ana, 1).await;
    sealed(&world, None).await;
    let posting = post(&world, ana, 2).await;
    let transfers: Vec<_> = posting.transfers.iter().map(|row| (row.id, [7; 32])).collect();
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
    let ana = world.user("u_ana").await.id;
    let key = SigningKey::from_seed([3; 32]);
    let mut made = Vec::<Block>::new();
    for n in 0..5_i64 {
        let posting = post(&world, ana, 1).await;
        let transfers = posting.transfers.iter().map(|row| (row.id, [n.unsigned_abs() as u8; 32])).collect();
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
    let (ana, ben) = (world.user("u_ana").await.id, world.user("u_ben").await.id);
    post(&world, ana, 3).await;
    post(&world, ben, 2).await;
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
