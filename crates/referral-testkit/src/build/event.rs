//! Spends and refunds, as commands and as recorded events.

use referral_domain::id::{EventId, UserId};
use referral_domain::identity::Fingerprint;
use referral_domain::money::Money;
use referral_domain::referral::Referral;
use referral_domain::spend::{
    EventCommand, Level, Outcome, RefundCommand, RefundOf, RefundReason, SpendCommand, SpendEvent, body_hash,
};
use referral_domain::time::Timestamp;

use super::{host, named_id, source};
use crate::fake::NOON;

/// A spend in the making, as the host tells it.
#[derive(Clone, Debug)]
pub struct ASpend(SpendCommand);

/// A spend of this user at noon.
#[must_use]
pub fn a_spend(name: &str, user: &str, amount: Money) -> ASpend {
    ASpend(SpendCommand {
        source: source(name),
        user: host(user),
        amount,
        occurred_at: NOON,
        payment: None,
        metadata: None,
    })
}

impl ASpend {
    /// At that time.
    #[must_use]
    pub const fn at(mut self, occurred_at: Timestamp) -> Self {
        self.0.occurred_at = occurred_at;
        self
    }

    /// With this payment method.
    #[must_use]
    pub const fn paid_with(mut self, payment: Fingerprint) -> Self {
        self.0.payment = Some(payment);
        self
    }

    /// With the host's own JSON object.
    #[must_use]
    pub fn noting(mut self, metadata: &str) -> Self {
        self.0.metadata = Some(metadata.to_owned());
        self
    }

    /// The command.
    #[must_use]
    pub fn build(self) -> SpendCommand {
        self.0
    }
}

/// A refund in the making, as the host tells it.
#[derive(Clone, Debug)]
pub struct ARefund(RefundCommand);

/// A refund of so much of a spend of this user at noon, asked for by the customer.
#[must_use]
pub fn a_refund(name: &str, user: &str, spend: &str, amount: Money) -> ARefund {
    ARefund(RefundCommand {
        source: source(name),
        user: host(user),
        spend: source(spend),
        amount,
        occurred_at: NOON,
        reason: RefundReason::Requested,
        metadata: None,
    })
}

impl ARefund {
    /// At that time.
    #[must_use]
    pub const fn at(mut self, occurred_at: Timestamp) -> Self {
        self.0.occurred_at = occurred_at;
        self
    }

    /// For this reason.
    #[must_use]
    pub const fn because(mut self, reason: RefundReason) -> Self {
        self.0.reason = reason;
        self
    }

    /// With the host's own JSON object.
    #[must_use]
    pub fn noting(mut self, metadata: &str) -> Self {
        self.0.metadata = Some(metadata.to_owned());
        self
    }

    /// The command.
    #[must_use]
    pub fn build(self) -> RefundCommand {
        self.0
    }
}

/// The event of this refund, recorded at noon for a user who has no referral. Its id follows from the source.
#[must_use]
pub fn a_refund_event(command: &RefundCommand, user: UserId) -> AnEvent {
    let spend = SpendCommand {
        source: command.source.clone(),
        user: command.user.clone(),
        amount: command.amount,
        occurred_at: command.occurred_at,
        payment: None,
        metadata: command.metadata.clone(),
    };
    let body = body_hash(user, &EventCommand::Refund(command.clone()));
    let of = RefundOf { spend: command.spend.clone(), reason: command.reason };
    an_event(&spend, user).with(|event| (event.refund, event.body) = (Some(of), body))
}

/// A recorded event in the making.
#[derive(Clone, Debug)]
pub struct AnEvent(SpendEvent);

/// The event of this command, recorded at noon for a user who has no referral. Its id follows from the source.
#[must_use]
pub fn an_event(command: &SpendCommand, user: UserId) -> AnEvent {
    AnEvent(SpendEvent {
        id: EventId::from_uuid(named_id(&format!("event {}", command.source))),
        source: command.source.clone(),
        user,
        amount: command.amount,
        occurred_at: command.occurred_at,
        recorded_at: NOON,
        payment: command.payment,
        metadata: command.metadata.clone(),
        refund: None,
        body: body_hash(user, &EventCommand::Spend(command.clone())),
        outcome: Outcome::NotReferred,
        referral: None,
        counted: 0,
        over_refund: false,
        level: None,
        reward: None,
        commission: None,
        withheld: None,
    })
}

impl AnEvent {
    /// Recorded at that time.
    #[must_use]
    pub const fn recorded(mut self, at: Timestamp) -> Self {
        self.0.recorded_at = at;
        self
    }

    /// Which met this referral with this outcome.
    #[must_use]
    pub fn met(mut self, referral: &Referral, outcome: Outcome) -> Self {
        let threshold = referral.facts.terms.spend_threshold;
        self.0.outcome = outcome;
        self.0.referral = Some(referral.facts.id);
        self.0.level = Some(Level { net: referral.progress.spend.net(), threshold });
        self
    }

    /// Changed in some other way.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut SpendEvent)) -> Self {
        change(&mut self.0);
        self
    }

    /// The event.
    #[must_use]
    pub fn build(self) -> SpendEvent {
        self.0
    }
}
