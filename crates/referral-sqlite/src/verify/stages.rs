//! Queries over the stages of payouts and batches: they follow one another, and each agrees with the other's.

/// Each step follows the one before, legally, in the same batch, and is its payout's.
pub(super) const STEPS_FOLLOW: &str = include_str!("sql/steps_follow.sql");

pub(super) const PAYOUT_WITHOUT_STEP: &str = include_str!("sql/payout_without_step.sql");

/// What a bank said is of an item, of its amount, and became a step.
pub(super) const LINES: &str = include_str!("sql/lines.sql");

pub(super) const UNSAID: &str = include_str!("sql/unsaid.sql");

/// An item is its payout, in the batch that this entered, and goes where its method says.
pub(super) const ITEMS: &str = include_str!("sql/items.sql");

/// A payout is sent when its batch is exported, and leaves it when it is discarded.
pub(super) const BATCH_IS_NOT_SO_FAR: &str = include_str!("sql/batch_is_not_so_far.sql");

pub(super) const LEFT_BEHIND: &str = include_str!("sql/left_behind.sql");

/// Each step of a batch follows the one before, legally; a person other than its maker approves it.
pub(super) const BATCH_STEPS_FOLLOW: &str = include_str!("sql/batch_steps_follow.sql");

pub(super) const BATCH_WITHOUT_STEP: &str = include_str!("sql/batch_without_step.sql");
