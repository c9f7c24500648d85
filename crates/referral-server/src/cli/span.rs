//! A length of time as it is typed.

use std::str::FromStr;

/// A whole number of seconds, at least one: typed as `90s`, `15m`, `1h` or `7d`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    seconds: i64,
}

/// A token that lives longer than this is a mistake: ten years.
const SECONDS_MAX: i64 = 10 * 366 * 86_400;

impl Span {
    /// How many seconds it lasts.
    pub(crate) const fn seconds(self) -> i64 {
        self.seconds
    }
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).filter(|seconds| (1..=SECONDS_MAX).contains(seconds)).map(|seconds| Self { seconds }).ok_or(
            "a number and its unit, s, m, h or d, such as 90s, 15m, 1h or 7d; more than nothing, at most ten years",
        )
    }
}

fn parse(text: &str) -> Option<i64> {
    let (unit, length) = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)]
        .into_iter()
        .find(|(unit, _)| text.ends_with(*unit))?;
    let count = text.strip_suffix(unit).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    count.parse::<i64>().ok()?.checked_mul(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_its_unit() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h", 3_600), ("7d", 604_800)] {
            assert_eq!(text.parse(), Ok(Span { seconds }), "{text}");
        }
        for text in ["", "h", "0s", "-1h", "+1h", "1.5h", "1w", "60", "99999999999999999d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
