//! What a user may know of the referral they came by: everything but who and why.

use referral_domain::credit::may_redeem;
use referral_domain::port::ReferralReport;
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::referral::Referral;
use referral_domain::user::{EmailStatus, UserFacts};

use crate::app::App;
use crate::failure::{Failure, Never};

/// A user's own side of their referral.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MyReferrer {
    /// The referral they came by.
    pub referral: Option<Referral>,
    /// Whether their e-mail counts as verified; without a referral, true when nothing is known.
    pub email_verified: bool,
    /// Whether they may use credits.
    pub can_use_credits: bool,
    /// The program, for its currency.
    pub program: Program,
}

impl App {
    /// A user's own side of their referral.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn my_referrer(&self, slug: &Slug, user: &HostId) -> Result<MyReferrer, Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let facts = self.reports().user(program.book, user).await?;
        let report = match &facts {
            Some(facts) => self.reports().referral_of(program.book, facts.id).await?,
            None => None,
        };
        Ok(view(program, facts.as_ref(), report))
    }
}

fn view(program: Program, facts: Option<&UserFacts>, report: Option<ReferralReport>) -> MyReferrer {
    let status = facts.map_or(EmailStatus::Unknown, UserFacts::email_status);
    let referral = report.map(|report| report.referral);
    let unreferred = status != EmailStatus::Unverified;
    let email_verified =
        referral.as_ref().map_or(unreferred, |referral| referral.progress.verified_at.is_some());
    MyReferrer { email_verified, can_use_credits: may_redeem(status, referral.is_some()), referral, program }
}
