//! What is proven of the ledger: a user's statement, and a verification against what was published.

use referral_app::{Expected, Failure, ProveStatement, Verification, prove_statement, verify_ledger};
use referral_domain::ledger::{Check, Verdict};
use referral_proof::sign::SigningKey;
use referral_proof::statement::{Known, Statement};
use referral_testkit::build::{host, slug};
use referral_testkit::sealer::{seal_in_blocks_of, seal_signed};

use crate::stage::Stage;

/// Ana brought Ben, who spent enough: she was rewarded, he was welcomed.
async fn rewarded() -> Stage {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    stage.hear("u_ben", true).await;
    stage.spend("inv_1", "u_ben", 60_00).await;
    stage
}

fn of(user: &str) -> ProveStatement {
    ProveStatement { user: host(user), from: None, until: None }
}

async fn proven(stage: &Stage, asked: &ProveStatement) -> Statement {
    prove_statement(&stage.memory, stage.program(), asked).await.expect("the store answers")
}

#[tokio::test]
async fn a_statement_proves_each_transfer_once_it_is_sealed() {
    let stage = rewarded().await;
    let waiting = proven(&stage, &of("u_ana")).await.check(&Known::default()).expect("sound");
    assert_eq!((waiting.waiting, waiting.proven, waiting.blocks), (1, 0, 0));
    let sealed = seal_in_blocks_of(&stage.memory, 1).await;
    let statement = proven(&stage, &of("u_ana")).await;
    let unknown = statement.check(&Known::default()).expect("sound");
    assert_eq!((unknown.unanchored, unknown.proven), (1, 0), "nothing vouches for the blocks");
    let last = statement.blocks.last().expect("a block");
    assert_eq!(last.n, sealed as u64, "blocks to the end of the chain");
    let head = referral_proof::text::hash(&last.hash);
    let checked = statement.check(&Known { head, ..Known::default() }).expect("sound");
    assert!(checked.is_whole() && checked.proven == 1, "{checked:?}");
}

#[tokio::test]
async fn a_statement_that_was_changed_is_broken() {
    let stage = rewarded().await;
    seal_in_blocks_of(&stage.memory, 2).await;
    let statement = proven(&stage, &of("u_ben")).await;
    let changes: [fn(&mut Statement); 4] = [
        |it| it.transfers[0].amount_minor += 1,
        |it| it.transfers[0].credit = "revenue".to_owned(),
        |it| it.transfers[0].recorded_at = "2026-01-31T12:00:00.000001Z".to_owned(),
        |it| it.blocks[0].root = "0".repeat(64),
    ];
    for change in changes {
        let mut forged = statement.clone();
        change(&mut forged);
        assert_ne!(forged, statement);
        forged.check(&Known::default()).expect_err("it was changed");
    }
    println!("forgeries found={}", changes.len());
}

#[tokio::test]
async fn a_statement_is_of_one_user_and_one_time() {
    let stage = rewarded().await;
    let kinds = |statement: &Statement| {
        statement.transfers.iter().map(|transfer| transfer.kind.clone()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&proven(&stage, &of("u_ana")).await), ["referral_bonus"]);
    assert_eq!(kinds(&proven(&stage, &of("u_ben")).await), ["welcome_credit"]);
    assert_eq!(kinds(&proven(&stage, &of("u_nobody")).await), [""; 0]);
    let late = ProveStatement { from: Some(stage.now().plus_micros(1)), ..of("u_ana") };
    assert_eq!(kinds(&proven(&stage, &late).await), [""; 0]);
    let early = ProveStatement { until: Some(stage.now()), ..of("u_ana") };
    assert_eq!(kinds(&proven(&stage, &early).await), [""; 0], "its end is not in it");
    let by_slug = stage.app.proven_statement(&stage.program().slug, &of("u_ana")).await.expect("whole");
    assert_eq!(by_slug, proven(&stage, &of("u_ana")).await);
    let nowhere = stage.app.proven_statement(&slug("other"), &of("u_ana")).await;
    assert!(matches!(nowhere, Err(Failure::NoProgram)));
}

