//! What referrals are due by their facts, against what they were granted. The rules are the domain's own.

use diesel::prelude::*;
use referral_domain::ledger::Check;
use referral_domain::referral::{Award, Referral};
use referral_domain::settle::{commission_due, is_reward_due, is_welcome_due};

use super::{Finding, equal};
use crate::referrals;

/// [`Check::DueRewards`]. What was due when it was withheld is put right by the next unit that settles it; nothing is
/// paid meanwhile.
pub(super) fn are_granted_when_due(conn: &mut SqliteConnection) -> Finding {
    for referral in referrals::all(conn)? {
        let referral = referral?;
        let place = |what| format!("{}: its {what} is due", progress_of(&referral));
        if let Some(posted) = is_posted(referral.progress.reward, false) {
            equal(Check::DueRewards, || place("reward"), &posted, &is_reward_due(&referral))?;
        }
        if let Some(posted) = is_posted(referral.progress.welcome, true) {
            equal(Check::DueRewards, || place("welcome credit"), &posted, &is_welcome_due(&referral))?;
        }
    }
    Ok(())
}

fn progress_of(referral: &Referral) -> String {
    format!("referral_progress {} of book {}", referral.facts.id, referral.facts.book.0)
}

/// Whether an award is posted; `None` where its facts say nothing about it: while it is withheld, and of one that was
/// taken back for good.
const fn is_posted(award: Award, taken_for_good: bool) -> Option<bool> {
    match award {
        Award::NotDue => Some(false),
        Award::Held { .. } | Award::Granted { .. } => Some(true),
        Award::Retracted if !taken_for_good => Some(false),
        Award::Withheld(_) | Award::Retracted => None,
    }
}

/// [`Check::Commissions`]: what is due is the share of the net spend that was promised, and posted, unless it says why
/// not; less what was withdrawn.
pub(super) fn commissions_are_posted(conn: &mut SqliteConnection) -> Finding {
    for referral in referrals::all(conn)? {
        let referral = referral?;
        let place = || format!("{}: its commission", progress_of(&referral));
        let known = &referral.progress.commission;
        let due = commission_due(&referral);
        equal(Check::Commissions, place, &due, &known.due)?;
        if known.withheld.is_none() {
            equal(Check::Commissions, place, &due, &known.posted)?;
        }
    }
    Ok(())
}
