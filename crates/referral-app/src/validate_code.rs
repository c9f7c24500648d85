//! Whether a code may be used, asked by anybody. It never says whose it is.

use std::net::IpAddr;

use referral_domain::code::{Code, CodeText, FoldedCode, Unusable};
use referral_domain::id::BookId;
use referral_domain::money::Money;
use referral_domain::port::{Demand, Quota, StoreError, Ticket};
use referral_domain::program::{Program, Terms};
use referral_domain::reference::Slug;

use crate::app::App;
use crate::failure::{Failure, Refused};
use crate::throttle::{Limits, Throttled, address_key};

/// How many characters a spelling of a code has at most, hyphens counted; what is longer is nobody's code (`schemas.md`,
/// section 3).
pub const CODE_CHARS_MAX: usize = 64;

impl Refused for Throttled {}

/// What a program offers, by the terms in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offer {
    /// What the referred user is given.
    pub welcome_credit: Money,
    /// What the referrer earns.
    pub referrer_reward: Money,
    /// Net spend that makes the reward due.
    pub spend_threshold: Money,
    /// How many days after applying spend counts.
    pub qualification_window_days: u32,
}

impl Offer {
    /// The offer of a program now.
    #[must_use]
    pub const fn of(program: &Program) -> Self {
        let Terms { welcome_credit, referrer_reward, spend_threshold, qualification_window_days, .. } =
            program.rules.terms;
        Self {
            welcome_credit: program.money(welcome_credit),
            referrer_reward: program.money(referrer_reward),
            spend_threshold: program.money(spend_threshold),
            qualification_window_days,
        }
    }
}

/// The answer about a code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Validity {
    /// It may be used.
    Valid {
        /// Its canonical spelling.
        code: CodeText,
        /// What it brings.
        offer: Offer,
    },
    /// Nobody has it.
    Unknown,
    /// It exists and may not be used.
    Unusable(Unusable),
    /// The program is paused.
    ProgramPaused,
}

impl App {
    /// Looks a code up for somebody at an address. Hits and misses are counted apart.
    ///
    /// # Errors
    /// [`Throttled`], no such program, or the store's.
    pub async fn validate_code(
        &self,
        slug: &Slug,
        text: &str,
        from: Option<IpAddr>,
    ) -> Result<Validity, Failure<Throttled>> {
        let address = from.map(address_key);
        self.admit_one("validate", address.as_deref(), |limits| limits.validate).await?;
        let program = self.program_lately(slug).await?;
        let short = text.chars().count() <= CODE_CHARS_MAX;
        let code = match FoldedCode::fold(text).filter(|_| short) {
            Some(folded) => self.look_up(program.book, folded).await?,
            None => None,
        };
        let validity = self.judge(&program, code);
        self.count_miss(address.as_deref(), &validity).await?;
        Ok(validity)
    }

    async fn look_up(&self, book: BookId, folded: FoldedCode) -> Result<Option<Code>, StoreError> {
        match &self.codes {
            Some(codes) => codes.find(self.reports(), book, folded).await,
            None => self.reports().code(book, &folded).await,
        }
    }

    /// A miss is counted; a hit is as well and given back at once, so that after too many misses a hit cannot be told
    /// from one.
    async fn count_miss(&self, address: Option<&str>, validity: &Validity) -> Result<(), Throttled> {
        let miss = self.admit_one("validate-miss", address, |limits| limits.validate_misses).await?;
        if matches!(validity, Validity::Valid { .. }) {
            self.give_back(miss).await;
        }
        Ok(())
    }

    /// Counts by address alone: what else a request says is the caller's own choice.
    async fn admit_one(
        &self,
        what: &str,
        address: Option<&str>,
        quota: fn(&Limits) -> Quota,
    ) -> Result<Option<Ticket>, Throttled> {
        let (Some(limits), Some(address)) = (self.limits(), address) else { return Ok(None) };
        let demand = Demand { key: format!("{what}:{address}"), quotas: vec![quota(limits)] };
        self.reserve(address, &[demand], self.now()).await
    }

    fn judge(&self, program: &Program, code: Option<Code>) -> Validity {
        match code {
            None => Validity::Unknown,
            Some(_) if program.is_paused() => Validity::ProgramPaused,
            Some(code) => match code.usable(self.now()) {
                Ok(()) => Validity::Valid { code: code.text, offer: Offer::of(program) },
                Err(unusable) => Validity::Unusable(unusable),
            },
        }
    }
}