#[tokio::test]
async fn a_published_head_must_be_a_blocks() {
    let stage = rewarded().await;
    seal_in_blocks_of(&stage.memory, 1).await;
    let statement = proven(&stage, &of("u_ana")).await;
    let head = referral_proof::text::hash(&statement.blocks[0].hash).expect("a hash");
    let program = stage.program().slug.clone();
    for (program, hash, known) in [
        (None, head, true),
        (Some(program.clone()), head, true),
        (Some(slug("other")), head, false),
        (Some(program), [7; 32], false),
        (None, [7; 32], false),
    ] {
        let expected = Expected { head: Some((program, hash)), ..Expected::default() };
        let told = verify_ledger(&stage.memory, stage.now(), &expected).await.expect("it answers");
        assert_eq!((told.published.is_some(), told.signed), (known, None), "{expected:?}");
        match told.verdict {
            Verdict::Verified(_) => assert!(known, "{expected:?}"),
            Verdict::Broken { first, .. } => assert_eq!((first.check, known), (Check::Seals, false)),
        }
    }
}

/// A verification of a ledger with two blocks signed by one key, for whoever knows these keys.
async fn signed_by(signer: u8, known: &[u8]) -> Verification {
    let stage = rewarded().await;
    let key = |seed| SigningKey::from_seed([seed; 32]);
    let blocks = seal_signed(&stage.memory, 1, Some(&key(signer))).await;
    assert_eq!(blocks, 2, "the welcome credit and the reward");
    let keys = known.iter().map(|seed| key(*seed).public()).collect();
    let expected = Expected { keys, ..Expected::default() };
    verify_ledger(&stage.memory, stage.now(), &expected).await.expect("it answers")
}

#[tokio::test]
async fn a_signed_block_is_vouched_for_by_its_key_and_by_no_other() {
    for known in [&[1][..], &[2, 1]] {
        let told = signed_by(1, known).await;
        assert_eq!(told.signed, Some(2), "{known:?}");
        assert!(matches!(told.verdict, Verdict::Verified(_)), "{:?}", told.verdict);
    }
    let told = signed_by(1, &[]).await;
    assert_eq!(told.signed, None, "without a key nothing is said of signatures");
    let told = signed_by(1, &[2]).await;
    assert_eq!(told.signed, None, "nothing is vouched for");
    let Verdict::Broken { first, .. } = told.verdict else { panic!("{:?}", told.verdict) };
    assert_eq!(first.check, Check::Seals);
    assert_eq!(first.place, "ledger_blocks n 1 of program default: its signature");
    assert_eq!((first.expected.as_str(), first.found.len()), ("one by a known key", 128));
}

#[tokio::test]
async fn a_published_head_of_a_signed_chain_is_found_beside_its_signatures() {
    let stage = rewarded().await;
    let key = SigningKey::from_seed([1; 32]);
    seal_signed(&stage.memory, 2, Some(&key)).await;
    let statement = proven(&stage, &of("u_ana")).await;
    let head = referral_proof::text::hash(&statement.blocks[0].hash).expect("a hash");
    let expected = Expected { head: Some((None, head)), keys: vec![key.public()], ..Expected::default() };
    let told = verify_ledger(&stage.memory, stage.now(), &expected).await.expect("it answers");
    assert_eq!((told.published.map(|head| head.n), told.signed), (Some(1), Some(1)));
    assert!(matches!(told.verdict, Verdict::Verified(_)));
}

#[tokio::test]
async fn a_block_that_nobody_signed_is_not_counted_as_signed() {
    let stage = rewarded().await;
    seal_in_blocks_of(&stage.memory, 1).await;
    let keys = vec![SigningKey::from_seed([1; 32]).public()];
    let expected = Expected { keys, ..Expected::default() };
    let told = verify_ledger(&stage.memory, stage.now(), &expected).await.expect("it answers");
    assert_eq!((told.signed, told.published), (Some(0), None));
    assert!(matches!(told.verdict, Verdict::Verified(_)));
}
