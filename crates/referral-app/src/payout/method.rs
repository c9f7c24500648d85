//! Where a user is paid.

use referral_domain::audit::{Actor, ActorKind};
use referral_domain::payout::{Destination, PayoutMethod};
use referral_domain::port::{Changes, Unit};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::Timestamp;

use super::trail::Hand;
use super::vault::{self, Owner};
use crate::app::App;
use crate::applying::lock_user;
use crate::failure::{Failure, Never};
use crate::idempotent::{Idempotent, Replayable, once};

/// A user says where they are paid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetPayoutMethod {
    /// In which program.
    pub program: Slug,
    /// Who.
    pub user: HostId,
    /// Where.
    pub destination: Destination,
}

/// A payout method as it may be shown, and the program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MethodView {
    /// The version in force.
    pub method: Option<PayoutMethod>,
    /// The program.
    pub program: Program,
}

impl App {
    /// Where a user is paid, masked.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn payout_method(&self, slug: &Slug, user: &HostId) -> Result<MethodView, Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let method = self.reports().payout_method(program.book, user).await?;
        Ok(MethodView { method, program })
    }

    /// Sets where a user is paid: a new version, usable 72 hours later. The same again changes nothing.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn set_payout_method(
        &self,
        command: &SetPayoutMethod,
        request: Option<&Idempotent<'_, PayoutMethod>>,
    ) -> Result<Replayable<PayoutMethod>, Failure<Never>> {
        let now = self.now();
        let user = &self.new_user(&command.user);
        once(self.store(), &command.program, request, now, move |unit, program| {
            Box::pin(async move {
                let facts = lock_user(unit, &program, user, now).await?;
                let before = unit.payouts().method(program.book, facts.id).await?;
                let canonical = command.destination.to_bytes();
                let digest = self.identity().destination(&canonical).0;
                match before {
                    Some(known) if known.digest == digest && known.sealed.is_some() => Ok(known),
                    known => {
                        let n = known.map_or(0, |method| method.n) + 1;
                        let owner = Owner { book: program.book, user: facts.id, version: n };
                        let method = self.sealed(owner, digest, &command.destination, now)?;
                        self.record_method(unit, &program, command, &method).await?;
                        Ok(method)
                    }
                }
            })
        })
        .await
    }

    fn sealed(
        &self,
        owner: Owner,
        digest: [u8; 32],
        destination: &Destination,
        changed_at: Timestamp,
    ) -> Result<PayoutMethod, Failure<Never>> {
        let sealed = Some(vault::seal(self.identity(), self.chance(), owner, destination)?);
        let (kind, label) = (destination.kind(), destination.label());
        Ok(PayoutMethod { user: owner.user, n: owner.version, kind, label, digest, sealed, changed_at })
    }

    async fn record_method(
        &self,
        unit: &mut Unit<'_>,
        program: &Program,
        command: &SetPayoutMethod,
        method: &PayoutMethod,
    ) -> Result<(), Failure<Never>> {
        let actor = &Actor { kind: ActorKind::User, id: command.user.to_string() };
        let hand = Hand { actor, now: method.changed_at, ids: &|| self.draw_id() };
        let told = |n: u32| format!(r#"{{"version":{n},"kind":"{}"}}"#, method.kind);
        let before = (method.n > 1).then(|| format!(r#"{{"version":{}}}"#, method.n - 1));
        let entry = hand.entry("payout-method.set", method.user.to_string(), before, Some(told(method.n)));
        let changes =
            Changes { payout_methods: vec![method.clone()], audit: vec![entry], ..Changes::default() };
        Ok(unit.recorder().record(program.book, &changes).await?)
    }
}
