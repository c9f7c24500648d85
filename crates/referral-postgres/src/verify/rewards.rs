//! What referrals are due by their facts, against what they were granted. The rules are the domain's own.

use diesel_async::AsyncPgConnection;
use futures_util::TryStreamExt;
use referral_domain::ledger::Check;
use referral_domain::referral::{Award, Referral};
use referral_domain::settle::{self, commission_due, is_reward_due};

use super::{Finding, equal};
use crate::referrals;

pub(super) async fn are_granted_when_due(conn: &AsyncPgConnection) -> Finding {
    let mut all = std::pin::pin!(referrals::all(conn).await?);
    while let Some(referral) = all.try_next().await? {
        award_is_due(&referral, "reward", referral.progress.reward, is_reward_due(&referral))?;
        award_is_due(&referral, "welcome credit", referral.progress.welcome, is_welcome_due(&referral))?;
        commission_is_due(&referral)?;
    }
    Ok(())
}

fn progress_of(referral: &Referral) -> String {
    format!("referral_progress {} of book {}", referral.facts.id, referral.facts.book.0)
}

/// What was due when it was withheld is put right by the next unit that settles it; nothing is paid meanwhile.
fn award_is_due(referral: &Referral, what: &str, award: Award, due: bool) -> Finding {
    let place = || format!("{}: its {what} is due", progress_of(referral));
    match award {
        Award::NotDue | Award::Retracted => equal(Check::DueRewards, place, &false, &due),
        Award::Held { .. } | Award::Granted { .. } => equal(Check::DueRewards, place, &true, &due),
        Award::Withheld(_) => Ok(()),
    }
}

/// One that was taken back stays taken.
fn is_welcome_due(referral: &Referral) -> bool {
    referral.progress.welcome != Award::Retracted && settle::is_welcome_due(referral)
}

/// What a commission comes to, by its net; all of it is posted, unless something stands in the way of more.
fn commission_is_due(referral: &Referral) -> Finding {
    let progress = referral.progress.commission;
    let due = commission_due(referral);
    let place = |what: &str| format!("{}: its commission {what}", progress_of(referral));
    equal(Check::DueRewards, || place("due"), &due, &progress.due)?;
    if progress.withheld.is_some() && progress.posted < due {
        return Ok(());
    }
    equal(Check::DueRewards, || place("posted"), &due, &progress.posted)
}
