//! Ranges of days in queries.

use referral_domain::time::Day;

use crate::form::{Params, scalar};

/// `from` and `to`, both inclusive.
pub(super) type DayRange = (Option<Day>, Option<Day>);

/// `from` and `to`, which may not lie before it.
pub(super) fn day_range(params: &mut Params<'_>) -> Option<DayRange> {
    let (from, to) = (params.optional("from", scalar::date), params.optional("to", scalar::date));
    let (from, to) = (from?, to?);
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        return params.fault("to", "out-of-range", "must not lie before from");
    }
    Some((from, to))
}
