//! A batch leaves: its file is made, and its payouts are sent.

use referral_domain::id::PayoutId;
use referral_domain::payout::{Batch, BatchRefusal, BatchStatus, Payout, WrongState};
use referral_domain::port::{Changes, Payment, PaymentOrder, Rail, RailFault, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::time::Timestamp;

use super::batch::{BatchRefused, MoveBatch, payouts_of};
use super::trail::Hand;
use super::vault;
use crate::app::{App, program_in};
use crate::failure::{Failure, Refused};
use crate::transact::transact;

/// A batch to export.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExportBatch {
    /// Which, and who exports it.
    pub target: MoveBatch,
    /// In which format.
    pub format: String,
}

/// A file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Export {
    /// What it is called.
    pub file_name: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes; the same each time.
    pub bytes: Vec<u8>,
}

/// Why there is no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportRefused {
    /// A rule of batches.
    #[error(transparent)]
    Batch(#[from] BatchRefused),
    /// Somebody in it lost their verification since it was built. Nobody else is paid before them: what was approved by a
    /// second person is this manifest, whole.
    #[error("the e-mail of the user of {0} is not verified; discard the batch and build it again")]
    NotVerified(PayoutId),
    /// It has left in another format; a second file could be paid beside the first.
    #[error("the batch was exported as {0}")]
    OtherFormat(String),
    /// The format does not take this batch.
    #[error("{0}")]
    Unsuitable(String),
}

impl Refused for ExportRefused {}

impl App {
    /// Exports an approved batch: its payouts are sent. Again, it answers the same bytes and changes nothing.
    ///
    /// # Errors
    /// [`ExportRefused`] (then nothing changes), no such program, or the store's.
    pub async fn export_batch(&self, command: &ExportBatch) -> Result<Export, Failure<ExportRefused>> {
        let now = self.now();
        let rail = self.rail(&command.format);
        let rail = rail.ok_or_else(|| unsuitable("this format is not configured"))?;
        transact(self.store(), move |unit| {
            Box::pin(async move {
                let hand = Hand { actor: &command.target.actor, now, ids: &|| self.draw_id() };
                let program = program_in(unit, &command.target.program, now).await?;
                let by = hand.inside(unit, &program).await?;
                let before = unit.payouts().lock_batch(program.book, command.target.batch).await?;
                let before = before.ok_or(ExportRefused::Batch(BatchRefused::NotFound))?;
                if let Some((format, exported_at)) = before.exported() {
                    same_format(format, rail)?;
                    return self.file(unit, &program, rail, &before, exported_at).await;
                }
                rail.takes(before.kind, program.currency).map_err(not_taken)?;
                let batch = before.clone().export(rail.format(), by, now).map_err(refused)?;
                let file = self.file(unit, &program, rail, &batch, now).await?;
                let payouts = payouts_of(unit, &program, &batch).await?;
                may_be_paid(unit, &program, &payouts).await?;
                let sent = payouts.into_iter().map(|payout| payout.send(now)).collect::<Result<Vec<_>, _>>();
                let sent = sent.map_err(|fault| astray(&batch, fault))?;
                let changes = Changes {
                    batch_steps: batch.steps.last().cloned().into_iter().collect(),
                    payout_steps: sent.iter().filter_map(|payout| payout.last().cloned()).collect(),
                    audit: vec![hand.on_batch("payout-batch.export", Some(&before), &batch)],
                    ..Changes::default()
                };
                unit.recorder().record(program.book, &changes).await?;
                Ok(file)
            })
        })
        .await
    }

    /// The file of a batch, as it is from its first export on.
    async fn file(
        &self,
        unit: &mut Unit<'_>,
        program: &Program,
        rail: &dyn Rail,
        batch: &Batch,
        exported_at: Timestamp,
    ) -> Result<Export, Failure<ExportRefused>> {
        let versions: Vec<_> = batch.items.iter().map(|item| (item.user, item.method)).collect();
        let methods = unit.payouts().methods(program.book, &versions).await?;
        let mut payments = Vec::with_capacity(methods.len());
        for (item, method) in batch.items.iter().zip(&methods) {
            let destination = vault::open(self.identity(), program.book, method)?;
            let destination = destination.ok_or_else(|| unsuitable("where a payout goes was erased"))?;
            payments.push(Payment { payout: item.payout, amount: item.amount, destination });
        }
        let (kind, currency) = (batch.kind, program.currency);
        let order = PaymentOrder { batch: batch.id, kind, currency, exported_at, payments };
        let bytes = rail.render(&order).map_err(not_taken)?;
        Ok(Export { file_name: rail.file_name(batch.id), content_type: rail.content_type(), bytes })
    }
}

/// Everybody in it may be paid, as far as is known now.
async fn may_be_paid(
    unit: &mut Unit<'_>,
    program: &Program,
    payouts: &[Payout],
) -> Result<(), Failure<ExportRefused>> {
    let users: Vec<_> = payouts.iter().map(|payout| payout.user).collect();
    let unverified = unit.payouts().unverified(program.book, &users).await?;
    match payouts.iter().find(|payout| unverified.contains(&payout.user)) {
        Some(payout) => Err(ExportRefused::NotVerified(payout.id).into()),
        None => Ok(()),
    }
}

fn same_format(exported: &str, rail: &dyn Rail) -> Result<(), ExportRefused> {
    if exported == rail.format() { Ok(()) } else { Err(ExportRefused::OtherFormat(exported.to_owned())) }
}

fn refused(refusal: BatchRefusal) -> ExportRefused {
    ExportRefused::Batch(BatchRefused::Rule(refusal))
}

fn not_taken(fault: RailFault) -> ExportRefused {
    ExportRefused::Unsuitable(fault.0)
}

fn unsuitable(why: &str) -> Failure<ExportRefused> {
    Failure::Refused(ExportRefused::Unsuitable(why.to_owned()))
}

/// A payout of an approved batch is always batched.
fn astray(batch: &Batch, fault: WrongState) -> StoreError {
    let status = BatchStatus::Approved;
    StoreError::corrupt("payout_steps", "status", format!("{status} {}", batch.id), fault)
}
