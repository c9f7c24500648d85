//! Adjustments against what they posted, and retractions by hand against what they take back.

pub(super) const PLACES: &[&str] =
    &[STEPS_FOLLOW, POSTED, WITHOUT_STEP, DECIDED_BY_WHO_ASKED, UNASKED, TAKES_BACK_NOTHING, RETRACTIONS];

/// An adjustment is asked for, and what waits is decided once; what is posted, and nothing else, has a transaction.
const STEPS_FOLLOW: &str = include_str!("sql/adjustment_steps_follow.sql");

const POSTED: &str = include_str!("sql/adjustment_posted.sql");

const WITHOUT_STEP: &str = include_str!("sql/adjustment_without_step.sql");

const DECIDED_BY_WHO_ASKED: &str = include_str!("sql/adjustment_decided_by_who_asked.sql");

const UNASKED: &str = include_str!("sql/adjustment_unasked.sql");

/// Whatever retracts names what of the same user it takes back.
const TAKES_BACK_NOTHING: &str = include_str!("sql/adjustment_takes_back_nothing.sql");

/// What an operator takes back is an adjustment, the one that the leg is of, and whole.
const RETRACTIONS: &str = include_str!("sql/adjustment_retractions.sql");
