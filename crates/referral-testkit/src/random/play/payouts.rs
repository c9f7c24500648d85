//! Payouts on both sides.

use referral_app::{
    BatchRefused, BuildBatch, ChangePayout, ChangeRefused, EmptyBatch, ExportBatch, ExportRefused, MoveBatch,
    Replayable, RequestPayout, SetPayoutMethod, SettleBatch,
};
use referral_domain::id::{BatchId, PayoutId};
use referral_domain::money::Money;
use referral_domain::payout::{BatchRefusal, Destination, MethodKind, RequestRefusal, Row};
use referral_domain::reference::Slug;

use super::super::oracle::{Answer, By, Next};
use super::super::paying::{BatchMove, Line, OUTSIDE, Paying};
use super::{PEOPLE, Play, answer, name};
use crate::build::{host, named_id};
use crate::world::a_person;

/// What both sides answered.
type Both = (Answer, Answer);

impl Play {
    pub(super) async fn pay(&mut self, paying: &Paying) -> Both {
        match *paying {
            Paying::SetMethod { user, place } => self.set_method(user, place).await,
            Paying::Request { user, cents } => {
                self.request(user.unwrap_or_else(|| self.oracle.richest()), cents).await
            }
            Paying::Build { external, ref of, by } => self.build(external, of.as_deref(), by).await,
            Paying::Onward { nth, ref lines } => self.onward(nth, lines).await,
            Paying::Cancel { nth: 0, .. } | Paying::Decide { nth: 0, .. } if self.payouts.is_empty() => {
                self.onward(0, &[]).await
            }
            Paying::Move { nth: 0, .. } | Paying::Settle { nth: 0, .. } if self.batches.is_empty() => {
                self.onward(0, &[]).await
            }
            Paying::Cancel { nth, stranger } => self.cancel(nth, stranger).await,
            Paying::Decide { nth, agrees } => self.decide(nth, agrees).await,
            Paying::Move { nth, step, by } => match self.oracle.batch(nth) {
                Some(batch) => self.move_batch(batch, step, by.unwrap_or(self.oracle.maker(batch))).await,
                None => self.move_nothing(step).await,
            },
            Paying::Settle { nth, ref lines } => match self.oracle.batch(nth) {
                Some(batch) => self.settle(batch, lines).await,
                None => (Answer::Done, Answer::Done),
            },
        }
    }

    fn slug(&self) -> Slug {
        self.world.program.slug.clone()
    }

    /// The id of a payout, or nobody's.
    fn payout_id(&self, payout: Option<usize>) -> PayoutId {
        payout.map_or(PayoutId::from_uuid(named_id("nobody's payout")), |payout| self.payouts[payout])
    }

    fn moving(&self, batch: BatchId, by: usize) -> MoveBatch {
        MoveBatch { program: self.slug(), batch, actor: a_person(&format!("staff_{by}")) }
    }

    async fn set_method(&mut self, user: usize, place: usize) -> Both {
        let destination = match place {
            OUTSIDE => Destination::external(&format!("creditor {user}")),
            place => Destination::paypal(&format!("u{user}.{place}@example.com")),
        };
        let destination = destination.expect("a destination");
        let command = SetPayoutMethod { program: self.slug(), user: host(&name(user)), destination };
        self.app.set_payout_method(&command, None).await.expect("nothing refuses a method");
        (Answer::Done, self.oracle.set_method(user, place))
    }

    async fn request(&mut self, user: usize, amount: Option<i64>) -> Both {
        let command = RequestPayout { program: self.slug(), user: host(&name(user)), amount };
        let told = match answer(self.app.request_payout(&command, None).await) {
            Ok(Replayable::Fresh(receipt)) => {
                self.payouts.push(receipt.item.payout.id);
                Answer::Done
            }
            Ok(Replayable::Replayed(_)) => panic!("no key was sent"),
            Err(refusal) => Answer::Refused(why_not_asked(refusal)),
        };
        (told, self.oracle.request(user, amount))
    }

    async fn cancel(&mut self, nth: usize, stranger: bool) -> Both {
        let payout = self.oracle.payout(nth);
        let owner = payout.map_or(0, |payout| self.oracle.whose(payout));
        let user = if stranger { (owner + 1) % PEOPLE } else { owner };
        let cancelled =
            self.app.cancel_payout(&self.slug(), &host(&name(user)), self.payout_id(payout), None).await;
        let told = answer(cancelled).map_or_else(why_not_changed, |_| Answer::Done);
        (told, self.oracle.cancel(payout, By::User, stranger))
    }

    async fn decide(&mut self, nth: usize, agrees: bool) -> Both {
        let payout = self.oracle.payout(nth);
        let id = self.payout_id(payout);
        let command = ChangePayout { program: self.slug(), payout: id, actor: a_person("staff_0") };
        let (decided, expected) = if agrees {
            (self.app.approve_payout(&command, None).await, self.oracle.agree(payout))
        } else {
            let rejected = self.app.reject_payout(&command, None, None).await;
            (rejected, self.oracle.cancel(payout, By::Operator, false))
        };
        (answer(decided).map_or_else(why_not_changed, |_| Answer::Done), expected)
    }

