//! A user's own code: found, or made on first ask.

use referral_domain::code::{Code, CodeText, LONGEST, SHORTEST};
use referral_domain::id::CodeId;
use referral_domain::port::{CodeClaim, NewUser, ReferrerReport, StoreError, Unit};
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::Timestamp;

use crate::app::{App, program_in};
use crate::applying::lock_user;
use crate::failure::{Failure, Never};
use crate::idempotent::{Idempotent, Replayable, once};
use crate::referral_stats::ReferralStats;
use crate::transact::transact;
use crate::validate_code::Offer;

/// How often a length is tried before a longer one is.
const TRIES_A_LENGTH: usize = 3;

/// A user's code with what it offers and what it brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodeReport {
    /// The code.
    pub code: Code,
    /// What it offers.
    pub offer: Offer,
    /// What it brought.
    pub stats: ReferralStats,
    /// Its program.
    pub program: Program,
}

impl App {
    /// The user's primary code, made when there is none. Two first asks at once yield one code.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn code_of(&self, slug: &Slug, user: &HostId) -> Result<CodeReport, Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let ReferrerReport { code, counts } = self.reports().referrer(program.book, user).await?;
        let code = match code {
            Some(code) => code,
            None => self
                .make_code(slug, user)
                .await
                .inspect(|code| self.forget_code(code.book, &code.text.folded()))?,
        };
        let stats = ReferralStats::of(&program, Some(code.text.clone()), counts);
        Ok(CodeReport { offer: Offer::of(&program), code, stats, program })
    }

    /// The same under an idempotency key: the key and body again answer the first reply, byte for byte. The key commits
    /// with the code.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn code_once(
        &self,
        slug: &Slug,
        user: &HostId,
        request: &Idempotent<'_, CodeReport>,
    ) -> Result<Replayable<CodeReport>, Failure<Never>> {
        let now = self.now();
        let stats = self.referral_stats(slug, user).await?;
        let (stats, user) = (&stats, &self.new_user(user));
        once(self.store(), slug, Some(request), now, move |unit, program| {
            Box::pin(async move {
                let code = self.claim_code(unit, &program, user, now).await?;
                let stats = ReferralStats { code: Some(code.text.clone()), ..stats.clone() };
                Ok(CodeReport { offer: Offer::of(&program), code, stats, program })
            })
        })
        .await
    }

    async fn make_code(&self, slug: &Slug, user: &HostId) -> Result<Code, Failure<Never>> {
        let now = self.now();
        let user = &self.new_user(user);
        transact(self.store(), move |unit| {
            Box::pin(async move {
                let program = program_in(unit, slug, now).await?;
                Ok(self.claim_code(unit, &program, user, now).await?)
            })
        })
        .await
    }

    async fn claim_code(
        &self,
        unit: &mut Unit<'_>,
        program: &Program,
        user: &NewUser,
        now: Timestamp,
    ) -> Result<Code, StoreError> {
        let owner = lock_user(unit, program, user, now).await?.id;
        for length in (SHORTEST..=LONGEST).flat_map(|length| [length; TRIES_A_LENGTH]) {
            let text = CodeText::draw(self.chance(), length);
            let code = Code::primary(program.book, CodeId::from_uuid(self.draw_id()), owner, text, now);
            match unit.codes().claim(&code).await? {
                CodeClaim::Claimed => return Ok(code),
                CodeClaim::OwnerHas(code) => return Ok(*code),
                CodeClaim::Taken => {}
            }
        }
        Err(StoreError::Contended("every code drawn was taken".into()))
    }
}
