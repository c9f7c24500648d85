//! What those do who move money by hand: adjustments, retractions, payouts and their batches.

use std::sync::Arc;

use referral_app::{
    DecideAdjustment, ExportBatch, RequestAdjustment, RequestPayout, RetractTransaction, SettleBatch,
};
use referral_domain::adjustment::Decision;
use referral_domain::id::{BatchId, PayoutId};
use referral_domain::ledger::TransactionKind;
use referral_domain::port::{
    AdjustmentFilter, BatchFilter, HistoryFilter, LedgerReports, PayoutFilter, PayoutReports, Rail, Reports,
};
use referral_domain::time::SECOND;
use referral_rails::CsvTable;
use referral_testkit::build::{a_program, host, reference};
use referral_testkit::faults::{Plan, Sweep, Swept};
use referral_testkit::fingerprint::normalised;
use referral_testkit::world::a_person;

use super::{answered, failing_in};
use crate::payout_runs::line;
use crate::stage::Stage;

pub(super) async fn sweeps() -> Swept {
    [adjustments().await, payouts().await, batches().await].into_iter().sum()
}

/// Sweeps over a use case on a stage whose batches can leave.
async fn swept<T>(
    sweep: Sweep,
    set: impl AsyncFn(&Stage),
    run: impl AsyncFn(&Stage) -> Result<T, String>,
) -> Swept {
    let make = async || {
        let (stage, plan): (Stage, Arc<Plan>) = failing_in(a_program().build()).await;
        let rails: Vec<Box<dyn Rail>> = vec![Box::new(CsvTable)];
        let stage = Stage { app: stage.app.clone().with_rails(rails), ..stage };
        stage.affiliates(&["u_ana", "u_cat"]).await;
        set(&stage).await;
        stage.world.clock.advance(SECOND);
        (stage, plan)
    };
    sweep.run(make, run, async |stage: &Stage| normalised(&format!("{:?}", stage.memory))).await
}

async fn nothing(_: &Stage) {}

fn asking(stage: &Stage, amount: i64) -> RequestAdjustment {
    RequestAdjustment {
        program: stage.program().slug.clone(),
        user: host("u_ana"),
        amount,
        reason: "Our mistake".to_owned(),
        reference: reference("ticket_1"),
        by: a_person("u_ada"),
    }
}

/// The one adjustment there is, found without the ports that fail.
async fn deciding(stage: &Stage, decision: Decision) -> DecideAdjustment {
    let filter = AdjustmentFilter { limit: 1, user: None, status: None, after: None };
    let found = stage.memory.adjustments(stage.program().book, &filter).await.expect("a page");
    let (program, id) = (stage.program().slug.clone(), found[0].file.adjustment.id);
    DecideAdjustment { program, id, decision, note: Some("Seen".to_owned()), by: a_person("u_bob") }
}

/// The retraction of a reward of Ana's.
async fn withdrawing(stage: &Stage) -> RetractTransaction {
    let kinds = vec![TransactionKind::ReferralBonus];
    let filter = HistoryFilter { kinds, limit: 1, ..HistoryFilter::default() };
    let ana = stage.world.user("u_ana").await.id;
    let found = stage.memory.history(stage.program().book, ana, &filter).await.expect("a page");
    let (program, reason) = (stage.program().slug.clone(), "Of one household".to_owned());
    RetractTransaction { program, transaction: found[0].transaction.id, reason, by: a_person("u_bob") }
}

async fn adjustments() -> Swept {
    let ask = |amount| {
        async move |stage: &Stage| answered(stage.app.request_adjustment(&asking(stage, amount), None).await)
    };
    let waits = async |stage: &Stage| {
        drop(stage.app.request_adjustment(&asking(stage, 50_000), None).await.expect("asked"))
    };
    let decide = |decision| {
        async move |stage: &Stage| {
            answered(stage.app.decide_adjustment(&deciding(stage, decision).await, None).await)
        }
    };
    let given = async |stage: &Stage| {
        stage.app.request_adjustment(&asking(stage, 5_00), None).await.expect("adjusted");
    };
    let retract = async |stage: &Stage| {
        let filter = AdjustmentFilter { limit: 1, user: None, status: None, after: None };
        let found = stage.memory.adjustments(stage.program().book, &filter).await.expect("a page");
        let transaction = found[0].item.as_ref().expect("it is posted").transaction.id;
        let (program, reason) = (stage.program().slug.clone(), "Our own mistake".to_owned());
        let command = RetractTransaction { program, transaction, reason, by: a_person("u_bob") };
        answered(stage.app.retract_transaction(&command, None).await)
    };
    let withdraw =
        async |stage: &Stage| answered(stage.app.retract_transaction(&withdrawing(stage).await, None).await);
    let withdrawn = async |stage: &Stage| {
        stage.app.retract_transaction(&withdrawing(stage).await, None).await.expect("retracted");
    };
    let sweeps = [
        swept(Sweep::of("an adjustment within the limit"), nothing, ask(5_00)).await,
        swept(Sweep::of("an adjustment beyond the limit"), nothing, ask(50_000)).await,
        swept(Sweep::of("an adjustment of more than there is"), nothing, ask(-30_00)).await,
        swept(Sweep::of("an adjustment asked for again"), waits, ask(50_000)).await,
        swept(Sweep::of("an adjustment approved"), waits, decide(Decision::Approve)).await,
        swept(Sweep::of("an adjustment refused"), waits, decide(Decision::Reject)).await,
        swept(Sweep::of("a transaction retracted"), given, retract).await,
        swept(Sweep::of("a reward retracted"), nothing, withdraw).await,
        swept(Sweep::of("a reward retracted again"), withdrawn, withdraw).await,
    ];
    sweeps.into_iter().sum()
}

