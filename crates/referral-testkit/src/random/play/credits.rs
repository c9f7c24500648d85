//! Credits used and given back, on both sides.

use referral_app::{RedeemCredits, RedeemRefused, ReversalRefused, ReverseRedemption};
use referral_domain::credit::{RedeemMode, RedeemRefusal};
use referral_domain::id::RedemptionId;

use super::{Answer, Play, again, answer, name};
use crate::build::{host, named_id, reference};

impl Play {
    pub(super) async fn redeem(
        &mut self,
        order: usize,
        user: usize,
        cents: i64,
        up_to: bool,
    ) -> (Answer, Answer) {
        let command = RedeemCredits {
            program: self.world.program.slug.clone(),
            user: host(&name(user)),
            amount: cents,
            mode: if up_to { RedeemMode::UpTo } else { RedeemMode::Exact },
            reference: reference(&format!("order:{order}")),
            description: None,
        };
        let told = match answer(self.app.redeem_credits(&command).await) {
            Ok(receipt) => again(receipt.replayed),
            Err(RedeemRefused::Conflict) => Answer::Conflict,
            Err(RedeemRefused::Rule(RedeemRefusal::EmailNotVerified)) => Answer::Refused("not verified"),
            Err(RedeemRefused::Rule(RedeemRefusal::InsufficientBalance { .. })) => {
                Answer::Refused("too little")
            }
        };
        (told, self.oracle.redeem(order, user, cents, up_to))
    }

    pub(super) async fn reverse(
        &mut self,
        back: usize,
        order: usize,
        cents: Option<i64>,
    ) -> (Answer, Answer) {
        let command = ReverseRedemption {
            program: self.world.program.slug.clone(),
            redemption: self.redemption(order).await,
            reference: reference(&format!("back:{back}")),
            amount: cents,
            reason: None,
        };
        let told = match answer(self.app.reverse_redemption(&command).await) {
            Ok(receipt) => again(receipt.replayed),
            Err(ReversalRefused::Conflict) => Answer::Conflict,
            Err(ReversalRefused::NotFound) => Answer::Refused("not found"),
            Err(ReversalRefused::Over(_)) => Answer::Refused("over"),
        };
        (told, self.oracle.reverse(back, order, cents))
    }

    /// The redemption under a reference, or nobody's.
    async fn redemption(&self, order: usize) -> RedemptionId {
        let (mut unit, book) = (self.world.begin().await, self.world.program.book);
        let known = unit.redemptions().find(book, &reference(&format!("order:{order}"))).await;
        let nobodys = RedemptionId::from_uuid(named_id("nobody's"));
        known.expect("the store answers").map_or(nobodys, |redemption| redemption.id)
    }
}
