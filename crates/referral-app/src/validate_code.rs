//! Whether a code may be used, asked by anybody. It never says whose it is.

use std::net::IpAddr;

use referral_domain::code::{Code, CodeText, FoldedCode, Unusable};
use referral_domain::money::Money;
use referral_domain::port::{Demand, Ticket};
use referral_domain::program::{Program, Terms};
use referral_domain::reference::Slug;

use crate::app::App;
use crate::failure::{Failure, Refused};
use crate::throttle::{Throttled, address_key};

/// What is longer is nobody's code (`schemas.md`, section 3).
const LONGEST_TEXT: usize = 64;

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
        let miss = self.admit_validation(slug, from).await?;
        let program = self.program(slug).await?;
        let short = text.chars().count() <= LONGEST_TEXT;
        let code = match FoldedCode::fold(text).filter(|_| short) {
            Some(folded) => self.reports().code(program.book, &folded).await?,
            None => None,
        };
        let validity = self.judge(&program, code);
        if matches!(validity, Validity::Valid { .. }) {
            self.give_back(miss).await;
        }
        Ok(validity)
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

    /// A miss is reserved beforehand, so that after too many of them a hit cannot be told from a miss.
    async fn admit_validation(&self, slug: &Slug, from: Option<IpAddr>) -> Result<Option<Ticket>, Throttled> {
        let (Some(limits), Some(address)) = (self.limits(), from) else { return Ok(None) };
        let (now, key) = (self.now(), address_key(address));
        let demand = |what, quota| Demand { key: format!("{what}:{slug}:{key}"), quotas: vec![quota] };
        self.reserve(&[demand("validate", limits.validate)], now).await?;
        self.reserve(&[demand("validate-miss", limits.validate_misses)], now).await
    }
}
