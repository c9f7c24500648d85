//! Asking for payouts and carrying them out, through the ports and the domain's decisions.

use referral_domain::audit::{Actor, ActorKind};
use referral_domain::id::{BatchId, PayoutId, UserId};
use referral_domain::ledger::{CreatedBy, Heading, Journal, Wallet};
use referral_domain::payout::{
    Batch, BatchItem, CancelledBy, Failure, LeftOut, MethodKind, Movement, Outcome, Payout, PayoutMethod,
    PayoutStatus, SettlementLine, heading,
};
use referral_domain::port::{Changes, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::time::DAY;

use super::World;

/// A person of the company.
#[must_use]
pub fn a_person(name: &str) -> Actor {
    Actor { kind: ActorKind::Staff, id: name.to_owned() }
}

impl World {
    /// The next version of a user's payout method, set long ago.
    pub async fn set_method(&self, user: UserId, kind: MethodKind) -> PayoutMethod {
        let mut unit = self.begin().await;
        let known = unit.payouts().method(self.program.book, user).await.expect("methods");
        drop(unit);
        let n = known.map_or(0, |method| method.n) + 1;
        let method = PayoutMethod {
            user,
            n,
            kind,
            label: format!("**** {n}"),
            digest: [u8::try_from(n % 256).unwrap_or(0); 32],
            sealed: Some(vec![7; 40]),
            changed_at: self.now().plus_micros(-100 * DAY),
        };
        self.record(&Changes { payout_methods: vec![method.clone()], ..Changes::default() }).await;
        method
    }

    /// A user asks for a payout of an amount they have; `None` when another is open.
    pub async fn request(&self, user: UserId, amount: i64) -> Option<Payout> {
        let asked = self.transact(move |unit| Box::pin(self.request_in(unit, user, amount)));
        asked.await.expect("a payout is asked for")
    }

    /// The same, in a unit; `None` too when there is less.
    ///
    /// # Errors
    /// The store's.
    pub async fn request_in(
        &self,
        unit: &mut Unit<'_>,
        user: UserId,
        amount: i64,
    ) -> Result<Option<Payout>, StoreError> {
        let Program { book, currency, .. } = self.program;
        unit.users().lock(book, &[], &[user], self.now()).await?;
        let before = unit.payouts().newest(book, user).await?;
        if before.as_ref().is_some_and(|payout| !payout.status().is_final()) {
            return Ok(None);
        }
        let method = unit.payouts().method(book, user).await?.expect("a method is set");
        let mut journal = Journal::open(unit.ledger().open(book, currency, &[user]).await?, self.now());
        let n = before.map_or(0, |payout| payout.n) + 1;
        let (id, transaction) = (PayoutId::from_uuid(self.id()), self.transaction_id());
        let payout = Payout::request(id, n, &method, amount, transaction, self.now());
        let moved = self.moved(&payout, Movement::Reserve);
        if journal.reserve(moved, user, amount, &mut || self.id()).is_err() {
            return Ok(None);
        }
        let (payouts, payout_steps) = (vec![payout.clone()], payout.steps.clone());
        let changes = Changes { payouts, payout_steps, posting: journal.finish(), ..Changes::default() };
        unit.recorder().record(book, &changes).await?;
        Ok(Some(payout))
    }

    /// The heading of what a payout's last step posts.
    fn moved(&self, payout: &Payout, movement: Movement) -> Heading {
        let transaction = payout.last().and_then(|step| step.stage.transaction());
        let transaction = transaction.unwrap_or_else(|| self.transaction_id());
        heading(payout.id, movement, transaction, CreatedBy::Operator, self.now())
    }

    /// Records the last step of payouts.
    pub async fn step(&self, payouts: &[Payout]) {
        let payout_steps = payouts.iter().filter_map(|payout| payout.last().cloned()).collect();
        self.record(&Changes { payout_steps, ..Changes::default() }).await;
    }

    /// A person agrees to a payout.
    pub async fn approve(&self, payout: Payout) -> Payout {
        let approved = payout.approve(self.now()).expect("it is requested");
        self.step(std::slice::from_ref(&approved)).await;
        approved
    }

    /// A payout is given up, and its money comes back.
    pub async fn give_up(&self, payout: Payout, by: CancelledBy, reason: Option<Failure>) -> Payout {
        let cancelled = payout.cancel(by, reason, self.transaction_id(), self.now()).expect("it is open");
        let mut journal = Journal::open(vec![self.wallet(cancelled.user).await], self.now());
        let moved = self.moved(&cancelled, Movement::Cancel);
        let back = journal.unreserve(moved, cancelled.user, cancelled.amount, &mut || self.id());
        back.expect("it was reserved");
        let payout_steps = cancelled.last().cloned().into_iter().collect();
        self.record(&Changes { payout_steps, posting: journal.finish(), ..Changes::default() }).await;
        cancelled
    }

    /// Builds a batch of approved payouts of one kind.
    pub async fn build(&self, payouts: Vec<Payout>, maker: &Actor) -> (Batch, Vec<Payout>) {
        let changes = self.a_batch(payouts, maker).await;
        self.record(&changes.0).await;
        (changes.1, changes.2)
    }

    /// A batch to be recorded.
    pub async fn a_batch(&self, payouts: Vec<Payout>, maker: &Actor) -> (Changes, Batch, Vec<Payout>) {
        let id = BatchId::from_uuid(self.id());
        let kind = payouts[0].kind;
        let entered: Vec<_> =
            payouts.into_iter().map(|payout| payout.enter(id, self.now()).expect("it is approved")).collect();
        let mut items = Vec::new();
        let mut unit = self.begin().await;
        for payout in &entered {
            let version = [(payout.user, payout.method)];
            let methods = unit.payouts().methods(self.program.book, &version).await.expect("methods");
            items.push(BatchItem::of(payout, methods[0].digest));
        }
        drop(unit);
        let batch = Batch::draft(id, kind, items, maker.clone(), self.now());
        let batch = batch.without(vec![(PayoutId::from_uuid(self.id()), LeftOut::Unknown)]);
        let changes = Changes {
            batches: vec![batch.clone()],
            batch_steps: batch.steps.clone(),
            payout_steps: entered.iter().filter_map(|payout| payout.last().cloned()).collect(),
            ..Changes::default()
        };
        (changes, batch, entered)
    }

    /// Records the last step of a batch beside the last steps of payouts.
    pub async fn batch_step(&self, batch: &Batch, payouts: &[Payout]) {
        let batch_steps = batch.steps.last().cloned().into_iter().collect();
        let payout_steps = payouts.iter().filter_map(|payout| payout.last().cloned()).collect();
        self.record(&Changes { batch_steps, payout_steps, ..Changes::default() }).await;
    }

    /// Seals, approves and exports a batch: its payouts are sent.
    pub async fn send_off(&self, batch: Batch, payouts: Vec<Payout>) -> (Batch, Vec<Payout>) {
        let (ada, bob) = (a_person("u_ada"), a_person("u_bob"));
        let sealed = batch.seal(self.program.currency, ada.clone(), self.now()).expect("a draft");
        self.batch_step(&sealed, &[]).await;
        let approved = sealed.approve(bob, self.now()).expect("sealed by another");
        self.batch_step(&approved, &[]).await;
        let exported = approved.export("csv", ada, self.now()).expect("approved");
        let sent: Vec<_> =
            payouts.into_iter().map(|payout| payout.send(self.now()).expect("it is batched")).collect();
        self.batch_step(&exported, &sent).await;
        (exported, sent)
    }

    /// What a bank's word on a payout changes.
    #[must_use]
    pub fn a_settlement(&self, payout: Payout, wallet: Wallet, outcome: Outcome) -> (Changes, Payout) {
        let (batch, transaction) = (payout.batch().expect("it is in a batch"), self.transaction_id());
        let mut journal = Journal::open(vec![wallet], self.now());
        let (user, amount) = (payout.user, payout.amount);
        let failure = (outcome == Outcome::Failed).then(|| "account closed".to_owned());
        let after = match outcome {
            Outcome::Paid => payout.pay(transaction, self.now()),
            Outcome::Failed => {
                let reason = Failure { code: "not-paid".to_owned(), message: "account closed".to_owned() };
                payout.fail(reason, transaction, self.now())
            }
        };
        let after = after.expect("it is sent");
        let posted = match outcome {
            Outcome::Paid => {
                journal.settle(self.moved(&after, Movement::Settle), user, amount, &mut || self.id())
            }
            Outcome::Failed => {
                journal.unreserve(self.moved(&after, Movement::Fail), user, amount, &mut || self.id())
            }
        };
        posted.expect("it was reserved");
        let line = SettlementLine { batch, payout: after.id, outcome, amount, failure, at: self.now() };
        let changes = Changes {
            settlement_lines: vec![line],
            payout_steps: after.last().cloned().into_iter().collect(),
            posting: journal.finish(),
            ..Changes::default()
        };
        (changes, after)
    }

    /// A bank's word on a payout.
    pub async fn settle(&self, payout: Payout, outcome: Outcome) -> Payout {
        let wallet = self.wallet(payout.user).await;
        let (changes, after) = self.a_settlement(payout, wallet, outcome);
        self.record(&changes).await;
        after
    }

    /// Payouts as a unit locks them.
    pub async fn payouts(&self, ids: &[PayoutId]) -> Vec<Payout> {
        let mut unit = self.begin().await;
        unit.payouts().lock(self.program.book, ids).await.expect("payouts are locked")
    }

    /// A batch as a unit locks it.
    pub async fn batch(&self, id: BatchId) -> Option<Batch> {
        let mut unit = self.begin().await;
        unit.payouts().lock_batch(self.program.book, id).await.expect("a batch is locked")
    }

    /// How a payout stands.
    pub async fn payout_status(&self, id: PayoutId) -> Option<PayoutStatus> {
        self.payouts(&[id]).await.first().map(Payout::status)
    }
}
