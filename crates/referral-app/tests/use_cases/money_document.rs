//! The worked example of `docs/MONEY.md`, played: each of its tables is what the books really moved.

use referral_app::RequestAdjustment;
use referral_domain::audit::{Actor, ActorKind};
use referral_domain::money::Money;
use referral_domain::program::{Commission, Terms};
use referral_domain::spend::EventCommand;
use referral_domain::time::DAY;
use referral_domain::trial_balance::{Movement, TrialBalance};
use referral_testkit::build::{a_program, a_refund, host, reference, usd};
use referral_testkit::world::a_person;

use crate::payout_runs::line;
use crate::stage::Stage;

const DOCUMENT: &str = include_str!("../../../../docs/MONEY.md");

/// The rows of the table under a heading, without its head.
fn table(heading: &str) -> Vec<Vec<String>> {
    let (_, rest) = DOCUMENT.split_once(heading).expect(heading);
    let rows =
        rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.skip(2).map(cells).collect()
}

fn amount(minor: i64, zero: &str) -> String {
    if minor == 0 { zero.to_owned() } else { Money::of(minor, usd(0).currency()).to_string() }
}

async fn trial(stage: &Stage) -> TrialBalance {
    stage.app.trial_balance(&stage.program().slug, None).await.expect("a trial balance").0
}

/// What moved in between, as a table has it.
fn moved(before: &TrialBalance, after: &TrialBalance) -> Vec<Vec<String>> {
    let change = |(before, after): (&Movement, &Movement)| {
        let (debit, credit) = (after.debits - before.debits, after.credits - before.credits);
        let row = vec![after.account.as_str().to_owned(), amount(debit, ""), amount(credit, "")];
        (debit != 0 || credit != 0).then_some(row)
    };
    before.rows.iter().zip(&after.rows).filter_map(change).collect()
}

async fn refund(stage: &Stage, name: &str, cents: i64) {
    let refund = a_refund(name, "u_ben", "inv_1", usd(cents)).at(stage.now()).build();
    let mut batch = stage.a_batch(Vec::new());
    batch.events = vec![EventCommand::from(refund)];
    stage.app.record_spend(&batch).await.expect("a refund is recorded");
}

async fn play(stage: &Stage, step: &str) {
    match step {
        "### 1. " => stage.ben_is_verified().await,
        "### 2. " => drop(stage.spend("inv_1", "u_ben", 60_00).await),
        "### 3. " => refund(stage, "back_1", 5_00).await,
        "### 4. " => {
            stage.world.clock.advance(14 * DAY);
            stage.app.release_holds().await.expect("holds are released");
        }
        "### 5. " => {
            stage.redeem("bill_1", "u_ana", 5_50).await.expect("redeemed");
            stage.set_method("u_ana").await;
        }
        "### 6. " => {
            stage.world.clock.advance(17 * DAY);
            stage.request("u_ana", None).await.expect("a payout is asked for");
        }
        "### 7. " => pay(stage).await,
        "### 8. " => refund(stage, "back_2", 55_00).await,
        "### 9. " => adjust(stage).await,
        other => panic!("nobody plays {other}"),
    }
}

/// A person agrees to Ana's payout, a batch takes it out, and the bank says that it was paid. Until then nothing moves.
async fn pay(stage: &Stage) {
    let overview = stage.app.payout_overview(&stage.program().slug, &host("u_ana")).await.expect("a view");
    let id = overview.open.expect("a payout is open");
    let before = trial(stage).await;
    stage.app.approve_payout(&stage.change(id, a_person("u_ada")), None).await.expect("approved");
    let batch = stage.built(None).await.batch.id;
    stage.send_off(batch).await;
    assert_eq!(moved(&before, &trial(stage).await), Vec::<Vec<String>>::new());
    let receipt = stage.settle(batch, vec![line(2, id, "25.00", "paid")]).await.expect("imported");
    assert_eq!(receipt.settled, 1);
}

async fn adjust(stage: &Stage) {
    let command = RequestAdjustment {
        program: stage.program().slug.clone(),
        user: host("u_ana"),
        amount: 30_00,
        reason: "Our mistake".to_owned(),
        reference: reference("ticket_1"),
        by: Actor { kind: ActorKind::Staff, id: "u_ada".to_owned() },
    };
    stage.app.request_adjustment(&command, None).await.expect("adjusted");
}

#[tokio::test]
async fn the_example_of_the_document_is_what_the_books_move() {
    let commission = Commission::of_millionths(100_000, 12, None);
    assert!(commission.is_some(), "ten percent");
    let terms = Terms { hold_days: 14, commission, ..Terms::default() };
    let stage = Stage::with(a_program().terms(terms).build()).await.with_rails();
    let steps: Vec<_> = DOCUMENT.lines().filter(|line| line.starts_with("### ")).collect();
    let mut before = trial(&stage).await;
    for step in &steps {
        play(&stage, &step[..7]).await;
        let after = trial(&stage).await;
        assert_eq!(moved(&before, &after), table(step), "{step}");
        before = after;
    }
    let row = |row: &Movement| {
        let told = [row.debits, row.credits, row.balance()].map(|minor| amount(minor, "0.00"));
        [vec![row.account.as_str().to_owned()], told.to_vec()].concat()
    };
    assert_eq!(before.rows.iter().map(row).collect::<Vec<_>>(), table("## What it comes to"));
    stage.is_sound().await;
    println!("steps={} accounts={}", steps.len(), before.rows.len());
    assert_eq!(steps.len(), 9);
}
