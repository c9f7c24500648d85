//! UTC calendar months by plain arithmetic (Howard Hinnant's `civil_from_days`): no calendar of the product is asked.

pub(super) const DAY: i64 = 86_400_000_000;

/// Year, month from 0, day from 1.
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 2 } else { from_march - 10 };
    (year + era * 400 + i64::from(month <= 1), month, day)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 1);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let from_march = if month > 1 { month - 2 } else { month + 10 };
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The month of an instant, in months since the first of the year 0.
pub(super) fn month(at: i64) -> i64 {
    let (year, month, _) = civil(at.div_euclid(DAY));
    year * 12 + month
}

/// So many months later, on the same day or on the last of a shorter month.
pub(super) fn plus_months(at: i64, months: i64) -> i64 {
    let (_, _, day) = civil(at.div_euclid(DAY));
    let later = month(at) + months;
    let first = |month: i64| days(month.div_euclid(12), month.rem_euclid(12), 1);
    let last = first(later + 1) - first(later);
    (first(later) + day.min(last) - 1) * DAY + at.rem_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use referral_domain::time::Timestamp;

    #[test]
    fn months_are_those_of_the_calendar() {
        for (from, months, to) in [
            ("2026-01-31T12:00:00Z", 1, "2026-02-28T12:00:00Z"),
            ("2024-01-31T00:00:01Z", 1, "2024-02-29T00:00:01Z"),
            ("2026-12-15T23:59:59Z", 2, "2027-02-15T23:59:59Z"),
            ("2000-02-29T00:00:00Z", 12, "2001-02-28T00:00:00Z"),
        ] {
            let at = |text| Timestamp::parse(text).expect("RFC 3339").micros();
            assert_eq!(super::plus_months(at(from), months), at(to), "{from} and {months} months");
            assert_eq!(super::month(at(to)) - super::month(at(from)), months);
        }
    }
}
