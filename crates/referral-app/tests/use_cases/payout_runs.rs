//! Payout runs (F17): two at once, every button clicked twice, settlements imported twice and wrongly. Nobody is paid twice.

use futures_util::future::join_all;
use referral_app::{
    BatchRefused, EmptyBatch, ExportBatch, ExportRefused, RecordSpend, Replayable, SettleBatch, SettleReceipt,
};
use referral_domain::id::{BatchId, PayoutId};
use referral_domain::payout::{BatchRefusal, BatchStatus, ExceptionCode, LeftOut, PayoutStatus, Row};
use referral_domain::spend::EventCommand;
use referral_testkit::build::{a_refund, host, usd};
use referral_testkit::world::a_person;

use crate::stage::{Stage, answer, done, fresh};

/// A line of a settlement file.
pub(crate) fn line(n: u64, payout: PayoutId, amount: &str, status: &str) -> Row {
    let columns = [payout.to_string(), amount.to_owned(), "USD".to_owned(), status.to_owned(), String::new()];
    Row { line: n, columns: Some(columns) }
}

impl Stage {
    pub(crate) async fn settle(&self, batch: BatchId, rows: Vec<Row>) -> Result<SettleReceipt, BatchRefused> {
        let command = SettleBatch { target: self.moving(batch, "u_ada"), rows };
        done(self.app.settle_batch(&command, None).await)
    }

    async fn export(&self, batch: BatchId, format: &str) -> Result<Vec<u8>, ExportRefused> {
        let command = ExportBatch { target: self.moving(batch, "u_ada"), format: format.to_owned() };
        answer(self.app.export_batch(&command).await).map(|export| export.bytes)
    }

    /// Sealed by its maker and approved by another.
    async fn agree_on(&self, batch: BatchId) {
        self.app.seal_batch(&self.moving(batch, "u_ada"), None).await.expect("sealed");
        self.app.approve_batch(&self.moving(batch, "u_bob"), None).await.expect("approved by another");
    }

    /// The same, and exported.
    pub(crate) async fn send_off(&self, batch: BatchId) {
        self.agree_on(batch).await;
        self.export(batch, "csv").await.expect("exported");
    }
}

const NAMES: [&str; 6] = ["u_1", "u_2", "u_3", "u_4", "u_5", "u_6"];

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_and_every_button_clicked_twice_pay_each_once() {
    let stage = Stage::paying().await;
    stage.affiliates(&NAMES).await;
    let ids = stage.approved(&NAMES).await;
    let clicks = 4;
    let build = stage.a_payout_batch(None);
    let runs = join_all((0..clicks).map(|_| stage.app.build_batch(&build, None))).await;
    let built: Vec<_> = runs.into_iter().filter_map(|run| answer(run).ok()).map(fresh).collect();
    assert_eq!(built.len(), 1, "one run takes them, the others find nothing");
    let batch = built[0].batch.id;
    let (ada, bob) = (stage.moving(batch, "u_ada"), stage.moving(batch, "u_bob"));
    let sealed = join_all((0..clicks).map(|_| stage.app.seal_batch(&ada, None))).await;
    assert!(sealed.into_iter().all(|sealed| answer(sealed).is_ok()));
    let own = done(stage.app.approve_batch(&ada, None).await).expect_err("its maker may not");
    assert_eq!(own, BatchRefused::Rule(BatchRefusal::SecondPerson));
    let approved = join_all((0..clicks).map(|_| stage.app.approve_batch(&bob, None))).await;
    assert!(approved.into_iter().all(|approved| answer(approved).is_ok()));
    let files = join_all((0..clicks).map(|_| stage.export(batch, "csv"))).await;
    let files: Vec<_> = files.into_iter().map(|file| file.expect("a file")).collect();
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]), "the same bytes each time");
    let rows: Vec<_> = ids.iter().zip(2..).map(|(id, n)| line(n, *id, "25.00", "paid")).collect();
    let imports = join_all((0..clicks).map(|_| stage.settle(batch, rows.clone()))).await;
    let paid: usize = imports.into_iter().map(|import| import.expect("imported").settled).sum();
    let (left, waiting) = paid_and_waiting(&stage).await;
    println!(
        "runs at once={clicks} built=1 clicks={} payouts={} paid={paid} paid twice={} cents that left={left}",
        clicks * 5,
        ids.len(),
        paid - ids.len()
    );
    let expected = 25_00 * i64::try_from(ids.len()).expect("few");
    assert_eq!((paid, left, waiting), (ids.len(), expected, 0));
    stage.is_sound().await;
}

