//! What referrals are due by their facts, against what they were granted. The rule is the domain's own.

use diesel_async::AsyncPgConnection;
use futures_util::TryStreamExt;
use referral_domain::ledger::Check;
use referral_domain::referral::{Award, Referral, State};
use referral_domain::settle::{Circumstances, settle};
use referral_domain::user::EmailStatus;

use super::{Finding, equal};
use crate::referrals;

pub(super) async fn are_granted_when_due(conn: &AsyncPgConnection) -> Finding {
    let mut all = std::pin::pin!(referrals::all(conn).await?);
    while let Some(referral) = all.try_next().await? {
        award_is_due(&referral, "reward", referral.progress.reward, is_reward_due(&referral))?;
        award_is_due(&referral, "welcome credit", referral.progress.welcome, is_welcome_due(&referral))?;
    }
    Ok(())
}

/// What was due when it was withheld is put right by the next unit that settles it; nothing is paid meanwhile.
fn award_is_due(referral: &Referral, what: &str, award: Award, due: bool) -> Finding {
    let place = || format!("referral_progress {}: its {what} is due", referral.facts.id);
    match award {
        Award::NotDue => equal(Check::DueRewards, place, &false, &due),
        Award::Granted { .. } => equal(Check::DueRewards, place, &true, &due),
        Award::Withheld(_) => Ok(()),
    }
}

fn is_reward_due(referral: &Referral) -> bool {
    anew(referral).progress.reward != Award::NotDue
}

fn is_welcome_due(referral: &Referral) -> bool {
    anew(referral).progress.welcome != Award::NotDue
}

/// The referral as it would be settled now, with nothing granted yet.
fn anew(referral: &Referral) -> Referral {
    let mut anew = referral.clone();
    (anew.progress.reward, anew.progress.welcome) = (Award::NotDue, Award::NotDue);
    if matches!(referral.progress.state, State::Fraud { .. }) {
        return anew;
    }
    let referrer = EmailStatus::Unknown;
    let seen = Circumstances { paused: false, referrer, now: referral.progress.updated_at };
    let stand_in = referral.facts.id.uuid();
    settle(&mut anew, &seen, &mut || stand_in);
    anew
}
