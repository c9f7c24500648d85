//! Codes and referrals.

use referral_domain::code::{Code, CodeText};
use referral_domain::commission::CommissionProgress;
use referral_domain::id::{BookId, CodeId, ReferralId, UserId};
use referral_domain::program::Program;
use referral_domain::referral::{
    Attribution, Award, Progress, Referral, ReferralFacts, Review, Source, SpendTotals, State,
};
use referral_domain::retraction::Withdrawn;
use referral_domain::time::Timestamp;

use super::named_id;
use crate::fake::NOON;

/// A code in the making.
#[derive(Clone, Debug)]
pub struct ACode(Code);

/// The primary code of a user, active and unlimited. Id and text follow from the owner's id.
#[must_use]
pub fn a_code(book: BookId, owner: UserId) -> ACode {
    let id = CodeId::from_uuid(named_id(&format!("{}/{owner}", book.0)));
    let mut number = id.uuid().as_u128() >> 16;
    let mut text = String::new();
    for _ in 0..12 {
        text.push(char::from(
            referral_domain::code::ALPHABET[usize::try_from(number % 25).expect("below 25")],
        ));
        number /= 25;
    }
    ACode(Code::primary(book, id, owner, code_text(&text), NOON))
}

fn code_text(text: &str) -> CodeText {
    CodeText::parse(text).expect("4 to 24 characters that count")
}

impl ACode {
    /// Spelt like this.
    #[must_use]
    pub fn spelt(mut self, text: &str) -> Self {
        self.0.text = code_text(text);
        self
    }

    /// With this id.
    #[must_use]
    pub const fn with_id(mut self, id: CodeId) -> Self {
        self.0.id = id;
        self
    }

    /// Changed in some other way.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Code)) -> Self {
        change(&mut self.0);
        self
    }

    /// The code.
    #[must_use]
    pub fn build(self) -> Code {
        self.0
    }
}

/// A referral in the making.
#[derive(Clone, Debug)]
pub struct AReferral(Referral);

/// A pending referral of `referred` by the code's owner, applied at noon on the program's terms, nothing spent.
#[must_use]
pub fn a_referral(program: &Program, code: &Code, referred: UserId) -> AReferral {
    let id = ReferralId::from_uuid(named_id(&format!("{}/{referred} came", program.book.0)));
    let facts = ReferralFacts {
        book: program.book,
        id,
        referrer: code.owner,
        referred,
        code: code.id,
        code_text: code.text.clone(),
        rule_version: program.rule_version,
        terms: program.rules.terms,
        attribution: Attribution { source: Source::Typed, click: None, clicked_at: None, sub_id: None },
        signed_up_at: Some(NOON),
        applied_at: NOON,
        qualifies_until: NOON.plus_days(program.rules.terms.qualification_window_days),
        created_at: NOON,
    };
    AReferral(Referral { facts, progress: pending() })
}

const fn pending() -> Progress {
    Progress {
        state: State::Pending,
        review: Review::None,
        case: None,
        verified_at: None,
        spend: SpendTotals { gross: 0, refunded: 0 },
        welcome: Award::NotDue,
        reward: Award::NotDue,
        reward_steps: 0,
        commission: CommissionProgress { gross: 0, refunded: 0, due: 0, posted: 0, steps: 0, withheld: None },
        withdrawn: Withdrawn { welcome: false, reward: false, commission: 0 },
        updated_at: NOON,
    }
}

impl AReferral {
    /// Made at that time: applied, recorded, and its window counted from then.
    #[must_use]
    pub fn made_at(mut self, at: Timestamp) -> Self {
        let window = self.0.facts.terms.qualification_window_days;
        self.0.facts.signed_up_at = Some(at);
        self.0.facts.applied_at = at;
        self.0.facts.qualifies_until = at.plus_days(window);
        self.0.facts.created_at = at;
        self.0.progress.updated_at = at;
        self
    }

    /// In this state; verified since then when the state says so.
    #[must_use]
    pub fn in_state(mut self, state: State) -> Self {
        self.0.progress.state = state;
        self.0.progress.verified_at = state.activated_at();
        self
    }

    /// With so much counted spend, in minor units.
    #[must_use]
    pub const fn having_spent(mut self, gross: i64) -> Self {
        self.0.progress.spend.gross = gross;
        self
    }

    /// With its welcome credit like this.
    #[must_use]
    pub const fn welcome(mut self, award: Award) -> Self {
        self.0.progress.welcome = award;
        self
    }

    /// With its reward like this.
    #[must_use]
    pub const fn reward(mut self, award: Award) -> Self {
        self.0.progress.reward = award;
        self
    }

    /// Changed in some other way.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Referral)) -> Self {
        change(&mut self.0);
        self
    }

    /// The referral.
    #[must_use]
    pub fn build(self) -> Referral {
        self.0
    }
}