/// What these users were paid, and what they still have in payout.
async fn paid_and_waiting(stage: &Stage) -> (i64, i64) {
    let (mut paid, mut waiting) = (0, 0);
    for name in NAMES {
        let overview = stage.app.payout_overview(&stage.program().slug, &host(name)).await.expect("a view");
        paid += overview.paid;
        waiting += overview.balance.balance.balances.in_payout;
    }
    (paid, waiting)
}

#[tokio::test]
async fn a_settlement_with_one_amount_changed_settles_the_rest_and_tells() {
    let stage = Stage::paying().await;
    stage.affiliates(&NAMES[..4]).await;
    let ids = stage.approved(&NAMES[..4]).await;
    let batch = stage.built(None).await.batch.id;
    let early = stage.settle(batch, Vec::new()).await.expect_err("it is a draft");
    assert_eq!(early, BatchRefused::Rule(BatchRefusal::State(BatchStatus::Draft)));
    stage.send_off(batch).await;
    let unknown = PayoutId::from_uuid(stage.world.id());
    let rows = vec![
        line(2, ids[0], "25.00", "paid"),
        line(3, ids[1], "25.01", "paid"),
        line(4, ids[2], "25.00", "failed"),
        line(5, ids[3], "25.00", "lost"),
        line(6, unknown, "25.00", "paid"),
        line(7, ids[0], "25.00", "paid"),
        Row { line: 8, columns: None },
    ];
    let first = stage.settle(batch, rows.clone()).await.expect("imported");
    let codes: Vec<_> = first.exceptions.iter().map(|exception| (exception.line, exception.code)).collect();
    let expected = [
        (3, ExceptionCode::AmountMismatch),
        (5, ExceptionCode::UnknownStatus),
        (6, ExceptionCode::UnknownPayout),
        (7, ExceptionCode::DuplicateLine),
        (8, ExceptionCode::MalformedRow),
    ];
    assert_eq!((first.settled, first.failed, codes.as_slice()), (1, 1, expected.as_slice()));
    let stored = stage.stored();
    let again = stage.settle(batch, rows).await.expect("imported");
    assert_eq!((again.settled, again.failed, again.unchanged), (0, 0, 2));
    assert_eq!(stage.stored(), stored, "importing twice changes nothing");
    println!("lines={} settled=1 failed=1 exceptions={} settled again=0", 7, codes.len());
    let statuses = [stage.status(ids[0]).await, stage.status(ids[1]).await, stage.status(ids[2]).await];
    assert_eq!(statuses, [PayoutStatus::Paid, PayoutStatus::Sent, PayoutStatus::Failed]);
    assert_eq!((stage.available("u_1").await, stage.available("u_3").await), (0, 25_00));
    let other = stage.settle(batch, vec![line(2, ids[0], "25.00", "failed")]).await.expect("imported");
    assert_eq!(other.exceptions[0].code, ExceptionCode::AlreadySettled);
    let rest = vec![line(2, ids[1], "25.00", "paid"), line(3, ids[3], "25.00", "paid")];
    let last = stage.settle(batch, rest).await.expect("imported");
    assert_eq!((last.settled, last.batch.status()), (2, BatchStatus::Settled));
    stage.is_sound().await;
}

