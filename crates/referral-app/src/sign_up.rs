//! A host tells of a sign-up, with a code or without.

use std::net::IpAddr;

use referral_domain::reference::{HostId, Slug};
use referral_domain::referral::Attribution;
use referral_domain::spend::FUTURE_TOLERANCE;
use referral_domain::time::Timestamp;
use referral_domain::user::{UserFacts, Word};

use crate::app::App;
use crate::applying::{ApplyReceipt, Arrival, Refusal};
use crate::failure::Failure;
use crate::idempotent::Replayable;

/// A sign-up, as the host tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignUp {
    /// In which program.
    pub program: Slug,
    /// Who signed up.
    pub user: HostId,
    /// The code they came with, in any spelling.
    pub code: Option<String>,
    /// Their e-mail.
    pub email: Option<String>,
    /// Whether it is verified.
    pub email_verified: Option<bool>,
    /// The person's address, as the host saw it.
    pub ip: Option<IpAddr>,
    /// When they signed up; now when not told.
    pub created_at: Option<Timestamp>,
    /// When they applied the code; now when not told.
    pub applied_at: Option<Timestamp>,
    /// Where the code came from.
    pub attribution: Attribution,
}

/// The instant of a word that every token and every event outweighs.
const BEFORE_ANY_TOKEN: Timestamp = Timestamp::from_micros(0);

impl App {
    /// Notes a sign-up and applies its code, if there is one. Repeating it answers the same referral; there is no
    /// idempotency key, so the receipt is always fresh.
    ///
    /// # Errors
    /// A [`Refusal`] (what was told of the user is kept), no such program, or the store's.
    pub async fn sign_up(&self, command: &SignUp) -> Result<Replayable<ApplyReceipt>, Failure<Refusal>> {
        let now = self.now();
        let (created_at, verified) = (command.created_at, command.email_verified);
        if created_at.is_some_and(|at| at.since(now) > FUTURE_TOLERANCE) {
            return Err(Refusal::SignedUpAhead.into());
        }
        let arrival = Arrival {
            user: self.new_user(&command.user),
            hear: Box::new(move |facts, now| hear(facts, created_at.unwrap_or(now), verified)),
            email: command.email.as_deref().and_then(|address| self.identity().email(address)),
            code: command.code.clone(),
            applied_at: command.applied_at,
            attribution: command.attribution.clone(),
            ip: command.ip,
        };
        self.admit_arrival(&command.program, arrival, None).await
    }
}

/// "Verified" is an event of the sign-up, whose time is the earliest ever told, so that telling it again says nothing
/// new. "Not verified" is only where a user begins: the weakest word there is, outweighed by any other, in any order.
fn hear(facts: &mut UserFacts, signed_up_at: Timestamp, verified: Option<bool>) {
    facts.hear_sign_up(signed_up_at);
    let at = facts.signed_up_at.unwrap_or(signed_up_at);
    match verified {
        Some(true) => facts.hear_event(Word { at, verified: true }),
        Some(false) => facts.hear_token(Word { at: BEFORE_ANY_TOKEN, verified: false }),
        None => {}
    }
}
