//! Asking for payouts: who may, how much, and what stands in the way.

use referral_app::{
    BatchReceipt, BuildBatch, ChangePayout, ChangeRefused, MoveBatch, PayoutReceipt, RequestPayout,
    SetPayoutMethod,
};
use referral_domain::audit::Actor;
use referral_domain::id::{BatchId, PayoutId};
use referral_domain::payout::{
    Destination, MethodKind, PayoutStatus, RequestRefusal, USABLE_AFTER, WrongState,
};
use referral_domain::port::Rail;
use referral_domain::time::DAY;
use referral_rails::{CsvTable, PaypalFile};
use referral_testkit::build::host;
use referral_testkit::world::a_person;

use crate::stage::{Stage, answer, done, fresh};

impl Stage {
    /// An application whose batches can leave.
    pub(crate) async fn paying() -> Self {
        Self::open().await.with_rails()
    }

    /// The same, but batches can leave.
    pub(crate) fn with_rails(self) -> Self {
        let rails: Vec<Box<dyn Rail>> = vec![Box::new(CsvTable), Box::new(PaypalFile)];
        Self { app: self.app.clone().with_rails(rails), ..self }
    }

    /// Users with a reward of 25.00 that is old enough, who said long ago where they are paid.
    pub(crate) async fn affiliates(&self, names: &[&str]) {
        for name in names {
            let (code, friend) = (self.code(name).await, format!("friend_of_{name}"));
            self.refer(&friend, &code).await;
            self.hear(&friend, true).await;
            self.spend(&format!("inv_{name}"), &friend, 60_00).await;
            self.set_method(name).await;
        }
        self.world.clock.advance(31 * DAY);
    }

    pub(crate) async fn set_method(&self, user: &str) {
        let destination = Destination::paypal(&format!("{user}@example.com")).expect("an address");
        let command = SetPayoutMethod { program: self.program().slug.clone(), user: host(user), destination };
        self.app.set_payout_method(&command, None).await.expect("a method is set");
    }

    pub(crate) async fn request(
        &self,
        user: &str,
        amount: Option<i64>,
    ) -> Result<PayoutReceipt, RequestRefusal> {
        let command = RequestPayout { program: self.program().slug.clone(), user: host(user), amount };
        done(self.app.request_payout(&command, None).await)
    }

    pub(crate) fn change(&self, payout: PayoutId, actor: Actor) -> ChangePayout {
        ChangePayout { program: self.program().slug.clone(), payout, actor }
    }

    /// Payouts of these users, approved.
    pub(crate) async fn approved(&self, names: &[&str]) -> Vec<PayoutId> {
        let mut ids = Vec::new();
        for name in names {
            let id = self.request(name, None).await.expect("asked for").item.payout.id;
            self.app.approve_payout(&self.change(id, a_person("u_ada")), None).await.expect("approved");
            ids.push(id);
        }
        ids
    }

    pub(crate) fn a_payout_batch(&self, payouts: Option<Vec<PayoutId>>) -> BuildBatch {
        let (program, actor) = (self.program().slug.clone(), a_person("u_ada"));
        BuildBatch { program, kind: MethodKind::Paypal, payouts, actor }
    }

    pub(crate) async fn built(&self, payouts: Option<Vec<PayoutId>>) -> BatchReceipt {
        fresh(answer(self.app.build_batch(&self.a_payout_batch(payouts), None).await).expect("built"))
    }

    pub(crate) fn moving(&self, batch: BatchId, who: &str) -> MoveBatch {
        MoveBatch { program: self.program().slug.clone(), batch, actor: a_person(who) }
    }

    pub(crate) async fn status(&self, id: PayoutId) -> PayoutStatus {
        let found = self.app.payout(&self.program().slug, None, id).await.expect("the store answers");
        found.expect("there is one").item.payout.status()
    }
}

fn refused(result: Result<PayoutReceipt, RequestRefusal>) -> RequestRefusal {
    result.expect_err("a rule refuses")
}

#[tokio::test]
async fn each_obstacle_of_a_payout_is_told_and_the_first_is() {
    let stage = Stage::paying().await;
    stage.code("u_ana").await;
    assert_eq!(refused(stage.request("u_ana", None).await), RequestRefusal::NoMethod);
    stage.set_method("u_ana").await;
    let from = stage.now().plus_micros(USABLE_AFTER);
    assert_eq!(refused(stage.request("u_ana", None).await), RequestRefusal::MethodTooYoung { from });
    stage.world.clock.advance(USABLE_AFTER);
    assert_eq!(refused(stage.request("u_ana", None).await), RequestRefusal::BelowMinimum { minimum: 25_00 });
    stage.affiliates(&["u_eve"]).await;
    let above = refused(stage.request("u_eve", Some(25_01)).await);
    assert_eq!(above, RequestRefusal::AbovePayable { payable: 25_00 });
    let below = refused(stage.request("u_eve", Some(24_99)).await);
    assert_eq!(below, RequestRefusal::BelowMinimum { minimum: 25_00 });
    let open = stage.request("u_eve", None).await.expect("nothing is in the way").item.payout.id;
    assert_eq!(refused(stage.request("u_eve", None).await), RequestRefusal::Open(open));
    stage.hear("u_eve", false).await;
    assert_eq!(refused(stage.request("u_eve", None).await), RequestRefusal::EmailNotVerified);
    let others = stage.app.payout(&stage.program().slug, Some(&host("u_ana")), open).await;
    assert_eq!(others.expect("the store answers"), None);
}

