//! A story that touches every table of the ledger: Ana refers Ben, both are credited, Ana uses credits and gets some
//! of them back.

use std::sync::Arc;

use referral_domain::credit::{RedeemMode, Redemption, Reversal};
use referral_domain::grant::RewardStep;
use referral_domain::id::{BookId, ReferralId, TransactionId, TransferId, UserId};
use referral_domain::ledger::{Account, Origin, Party, SystemAccount, TransactionKind, Transfer};
use referral_domain::port::Changes;
use referral_domain::program::{Commission, Policy, Program, Rules, Terms};
use referral_domain::referral::{Progress, Referral};
use referral_domain::time::HOUR;
use referral_testkit::build::{a_program, a_referral, a_refund, a_spend, reference, usd};
use referral_testkit::world::World;

use crate::MemoryStore;
use crate::state::State;

/// The story as it was told, and the store it was told to.
pub(super) struct Story {
    pub(super) store: MemoryStore,
    pub(super) world: World,
    pub(super) book: BookId,
    pub(super) ana: UserId,
    pub(super) ben: UserId,
}

/// A program that holds what it grants for 14 days, pays a tenth of net spend for 12 months, and grants at most 100.00 of
/// rewards a month.
fn generous() -> Program {
    let program = a_program().build();
    let Rules { terms, policy } = program.rules;
    let terms = Terms { hold_days: 14, commission: Commission::of_millionths(100_000, 12, None), ..terms };
    let policy = Policy { reward_budget: Some(10_000), ..policy };
    Program { rules: Rules { terms, policy }, ..program }
}

/// Ben, whom Ana referred, spent 60.00 and 20.00; 5.00 of each was refunded: a reward and a commission are held, and a part
/// of the commission was voided.
pub(super) async fn held() -> State {
    let store = MemoryStore::new();
    let world = World::with(Arc::new(store.clone()), Arc::new(store.clone()), generous()).await;
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("the code is applied");
    world.verify("u_ben").await;
    let spend = |name, amount| a_spend(name, "u_ben", usd(amount)).build();
    world.spend(&[spend("inv_1", 60_00), spend("inv_2", 20_00)]).await;
    let refund = |name, of| a_refund(name, "u_ben", of, usd(5_00)).build();
    world.refund(&[refund("back_1", "inv_1"), refund("back_2", "inv_2")]).await;
    store.committed().expect("the store answers")
}

/// Ana has 25.00 less 10.00 redeemed and 4.00 of it given back; Ben has 10.00.
pub(super) async fn told() -> Story {
    let store = MemoryStore::new();
    let world = World::new(Arc::new(store.clone()), Arc::new(store.clone())).await;
    let code = world.code("u_ana").await;
    world.sign_up("u_ben", &code).await.expect("the code is applied");
    world.verify("u_ben").await;
    world.spend(&[a_spend("inv_1", "u_ben", usd(60_00)).build()]).await;
    world.clock.advance(HOUR);
    let redeemed = world.redeem(code.owner, 10_00, RedeemMode::Exact, &reference("order_1")).await;
    let redeemed = redeemed.expect("as much is available");
    world.reverse(redeemed.id, Some(4_00), &reference("order_1_back")).await;
    let ben = world.user("u_ben").await.id;
    Story { book: world.program.book, ana: code.owner, ben, store, world }
}

impl Story {
    /// What is stored now.
    pub(super) fn state(&self) -> State {
        self.store.committed().expect("the store answers")
    }

    /// Everything that is stored now, to see whether it changed.
    pub(super) fn fingerprint(&self) -> String {
        format!("{:?}", self.state())
    }

    /// Ana's account.
    pub(super) fn account(&self) -> Account {
        let state = self.state();
        state.accounts.rows().find(|account| account.user == self.ana).expect("ana has an account").clone()
    }

    /// The transaction of the first line of Ana's history.
    pub(super) fn first_transaction(&self) -> TransactionId {
        self.state().history_of(self.book, self.ana).next().expect("ana has a history").transaction
    }

    /// A transfer that is stored.
    pub(super) fn first_transfer(&self) -> TransferId {
        self.state().transfers.rows().next().expect("a transfer").id
    }

    /// The transfer of Ana's redemption: it has an entry on its debit side.
    pub(super) fn debited_before(&self) -> Transfer {
        let state = self.state();
        let redeemed = state.transfers.rows().find(|transfer| transfer.origin == Origin::Redeem);
        redeemed.expect("ana redeemed").clone()
    }

    /// Ben's referral.
    pub(super) fn referral(&self) -> ReferralId {
        self.stored_referral().facts.id
    }

    /// How far it is.
    pub(super) fn progress(&self) -> Progress {
        self.stored_referral().progress
    }

    fn stored_referral(&self) -> Referral {
        self.state().referral_of(self.book, self.ben).expect("ben was referred").clone()
    }

    /// A new referral of this user by Ana's code.
    pub(super) fn another_referral(&self, referred: UserId) -> Referral {
        let code = self.state().primary_code(self.book, self.ana).expect("a code").expect("ana has one");
        a_referral(&self.world.program, &code, referred).build()
    }

    /// Makes the changes a reversal of Ana's redemption, by the transaction they post.
    pub(super) fn reverse(&self, changes: &mut Changes, amount: i64, remaining: i64) {
        let redemption = changes.redemptions.remove(0);
        changes.reversals.push(Reversal {
            redemption: self.state().redemptions.rows().next().expect("ana redeemed").id,
            reference: reference("order_1_again"),
            asked: None,
            amount,
            remaining,
            reason: None,
            transaction: redemption.transaction.expect("it is posted"),
            balance: redemption.balance,
            created_at: redemption.created_at,
        });
    }

    /// Makes the changes a reward step of Ben's referral, by the transaction they post.
    pub(super) fn take_step(&self, changes: &mut Changes, n: u32) {
        let Redemption { transaction, created_at: at, .. } = changes.redemptions.remove(0);
        let transaction = transaction.expect("it is posted");
        changes.steps.push(RewardStep { referral: self.referral(), n, amount: 3_00, transaction, at });
    }
}

/// Every transfer says that it went to whoever is paid out, though no payout did.
pub(super) fn pay_out(state: &mut State) {
    let clearing = Party::System(SystemAccount::PayoutClearing);
    state.transfers.tamper().values_mut().for_each(|leg| leg.credit = clearing);
}

/// Every transaction says that an operator adjusted it, though none did.
pub(super) fn adjust(state: &mut State) {
    state.transactions.tamper().values_mut().for_each(|row| row.kind = TransactionKind::ManualAdjustment);
}
