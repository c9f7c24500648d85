//! Instants and days, in UTC. Time is always an argument: nothing here reads a clock.

use std::fmt;

use chrono::{DateTime, Datelike, Months, NaiveDate, SecondsFormat, Timelike, Utc};

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in an hour.
pub const HOUR: i64 = 3_600 * SECOND;
/// Microseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// The years a request may name.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

/// Where the digits after the seconds' point begin.
const FRACTION_AT: usize = "2026-01-31T12:34:56.".len();

/// The most digits a request may give after the seconds' point.
const MOST_FRACTION: usize = 9;

/// An instant in whole microseconds since 1970 UTC: the same bytes in every store.
///
/// ```
/// use referral_ledger::time::Timestamp;
/// let at = Timestamp::parse("2026-01-31T13:34:56.123456789+01:00").expect("RFC 3339");
/// assert_eq!(at.to_string(), "2026-01-31T12:34:56.123456Z");
/// assert_eq!(at.plus_days(1).to_string(), "2026-02-01T12:34:56.123456Z");
/// assert!(Timestamp::parse("2026-01-31T12:34:56").is_none(), "an offset is required");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant so many microseconds after 1970-01-01 UTC.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 with any offset and 0 to 9 digits, truncated to microseconds.
    ///
    /// `None` for anything else: no offset, a leap second, a year outside 2000..2100.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let at = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
        let leap = at.nanosecond() >= 1_000_000_000 || text.get(17..19) == Some("60");
        let plain =
            text.is_ascii() && text.as_bytes().get(10) == Some(&b'T') && fraction(text) <= MOST_FRACTION;
        (!leap && plain && YEARS.contains(&at.year())).then(|| Self(at.timestamp_micros()))
    }

    /// So many days later.
    #[must_use]
    pub const fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add((days as i64).saturating_mul(DAY)))
    }

    /// So many calendar months later, UTC: on the same day of the month, or on that month's last day.
    ///
    /// ```
    /// use referral_ledger::time::Timestamp;
    /// let at = |text| Timestamp::parse(text).expect("RFC 3339");
    /// assert_eq!(at("2026-01-31T12:00:00Z").plus_months(1), at("2026-02-28T12:00:00Z"));
    /// assert_eq!(at("2026-01-31T12:00:00Z").plus_months(2), at("2026-03-31T12:00:00Z"));
    /// ```
    #[must_use]
    pub fn plus_months(self, months: u32) -> Self {
        let at = DateTime::<Utc>::from_timestamp_micros(self.0);
        let later = at.and_then(|at| at.checked_add_months(Months::new(months)));
        later.map_or(Self(i64::MAX), |later| Self(later.timestamp_micros()))
    }

    /// The UTC calendar month this instant lies in.
    #[must_use]
    pub fn month(self) -> Month {
        let date = self.day().date();
        Month(date.year() * 12 + date.month0().cast_signed())
    }

    /// So many microseconds later, or earlier when negative.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to this instant; negative when it is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The UTC day this instant lies in.
    #[must_use]
    pub const fn day(self) -> Day {
        #[allow(clippy::cast_possible_truncation)]
        Day(self.0.div_euclid(DAY) as i32)
    }
}

/// How many digits follow the seconds' point. The parser itself skips what goes beyond nine.
fn fraction(text: &str) -> usize {
    text.bytes().skip(FRACTION_AT).take_while(u8::is_ascii_digit).count()
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with six digits: `2026-01-31T12:34:56.123456Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or(DateTime::<Utc>::MAX_UTC);
        f.write_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A UTC day, counted from 1970-01-01.
///
/// ```
/// use referral_ledger::time::Day;
/// let day = Day::parse("2026-01-31").expect("a date");
/// assert_eq!(day.to_string(), "2026-01-31");
/// assert_eq!(day.start().to_string(), "2026-01-31T00:00:00.000000Z");
/// assert!(Day::parse("2026-02-30").is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Day {
    /// The day so many days after 1970-01-01.
    #[must_use]
    pub const fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// Reads `YYYY-MM-DD` within 2000..2100; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        let exact = date.to_string() == text && YEARS.contains(&date.year());
        exact.then(|| Self(date.num_days_from_ce() - EPOCH_FROM_CE))
    }

    /// Its first instant.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0 as i64 * DAY)
    }

    /// The day after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    fn date(self) -> NaiveDate {
        NaiveDate::from_num_days_from_ce_opt(self.0.saturating_add(EPOCH_FROM_CE)).unwrap_or(NaiveDate::MAX)
    }
}

/// Days from the first day of the common era to 1970-01-01.
const EPOCH_FROM_CE: i32 = 719_163;

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.start().to_string();
        f.write_str(text.get(..10).unwrap_or(&text))
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A UTC calendar month, counted from the first of the year 0.
///
/// ```
/// use referral_ledger::time::{Month, Timestamp};
/// let at = Timestamp::parse("2026-01-31T23:59:59.999999Z").expect("RFC 3339");
/// assert_eq!(at.month().to_string(), "2026-01");
/// assert_eq!(at.plus_micros(1).month(), Month::from_number(at.month().number() + 1));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// The month so many months after the first of the year 0.
    #[must_use]
    pub const fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// Months since the first of the year 0.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Month {
    /// `2026-01`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
