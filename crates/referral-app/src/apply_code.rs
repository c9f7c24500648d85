//! A user applies a code, by their own token.

use std::net::IpAddr;
use std::sync::Arc;

use referral_domain::apply::{Applied, ApplyRefusal, NewReferral};
use referral_domain::id::BookId;
use referral_domain::port::{StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::referral::Attribution;
use referral_domain::time::Timestamp;
use referral_domain::user::Word;
use uuid::Uuid;

use crate::app::{App, program_in};
use crate::applying::{Application, ApplyReceipt, Arrival, Refusal, add, arrive};
use crate::arrivals::Shared;
use crate::email_verified::named;
use crate::failure::Failure;
use crate::idempotent::{Idempotent, Replayable, claim};
use crate::ip_limit::Seat;
use crate::spread::Spread;
use crate::transact::transact;

/// A code to apply, and what the user's token tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApplyCode {
    /// In which program.
    pub program: Slug,
    /// Who applies it.
    pub user: HostId,
    /// The code, in any spelling.
    pub code: String,
    /// Where it came from.
    pub attribution: Attribution,
    /// The token's `created_at`.
    pub signed_up_at: Option<Timestamp>,
    /// The token's `email`.
    pub email: Option<String>,
    /// The token's `email_verified`, at its `iat`.
    pub email_verified: Option<Word>,
    /// The person's address.
    pub ip: Option<IpAddr>,
}

/// What a unit of applying ends with; a refusal commits what was told.
pub(crate) type Settled = Result<Replayable<ApplyReceipt>, Refusal>;

impl App {
    /// Applies a code for whoever holds the token. The same code again answers the same referral.
    ///
    /// # Errors
    /// A [`Refusal`] (what the token told of the user is kept), no such program, or the store's.
    pub async fn apply_code(
        &self,
        command: &ApplyCode,
        request: Option<&Idempotent<'_, ApplyReceipt>>,
    ) -> Result<Replayable<ApplyReceipt>, Failure<Refusal>> {
        let (signed_up_at, word) = (command.signed_up_at, command.email_verified);
        let arrival = Arrival {
            user: self.new_user(&command.user),
            hear: Box::new(move |facts, _| {
                signed_up_at.into_iter().for_each(|at| facts.hear_sign_up(at));
                word.into_iter().for_each(|word| facts.hear_token(word));
            }),
            email: command.email.as_deref().and_then(|address| self.identity().email(address)),
            code: Some(command.code.clone()),
            applied_at: None,
            attribution: command.attribution.clone(),
            ip: command.ip,
        };
        self.admit_arrival(&command.program, arrival, request).await
    }

    /// Admits somebody together with those who arrive at the same time, or in a unit of their own: whoever comes with an
    /// idempotency key, or cannot share one.
    pub(crate) async fn admit_arrival(
        &self,
        slug: &Slug,
        arrival: Arrival,
        request: Option<&Idempotent<'_, ApplyReceipt>>,
    ) -> Result<Replayable<ApplyReceipt>, Failure<Refusal>> {
        let arrival = Arc::new(arrival);
        let shared = match (&self.arrivals, request) {
            (Some(arrivals), None) => arrivals.admit(slug, &arrival).await,
            _ => Shared::Alone,
        };
        let settled = match shared {
            Shared::Settled(settled) => *settled,
            Shared::Alone => self.admit_alone(slug, &arrival, request).await,
        };
        if let Ok(Ok(Replayable::Fresh(receipt))) = &settled {
            self.forget_used(receipt.program.book, &arrival);
        }
        settled?.map_err(Failure::Refused)
    }

    /// Runs the unit; gives the address's seat back when no referral was made.
    async fn admit_alone(
        &self,
        slug: &Slug,
        arrival: &Arrival,
        request: Option<&Idempotent<'_, ApplyReceipt>>,
    ) -> Result<Settled, Failure<Refusal>> {
        let seat = Seat::of(self, arrival.ip);
        let settled = self.settle_arrival(slug, arrival, &seat, request, self.now()).await;
        if !may_be_made(&settled) {
            seat.give_back().await;
        }
        settled
    }

    /// A code that was used may be used up.
    fn forget_used(&self, book: BookId, arrival: &Arrival) {
        arrival.folded().iter().for_each(|folded| self.forget_code(book, folded));
    }

    async fn settle_arrival(
        &self,
        slug: &Slug,
        arrival: &Arrival,
        seat: &Seat<'_>,
        request: Option<&Idempotent<'_, ApplyReceipt>>,
        now: Timestamp,
    ) -> Result<Settled, Failure<Refusal>> {
        transact(self.store(), move |unit| {
            Box::pin(async move {
                let program = program_in(unit, slug, now).await?;
                if let Some(reply) = claim(request, unit, program.book).await? {
                    return Ok(Ok(Replayable::Replayed(reply)));
                }
                let ids = &mut || self.draw_id();
                let (decided, told) = arrive(unit, &program, arrival, now, ids).await?;
                let (settled, told) = settle(unit, &program, decided, told, arrival, seat, now).await?;
                finish(unit, &program, settled, told, request, now, ids).await
            })
        })
        .await
    }
}

/// Whether a referral was stored, or may have been: a commit whose answer was lost counts against the address.
fn may_be_made(settled: &Result<Settled, Failure<Refusal>>) -> bool {
    match settled {
        Ok(Ok(Replayable::Fresh(receipt))) => matches!(receipt.application, Application::Made(_)),
        Err(Failure::Store(error)) => !error.is_contended(),
        Ok(_) | Err(Failure::Refused(_) | Failure::NoProgram | Failure::KeyReused) => false,
    }
}

/// What the decision means for the caller, and for what is recorded. A full address bars new referrals alone: a
/// repeated command is still an answer.
async fn settle(
    unit: &mut Unit<'_>,
    program: &Program,
    decided: Result<Applied, ApplyRefusal>,
    mut told: Spread,
    arrival: &Arrival,
    seat: &Seat<'_>,
    now: Timestamp,
) -> Result<(Result<ApplyReceipt, Refusal>, Spread), StoreError> {
    let application = match decided {
        Ok(Applied::New(new)) => match seat.take(program, now).await {
            Ok(()) => Ok(made(unit, &mut told, *new).await?),
            Err(throttled) => Err(Refusal::IpLimit(throttled)),
        },
        Ok(Applied::Again(referral)) => Ok(Application::Again(Box::new(named(unit, *referral).await?))),
        Err(ApplyRefusal::CodeUnknown) if arrival.code.is_none() => Ok(Application::Noted),
        Err(refusal) => Err(Refusal::Rule(refusal)),
    };
    let receipt = application.map(|application| ApplyReceipt { application, program: program.clone() });
    Ok((receipt, told))
}

async fn made(unit: &mut Unit<'_>, told: &mut Spread, new: NewReferral) -> Result<Application, StoreError> {
    let report = Box::new(named(unit, new.referral.clone()).await?);
    add(told, new);
    Ok(Application::Made(report))
}

async fn finish(
    unit: &mut Unit<'_>,
    program: &Program,
    settled: Result<ApplyReceipt, Refusal>,
    mut told: Spread,
    request: Option<&Idempotent<'_, ApplyReceipt>>,
    now: Timestamp,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<Settled, Failure<Refusal>> {
    if let (Ok(receipt), Some(request)) = (&settled, request) {
        told.changes.replies.push(request.reply(program.book, receipt, now));
    }
    told.record(unit, program, now, ids).await?;
    Ok(settled.map(Replayable::Fresh))
}
