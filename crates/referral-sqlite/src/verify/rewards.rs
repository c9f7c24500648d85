//! What referrals are due by their facts, against what they were granted. The rule is the domain's own.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use referral_domain::ledger::Check;
use referral_domain::referral::{Award, Referral, State};
use referral_domain::settle::{Circumstances, settle};
use referral_domain::user::EmailStatus;

use super::{Finding, broken, equal};
use crate::column::Key;
use crate::referrals;

pub(super) fn are_granted_when_due(conn: &mut SqliteConnection) -> Finding {
    spend_is_the_sum_of_its_events(conn)?;
    for referral in referrals::all(conn)? {
        let referral = referral?;
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

#[derive(QueryableByName)]
struct Spent {
    #[diesel(sql_type = BigInt)]
    book_id: i64,
    #[diesel(sql_type = Binary)]
    referral_id: Key,
    #[diesel(sql_type = BigInt)]
    net: i64,
    #[diesel(sql_type = BigInt)]
    counted: i64,
}

/// Net spend against the events that met the referral and those that were folded in.
fn spend_is_the_sum_of_its_events(conn: &mut SqliteConnection) -> Finding {
    let query = diesel::sql_query(
        "SELECT p.book_id, p.referral_id, p.spend_gross - p.spend_refunded AS net,
           (SELECT coalesce(sum(e.counted), 0) FROM spend_events AS e
            WHERE e.book_id = p.book_id AND e.referral_id = p.referral_id AND e.referral_id IS NOT NULL)
           + (SELECT coalesce(sum(e.amount), 0) FROM spend_folds AS f
            JOIN spend_events AS e ON e.book_id = f.book_id AND e.source_id = f.source_id
            WHERE f.book_id = p.book_id AND f.referral_id = p.referral_id) AS counted
         FROM referral_progress AS p",
    );
    for row in query.load_iter::<Spent, _>(conn)? {
        let row = row?;
        let place = format!("referral_progress {} of book {}: net spend", row.referral_id.0, row.book_id);
        if row.net != row.counted {
            return broken(Check::DueRewards, place, row.counted.to_string(), row.net.to_string());
        }
    }
    Ok(())
}
