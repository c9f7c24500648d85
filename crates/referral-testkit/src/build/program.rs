//! Programs.

use referral_domain::id::BookId;
use referral_domain::money::{Currency, Money};
use referral_domain::program::{Policy, Program, ProgramStatus, Terms};

use super::{currency, slug};
use crate::fake::NOON;

/// A program in the making.
#[derive(Clone, Debug)]
pub struct AProgram(Program);

/// The program `default`: active, in USD, with the default rules, made a year before noon.
#[must_use]
pub fn a_program() -> AProgram {
    let url = "https://shop.example/welcome".to_owned();
    let made = NOON.plus_micros(-365 * referral_domain::time::DAY);
    AProgram(
        Program::default_program(BookId(1_001), currency("USD"), url, made).expect("the slug is well formed"),
    )
}

impl AProgram {
    /// Another one: its own slug, and a book that follows from it.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.0.slug = slug(name);
        let number = super::named_id(name).as_u128() & 0x7fff_ffff_ffff_ffff;
        self.0.book = BookId(i64::try_from(number).expect("63 bits"));
        self
    }

    /// In another currency.
    #[must_use]
    pub const fn in_currency(mut self, currency: Currency) -> Self {
        self.0.currency = currency;
        self
    }

    /// With this reward for the referrer.
    #[must_use]
    pub const fn rewarding(mut self, reward: Money) -> Self {
        self.0.rules.terms.referrer_reward = reward.minor();
        self
    }

    /// With this welcome credit.
    #[must_use]
    pub const fn welcoming(mut self, credit: Money) -> Self {
        self.0.rules.terms.welcome_credit = credit.minor();
        self
    }

    /// With the reward due from this net spend on.
    #[must_use]
    pub const fn from_spend_of(mut self, threshold: Money) -> Self {
        self.0.rules.terms.spend_threshold = threshold.minor();
        self
    }

    /// With at most so many referrals per referrer in 24 hours.
    #[must_use]
    pub const fn limited_to(mut self, a_day: u32) -> Self {
        self.0.rules.policy.max_referrals_per_referrer_per_day = a_day;
        self
    }

    /// With these terms.
    #[must_use]
    pub const fn terms(mut self, terms: Terms) -> Self {
        self.0.rules.terms = terms;
        self
    }

    /// With this policy.
    #[must_use]
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.0.rules.policy = policy;
        self
    }

    /// Paused.
    #[must_use]
    pub const fn paused(mut self) -> Self {
        self.0.status = ProgramStatus::Paused;
        self
    }

    /// The program.
    #[must_use]
    pub fn build(self) -> Program {
        self.0
    }
}