/// The payouts there are, the newest first, found without the ports that fail.
async fn known(stage: &Stage) -> Vec<PayoutId> {
    let filter = PayoutFilter { user: None, status: None, before: None, limit: 10 };
    let found = stage.memory.payouts(stage.program().book, &filter).await.expect("a page");
    found.into_iter().map(|item| item.payout.id).collect()
}

async fn payouts() -> Swept {
    let request = async |stage: &Stage| {
        let command =
            RequestPayout { program: stage.program().slug.clone(), user: host("u_ana"), amount: None };
        answered(stage.app.request_payout(&command, None).await).map(drop)
    };
    let asked = async |stage: &Stage| drop(stage.request("u_ana", None).await.expect("asked for"));
    let changing = async |stage: &Stage| stage.change(known(stage).await[0], a_person("u_ada"));
    let approve =
        async |stage: &Stage| answered(stage.app.approve_payout(&changing(stage).await, None).await);
    let reject = async |stage: &Stage| {
        answered(stage.app.reject_payout(&changing(stage).await, Some("No"), None).await)
    };
    let cancel = async |stage: &Stage| {
        let (program, id) = (stage.program().slug.clone(), known(stage).await[0]);
        answered(stage.app.cancel_payout(&program, &host("u_ana"), id, None).await)
    };
    let sweeps = [
        swept(Sweep::of("a payout asked for"), nothing, request).await,
        swept(Sweep::of("a second payout asked for"), asked, request).await,
        swept(Sweep::of("a payout approved"), asked, approve).await,
        swept(Sweep::of("a payout rejected"), asked, reject).await,
        swept(Sweep::of("a payout cancelled"), asked, cancel).await,
    ];
    sweeps.into_iter().sum()
}

/// The batch there is.
async fn batch(stage: &Stage) -> BatchId {
    let filter = BatchFilter { status: None, before: None, limit: 1 };
    stage.memory.batches(stage.program().book, &filter).await.expect("a page")[0].id
}

async fn exported(stage: &Stage) -> Result<(), String> {
    let target = stage.moving(batch(stage).await, "u_ada");
    let command = ExportBatch { target, format: "csv".to_owned() };
    answered(stage.app.export_batch(&command).await).map(drop)
}

async fn batches() -> Swept {
    let approved = async |stage: &Stage| drop(stage.approved(&["u_ana", "u_cat"]).await);
    let built = async |stage: &Stage| {
        approved(stage).await;
        drop(stage.built(None).await);
    };
    let sealed = async |stage: &Stage| {
        built(stage).await;
        let moving = stage.moving(batch(stage).await, "u_ada");
        stage.app.seal_batch(&moving, None).await.expect("sealed");
    };
    let agreed = async |stage: &Stage| {
        sealed(stage).await;
        let moving = stage.moving(batch(stage).await, "u_bob");
        stage.app.approve_batch(&moving, None).await.expect("approved");
    };
    let sent = async |stage: &Stage| {
        agreed(stage).await;
        exported(stage).await.expect("exported");
    };
    let build = async |stage: &Stage| {
        answered(stage.app.build_batch(&stage.a_payout_batch(None), None).await).map(drop)
    };
    let seal = async |stage: &Stage| {
        answered(stage.app.seal_batch(&stage.moving(batch(stage).await, "u_ada"), None).await)
    };
    let approve = async |stage: &Stage| {
        answered(stage.app.approve_batch(&stage.moving(batch(stage).await, "u_bob"), None).await)
    };
    let discard = async |stage: &Stage| {
        answered(stage.app.discard_batch(&stage.moving(batch(stage).await, "u_ada"), None).await)
    };
    let sweeps = [
        swept(Sweep::of("a batch built"), approved, build).await,
        swept(Sweep::of("a batch sealed"), built, seal).await,
        swept(Sweep::of("a batch approved"), sealed, approve).await,
        swept(Sweep::of("a batch discarded"), sealed, discard).await,
        swept(Sweep::of("a batch exported"), agreed, exported).await,
        swept(Sweep::of("a batch settled"), sent, settled).await,
    ];
    sweeps.into_iter().sum()
}

/// The bank paid the one and failed the other.
async fn settled(stage: &Stage) -> Result<(), String> {
    let words = [(1, "paid"), (2, "failed")];
    let rows = known(stage).await.into_iter().zip(words);
    let rows = rows.map(|(payout, (n, word))| line(n, payout, "25.00", word)).collect();
    let command = SettleBatch { target: stage.moving(batch(stage).await, "u_ada"), rows };
    answered(stage.app.settle_batch(&command, None).await).map(drop)
}
