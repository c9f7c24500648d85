//! A user asks to be paid.

use referral_domain::audit::{Actor, ActorKind};
use referral_domain::credit::may_redeem;
use referral_domain::id::{PayoutId, TransactionId};
use referral_domain::ledger::{CreatedBy, Journal};
use referral_domain::payout::{Movement, Payout, PayoutMethod, RequestRefusal, heading, requestable};
use referral_domain::port::{Changes, PayoutItem, Unit};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::Timestamp;
use referral_domain::user::UserFacts;

use super::trail::Hand;
use crate::app::App;
use crate::applying::lock_user;
use crate::failure::{Failure, Refused};
use crate::idempotent::{Idempotent, Replayable, once};
use crate::posting::ledger_fault;
use crate::redeem_credits::snapshot;
use crate::throttle::Throttled;

/// A payout to ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestPayout {
    /// In which program.
    pub program: Slug,
    /// Who is to be paid.
    pub user: HostId,
    /// How much, in minor units; all that is payable when not told.
    pub amount: Option<i64>,
}

/// What was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayoutReceipt {
    /// The payout.
    pub item: PayoutItem,
    /// The program, for its currency.
    pub program: Program,
}

impl Refused for RequestRefusal {}

impl App {
    /// Counts a user's request for a payout: 5 an hour.
    ///
    /// # Errors
    /// [`Throttled`].
    pub async fn admit_payout(&self, program: &Slug, user: &HostId) -> Result<(), Throttled> {
        self.admit_caller("payout", program, user, |limits| limits.payout).await
    }

    /// Asks for a payout, and reserves its money at once.
    ///
    /// # Errors
    /// [`RequestRefusal`] (then nothing changes), no such program, or the store's.
    pub async fn request_payout(
        &self,
        command: &RequestPayout,
        request: Option<&Idempotent<'_, PayoutReceipt>>,
    ) -> Result<Replayable<PayoutReceipt>, Failure<RequestRefusal>> {
        let now = self.now();
        let user = &self.new_user(&command.user);
        once(self.store(), &command.program, request, now, move |unit, program| {
            Box::pin(async move {
                let facts = lock_user(unit, &program, user, now).await?;
                let (method, n) = may_ask(unit, &program, &facts, now).await?;
                let asked = Asked { facts: &facts, method: &method, n, amount: command.amount };
                let (receipt, changes) = self.reserve_payout(unit, program, asked, now).await?;
                unit.recorder().record(receipt.program.book, &changes).await?;
                Ok(receipt)
            })
        })
        .await
    }

    async fn reserve_payout(
        &self,
        unit: &mut Unit<'_>,
        program: Program,
        asked: Asked<'_>,
        now: Timestamp,
    ) -> Result<(PayoutReceipt, Changes), Failure<RequestRefusal>> {
        let Asked { facts, method, n, amount } = asked;
        let wallets = unit.ledger().open(program.book, program.currency, &[facts.id]).await?;
        let mut journal = Journal::open(wallets, now);
        let payable = snapshot(unit, &program, &journal, facts.id, now).await?.payable;
        let minimum = program.rules.policy.minimum_payout;
        let amount = requestable(amount, payable, minimum)?;
        let (id, transaction) =
            (PayoutId::from_uuid(self.draw_id()), TransactionId::from_uuid(self.draw_id()));
        let payout = Payout::request(id, n, method, amount, transaction, now);
        let reserve = heading(id, Movement::Reserve, transaction, CreatedBy::User, now);
        journal.reserve(reserve, facts.id, amount, &mut || self.draw_id()).map_err(ledger_fault)?;
        let actor = &Actor { kind: ActorKind::User, id: facts.host.to_string() };
        let hand = Hand { actor, now, ids: &|| self.draw_id() };
        let changes = Changes {
            payouts: vec![payout.clone()],
            payout_steps: payout.steps.clone(),
            posting: journal.finish(),
            audit: vec![hand.on_payout("payout.request", None, &payout)],
            ..Changes::default()
        };
        let item = PayoutItem { payout, label: method.label.clone(), host: Some(facts.host.clone()) };
        Ok((PayoutReceipt { item, program }, changes))
    }
}

struct Asked<'a> {
    facts: &'a UserFacts,
    method: &'a PayoutMethod,
    n: u32,
    amount: Option<i64>,
}

/// The method a payout goes to, and which of the user's payouts it is.
async fn may_ask(
    unit: &mut Unit<'_>,
    program: &Program,
    facts: &UserFacts,
    now: Timestamp,
) -> Result<(PayoutMethod, u32), Failure<RequestRefusal>> {
    let refuse = |refusal| Err(Failure::Refused(refusal));
    let referred = !unit.referrals().lock(program.book, &[facts.id]).await?.is_empty();
    if !may_redeem(facts.email_status(), referred) {
        return refuse(RequestRefusal::EmailNotVerified);
    }
    let newest = unit.payouts().newest(program.book, facts.id).await?;
    if let Some(open) = newest.as_ref().filter(|payout| !payout.status().is_final()) {
        return refuse(RequestRefusal::Open(open.id));
    }
    let known = unit.payouts().method(program.book, facts.id).await?;
    let Some(method) = known.filter(|method| method.sealed.is_some()) else {
        return refuse(RequestRefusal::NoMethod);
    };
    if !method.is_usable(now) {
        return refuse(RequestRefusal::MethodTooYoung { from: method.usable_from() });
    }
    Ok((method, newest.map_or(0, |payout| payout.n) + 1))
}