#[tokio::test]
async fn what_is_not_old_enough_is_not_payable() {
    let stage = Stage::paying().await;
    stage.affiliates(&["u_ana"]).await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    stage.hear("u_ben", true).await;
    stage.spend("inv_2", "u_ben", 60_00).await;
    assert_eq!(stage.available("u_ana").await, 50_00);
    assert_eq!(stage.request("u_ana", None).await.expect("asked for").item.payout.amount, 25_00);
    let overview = stage.app.payout_overview(&stage.program().slug, &host("u_ana")).await.expect("a view");
    assert_eq!((overview.balance.balance.payable, overview.missing, overview.paid), (0, 25_00, 0));
    stage.is_sound().await;
}

#[tokio::test]
async fn what_is_exactly_as_old_as_the_delay_is_not_payable_and_a_moment_later_it_is() {
    let stage = Stage::paying().await;
    let code = stage.code("u_ana").await;
    stage.refer("u_ben", &code).await;
    stage.hear("u_ben", true).await;
    stage.set_method("u_ana").await;
    stage.spend("inv_1", "u_ben", 60_00).await;
    stage.world.clock.advance(i64::from(stage.program().rules.policy.payout_delay_days) * DAY);
    assert_eq!(stage.balance("u_ana").await.payable, 0, "granted exactly so many days ago, not more");
    let early = refused(stage.request("u_ana", None).await);
    assert_eq!(early, RequestRefusal::BelowMinimum { minimum: 25_00 });
    stage.world.clock.advance(1);
    assert_eq!(stage.balance("u_ana").await.payable, 25_00);
    assert_eq!(stage.request("u_ana", None).await.expect("asked for").item.payout.amount, 25_00);
    stage.is_sound().await;
}

#[tokio::test]
async fn a_payout_given_up_gives_its_money_back_once() {
    let stage = Stage::paying().await;
    stage.affiliates(&["u_ana", "u_eve"]).await;
    let id = stage.request("u_ana", None).await.expect("asked for").item.payout.id;
    for _ in 0..2 {
        let receipt = done(stage.app.cancel_payout(&stage.program().slug, &host("u_ana"), id, None).await);
        assert_eq!(receipt.expect("given up").item.payout.status(), PayoutStatus::Cancelled);
        assert_eq!(stage.available("u_ana").await, 25_00);
    }
    let others = done(stage.app.cancel_payout(&stage.program().slug, &host("u_eve"), id, None).await);
    assert_eq!(others, Err(ChangeRefused::NotFound));
    let late = done(stage.app.approve_payout(&stage.change(id, a_person("u_ada")), None).await);
    assert_eq!(late, Err(ChangeRefused::State(WrongState { status: PayoutStatus::Cancelled })));
    let again = stage.request("u_ana", None).await.expect("the one before has ended").item.payout.id;
    for _ in 0..2 {
        let change = stage.change(again, a_person("u_ada"));
        let receipt = done(stage.app.reject_payout(&change, Some("Not this month"), None).await);
        assert_eq!(receipt.expect("rejected").item.payout.status(), PayoutStatus::Cancelled);
        assert_eq!(stage.available("u_ana").await, 25_00);
    }
    stage.is_sound().await;
}

#[tokio::test]
async fn where_a_user_is_paid_is_sealed_and_the_same_again_changes_nothing() {
    let stage = Stage::paying().await;
    stage.set_method("u_ana").await;
    let stored = stage.stored();
    stage.set_method("u_ana").await;
    assert_eq!(stage.stored(), stored);
    assert!(!stored.contains("u_ana@example.com"), "what is stored of it cannot be read");
    let view = stage.app.payout_method(&stage.program().slug, &host("u_ana")).await.expect("a view");
    let method = view.method.expect("it is set");
    assert_eq!((method.n, method.label.as_str()), (1, "u***@e***.com"));
    assert!(!method.is_usable(stage.now()) && method.is_usable(stage.now().plus_micros(USABLE_AFTER)));
}
