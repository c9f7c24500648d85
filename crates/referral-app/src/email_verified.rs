//! An event says whether a user's e-mail is verified.

use referral_domain::money::Money;
use referral_domain::port::{ReferralReport, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::referral::Referral;
use referral_domain::spend::FUTURE_TOLERANCE;
use referral_domain::time::Timestamp;
use referral_domain::user::Word;

use crate::app::{App, program_in};
use crate::failure::{Failure, Refused};
use crate::spread::spread;
use crate::transact::transact;

/// What an event tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EmailVerified {
    /// In which program.
    pub program: Slug,
    /// Of whom.
    pub user: HostId,
    /// The address, when it is told.
    pub email: Option<String>,
    /// Whether it is verified.
    pub verified: bool,
    /// When that became so; now when not told.
    pub occurred_at: Option<Timestamp>,
}

/// How things stand after it: states, so that repeating it answers the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EmailReceipt {
    /// The referral the user came by.
    pub referral: Option<ReferralReport>,
    /// Whether the welcome credit is granted.
    pub welcome_credit_granted: bool,
    /// The referrer's reward, when it is granted.
    pub reward: Option<Money>,
    /// The program, for its currency.
    pub program: Program,
}

/// The event's time lies more than 5 minutes ahead of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time lies more than 5 minutes ahead of the clock")]
pub struct TimeOutOfRange;

impl Refused for TimeOutOfRange {}

impl App {
    /// Takes note of an e-mail verified, or no longer so. The newest event decides, in whatever order they come.
    ///
    /// # Errors
    /// [`TimeOutOfRange`], no such program, or the store's.
    pub async fn email_verified(
        &self,
        command: &EmailVerified,
    ) -> Result<EmailReceipt, Failure<TimeOutOfRange>> {
        let now = self.now();
        let word = Word { at: command.occurred_at.unwrap_or(now), verified: command.verified };
        if word.at.since(now) > FUTURE_TOLERANCE {
            return Err(TimeOutOfRange.into());
        }
        let user = &self.new_user(&command.user);
        let email = command.email.as_deref().and_then(|address| self.identity().email(address));
        transact(self.store(), move |unit| {
            Box::pin(async move {
                let program = program_in(unit, &command.program, now).await?;
                let mut facts = crate::applying::lock_user(unit, &program, user, now).await?;
                facts.hear_event(word);
                facts.email = email.or(facts.email);
                let ids = &mut || self.draw_id();
                let own =
                    spread(unit, &program, &facts, now, ids).await?.record(unit, &program, now, ids).await?;
                Ok(receipt(unit, program, own).await?)
            })
        })
        .await
    }
}

async fn receipt(
    unit: &mut Unit<'_>,
    program: Program,
    own: Option<Referral>,
) -> Result<EmailReceipt, StoreError> {
    let granted = |referral: &Referral| referral.progress.reward.is_posted().then_some(referral.facts.terms);
    let reward = own.as_ref().and_then(granted).map(|terms| program.money(terms.referrer_reward));
    let welcome_credit_granted = own.as_ref().is_some_and(|referral| referral.progress.welcome.is_posted());
    let referral = match own {
        Some(referral) => Some(named(unit, referral).await?),
        None => None,
    };
    Ok(EmailReceipt { referral, welcome_credit_granted, reward, program })
}

/// A referral with the host's names of both people.
pub(crate) async fn named(unit: &mut Unit<'_>, referral: Referral) -> Result<ReferralReport, StoreError> {
    let facts = &referral.facts;
    let names = unit.users().names(facts.book, &[facts.referrer, facts.referred]).await?;
    match <[HostId; 2]>::try_from(names) {
        Ok([referrer, referred]) => {
            Ok(ReferralReport { referral, referrer: Some(referrer), referred: Some(referred) })
        }
        Err(names) => {
            Err(StoreError::corrupt("user_names", "host_id", facts.id, format!("{} names", names.len())))
        }
    }
}
