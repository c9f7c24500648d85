//! A story that touches every table of the ledger: Ana refers Ben, both are credited, Ana uses credits and gets some
//! of them back.

use std::sync::Arc;

use referral_domain::credit::{RedeemMode, Redemption, Reversal};
use referral_domain::grant::RewardStep;
use referral_domain::id::{BookId, ReferralId, TransactionId, TransferId, UserId};
use referral_domain::ledger::{Account, Origin, Transfer};
use referral_domain::port::Changes;
use referral_domain::referral::{Progress, Referral};
use referral_domain::time::HOUR;
use referral_testkit::build::{a_referral, a_spend, reference, usd};
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