#[tokio::test]
async fn a_batch_leaves_in_one_format_and_a_discarded_one_frees_its_payouts() {
    let stage = Stage::paying().await;
    stage.affiliates(&NAMES[..2]).await;
    let ids = stage.approved(&NAMES[..2]).await;
    let given_up = stage.built(None).await.batch.id;
    stage.app.discard_batch(&stage.moving(given_up, "u_bob"), None).await.expect("discarded");
    stage.app.discard_batch(&stage.moving(given_up, "u_bob"), None).await.expect("as before");
    assert_eq!(stage.status(ids[0]).await, PayoutStatus::Approved);
    let preview = stage.app.preview_batch(&stage.a_payout_batch(None)).await.expect("a preview");
    assert_eq!((preview.taken.len(), preview.left_out.len()), (2, 0));
    let batch = stage.built(Some(ids.clone())).await.batch.id;
    let nothing = answer(stage.app.build_batch(&stage.a_payout_batch(Some(ids.clone())), None).await);
    assert!(matches!(nothing, Err(EmptyBatch::Unchanged)));
    stage.send_off(batch).await;
    assert_eq!(stage.export(batch, "paypal").await, Err(ExportRefused::OtherFormat("csv".to_owned())));
    let late = done(stage.app.discard_batch(&stage.moving(batch, "u_bob"), None).await);
    let sent = BatchRefused::Rule(BatchRefusal::State(BatchStatus::Exported));
    assert_eq!(late.map(|receipt| receipt.batch.status()), Err(sent));
    stage.is_sound().await;
}

#[tokio::test]
async fn a_payout_whose_user_owes_is_cancelled_and_the_money_repays_first() {
    let stage = Stage::paying().await;
    stage.affiliates(&NAMES[..2]).await;
    let ids = stage.approved(&NAMES[..2]).await;
    let refund = a_refund("back_1", "friend_of_u_1", "inv_u_1", usd(60_00)).at(stage.now()).build();
    let command =
        RecordSpend { program: stage.program().slug.clone(), events: vec![EventCommand::Refund(refund)] };
    stage.app.record_spend(&command).await.expect("a refund is recorded");
    assert_eq!(
        stage.balance("u_1").await.balances.owed,
        25_00,
        "the reward was taken back while it was in payout"
    );
    let preview = stage.app.preview_batch(&stage.a_payout_batch(None)).await.expect("a preview");
    assert_eq!(preview.left_out, [(ids[0], LeftOut::UserOwes)]);
    let receipt = stage.built(None).await;
    assert_eq!((receipt.batch.items.len(), receipt.batch.left_out), (1, vec![(ids[0], LeftOut::UserOwes)]));
    assert_eq!(stage.status(ids[0]).await, PayoutStatus::Cancelled);
    let balances = stage.balance("u_1").await.balances;
    assert_eq!((balances.available, balances.in_payout, balances.owed), (0, 0, 0));
    stage.is_sound().await;
}

#[tokio::test]
async fn a_batch_of_nobody_but_who_owes_says_that_their_payouts_were_cancelled() {
    let stage = Stage::paying().await;
    stage.affiliates(&NAMES[..1]).await;
    let ids = stage.approved(&NAMES[..1]).await;
    let refund = a_refund("back_1", "friend_of_u_1", "inv_u_1", usd(60_00)).at(stage.now()).build();
    let command =
        RecordSpend { program: stage.program().slug.clone(), events: vec![EventCommand::Refund(refund)] };
    stage.app.record_spend(&command).await.expect("a refund is recorded");
    let build = stage.a_payout_batch(Some(ids.clone()));
    let cancelled = answer(stage.app.build_batch(&build, None).await);
    assert!(matches!(cancelled, Err(EmptyBatch::Cancelled { cancelled: 1 })), "{cancelled:?}");
    assert_eq!(stage.status(ids[0]).await, PayoutStatus::Cancelled);
    let stored = stage.stored();
    let again = answer(stage.app.build_batch(&build, None).await);
    assert!(matches!(again, Err(EmptyBatch::Unchanged)), "{again:?}");
    assert_eq!(stage.stored(), stored, "nothing changes");
    stage.is_sound().await;
}