    async fn build(&mut self, external: bool, of: Option<&[usize]>, by: usize) -> Both {
        let numbers = |of: &[usize]| of.iter().map(|nth| self.oracle.payout(*nth)).collect();
        let of = of.map(numbers);
        let ids = of.as_ref().map(|of: &std::collections::BTreeSet<_>| {
            of.iter().map(|payout| self.payout_id(*payout)).collect()
        });
        let kind = if external { MethodKind::External } else { MethodKind::Paypal };
        let actor = a_person(&format!("staff_{by}"));
        let command = BuildBatch { program: self.slug(), kind, payouts: ids, actor };
        let told = match answer(self.app.build_batch(&command, None).await) {
            Ok(Replayable::Fresh(receipt)) => {
                self.batches.push(receipt.batch.id);
                Answer::Built { taken: receipt.batch.items.len(), left: receipt.batch.left_out.len() }
            }
            Ok(Replayable::Replayed(_)) => panic!("no key was sent"),
            Err(EmptyBatch::Unchanged | EmptyBatch::Cancelled { .. }) => Answer::Refused("batch empty"),
        };
        (told, self.oracle.build(external, of.as_ref(), by))
    }

    async fn onward(&mut self, nth: usize, lines: &[Line]) -> Both {
        match self.oracle.next(nth) {
            Next::Request { user } => self.request(user, None).await,
            Next::Agree { nth } => self.decide(nth, true).await,
            Next::Build { outside } => self.build(outside, None, nth).await,
            Next::Move { batch, step, by } => self.move_batch(batch, step, by).await,
            Next::Settle { batch } => self.settle(batch, lines).await,
        }
    }

    async fn move_batch(&mut self, batch: usize, step: BatchMove, by: usize) -> Both {
        let told = self.moved(self.moving(self.batches[batch], by), step).await;
        (told, self.oracle.move_batch(batch, step, by))
    }

    async fn move_nothing(&self, step: BatchMove) -> Both {
        let nobodys = BatchId::from_uuid(named_id("nobody's batch"));
        (self.moved(self.moving(nobodys, 0), step).await, Answer::Refused("batch not found"))
    }

    async fn moved(&self, target: MoveBatch, step: BatchMove) -> Answer {
        let moved = match step {
            BatchMove::Seal => answer(self.app.seal_batch(&target, None).await),
            BatchMove::Approve => answer(self.app.approve_batch(&target, None).await),
            BatchMove::Discard => answer(self.app.discard_batch(&target, None).await),
            BatchMove::Export { paypal } => return self.export(target, paypal).await,
        };
        moved.map_or_else(why_not_moved, |_| Answer::Done)
    }

    async fn export(&self, target: MoveBatch, paypal: bool) -> Answer {
        let format = if paypal { "paypal" } else { "csv" };
        match answer(self.app.export_batch(&ExportBatch { target, format: format.to_owned() }).await) {
            Ok(_) => Answer::Done,
            Err(ExportRefused::Batch(refused)) => why_not_moved(refused),
            Err(ExportRefused::NotVerified(_)) => Answer::Refused("batch: not verified"),
            Err(ExportRefused::OtherFormat(_)) => Answer::Refused("other format"),
            Err(ExportRefused::Unsuitable(_)) => Answer::Refused("format unsuitable"),
        }
    }

    async fn settle(&mut self, batch: usize, lines: &[Line]) -> Both {
        let items = self.oracle.items(batch);
        let this = &*self;
        let told = items.iter().zip(lines).flat_map(|((item, amount), line)| {
            words(*line).iter().map(move |(extra, status)| this.row(*item, amount + extra, status))
        });
        let rows = told.zip(2..).map(|(columns, line)| Row { line, columns: Some(columns) }).collect();
        let command = SettleBatch { target: self.moving(self.batches[batch], 0), rows };
        let told = match answer(self.app.settle_batch(&command, None).await) {
            Ok(Replayable::Fresh(receipt)) => Answer::Settled {
                paid: count(receipt.settled),
                failed: count(receipt.failed),
                unchanged: receipt.unchanged,
                exceptions: count(receipt.exceptions.len()),
            },
            Ok(Replayable::Replayed(_)) => panic!("no key was sent"),
            Err(refused) => why_not_moved(refused),
        };
        (told, self.oracle.settle(batch, lines))
    }

    fn row(&self, item: usize, amount: i64, status: &str) -> [String; 5] {
        let currency = self.world.program.currency;
        let (id, amount) = (self.payouts[item].to_string(), Money::of(amount, currency).to_string());
        [id, amount, currency.code().to_owned(), status.to_owned(), String::new()]
    }
}

/// What a file's lines of one payout say: a cent too much or not, and the word.
const fn words(line: Line) -> &'static [(i64, &'static str)] {
    match line {
        Line::Paid => &[(0, "paid")],
        Line::Failed => &[(0, "failed")],
        Line::Missing => &[],
        Line::OtherAmount => &[(1, "paid")],
        Line::UnknownStatus => &[(0, "lost")],
        Line::PaidTwice => &[(0, "paid"), (0, "paid")],
        Line::PaidAndFailed => &[(0, "paid"), (0, "failed")],
    }
}

fn count(many: usize) -> u32 {
    u32::try_from(many).expect("few")
}

const fn why_not_asked(refusal: RequestRefusal) -> &'static str {
    match refusal {
        RequestRefusal::EmailNotVerified => "payout: not verified",
        RequestRefusal::Open(_) => "payout-open",
        RequestRefusal::NoMethod => "payout-method-missing",
        RequestRefusal::MethodTooYoung { .. } => "payout method too young",
        RequestRefusal::BelowMinimum { .. } => "below-minimum",
        RequestRefusal::AbovePayable { .. } => "insufficient-balance",
    }
}

fn why_not_changed(refused: ChangeRefused) -> Answer {
    Answer::Refused(match refused {
        ChangeRefused::NotFound => "payout not found",
        ChangeRefused::State(_) => "payout-state",
    })
}

fn why_not_moved(refused: BatchRefused) -> Answer {
    Answer::Refused(match refused {
        BatchRefused::NotFound => "batch not found",
        BatchRefused::Rule(BatchRefusal::State(_)) => "batch-state",
        BatchRefused::Rule(BatchRefusal::SecondPerson) => "second person",
    })
}
