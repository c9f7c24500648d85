//! What a user may know of the referral they came by: everything but who and why.

use referral_domain::credit::may_redeem;
use referral_domain::port::MyReferralReport;
use referral_domain::program::Program;
use referral_domain::reference::{HostId, Slug};
use referral_domain::referral::Referral;
use referral_domain::user::EmailStatus;

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
        let report = self.reports().my_referral(program.book, user).await?;
        Ok(view(program, report))
    }
}

fn view(program: Program, MyReferralReport { email, referral }: MyReferralReport) -> MyReferrer {
    let unreferred = email != EmailStatus::Unverified;
    let email_verified =
        referral.as_ref().map_or(unreferred, |referral| referral.progress.verified_at.is_some());
    MyReferrer { email_verified, can_use_credits: may_redeem(email, referral.is_some()), referral, program }
}