#[tokio::test]
async fn a_payout_whose_user_is_not_verified_waits_for_a_later_batch() {
    let stage = Stage::paying().await;
    stage.affiliates(&NAMES[..2]).await;
    let ids = stage.approved(&NAMES[..2]).await;
    stage.hear("u_1", false).await;
    let preview = stage.app.preview_batch(&stage.a_payout_batch(None)).await.expect("a preview");
    assert_eq!((preview.taken.len(), preview.left_out), (1, vec![(ids[0], LeftOut::NotVerified)]));
    let first = stage.built(None).await.batch;
    assert_eq!((first.items.len(), first.left_out), (1, vec![(ids[0], LeftOut::NotVerified)]));
    assert_eq!(stage.status(ids[0]).await, PayoutStatus::Approved);
    let nothing = answer(stage.app.build_batch(&stage.a_payout_batch(None), None).await);
    assert!(matches!(nothing, Err(EmptyBatch::Unchanged)));
    assert_eq!(stage.status(ids[0]).await, PayoutStatus::Approved, "it is not cancelled");
    stage.hear_at("u_1", true, stage.now().plus_micros(1)).await;
    let later = stage.built(None).await.batch;
    assert_eq!(later.items.iter().map(|item| item.payout).collect::<Vec<_>>(), [ids[0]]);
    stage.is_sound().await;
}

#[tokio::test]
async fn a_batch_with_somebody_no_longer_verified_does_not_leave() {
    let stage = Stage::paying().await;
    stage.affiliates(&NAMES[..2]).await;
    let ids = stage.approved(&NAMES[..2]).await;
    let batch = stage.built(None).await.batch.id;
    stage.agree_on(batch).await;
    stage.hear("u_2", false).await;
    let stored = stage.stored();
    assert_eq!(stage.export(batch, "csv").await, Err(ExportRefused::NotVerified(ids[1])));
    assert_eq!(stage.stored(), stored, "nothing changes");
    stage.app.discard_batch(&stage.moving(batch, "u_ada"), None).await.expect("discarded");
    let rest = stage.built(None).await.batch;
    assert_eq!((rest.items.len(), rest.left_out), (1, vec![(ids[1], LeftOut::NotVerified)]));
    stage.send_off(rest.id).await;
    let file = stage.export(rest.id, "csv").await.expect("exported");
    stage.hear("u_1", false).await;
    assert_eq!(stage.export(rest.id, "csv").await, Ok(file), "what has left is told as it left");
    stage.is_sound().await;
}

#[tokio::test]
async fn a_batch_built_twice_under_one_key_is_built_once() {
    use referral_app::{BatchReceipt, Idempotent};
    let stage = Stage::paying().await;
    stage.affiliates(&NAMES[..1]).await;
    stage.approved(&NAMES[..1]).await;
    let render = |receipt: &BatchReceipt| (201, receipt.batch.id.to_string());
    let request = Idempotent {
        caller: "staff:u_ada",
        endpoint: "POST /api/admin/payout-batches",
        key: "once",
        request: [7; 32],
        render: &render,
    };
    let build = stage.a_payout_batch(None);
    let first = fresh(answer(stage.app.build_batch(&build, Some(&request)).await).expect("built"));
    let second = answer(stage.app.build_batch(&build, Some(&request)).await).expect("as before");
    match second {
        Replayable::Replayed(reply) => assert_eq!(reply.body, first.batch.id.to_string()),
        Replayable::Fresh(receipt) => panic!("built again: {receipt:?}"),
    }
    assert_eq!(first.batch.maker().map(|maker| maker.kind), Some(a_person("u_ada").kind));
}
