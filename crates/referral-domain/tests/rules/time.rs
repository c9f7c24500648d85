//! Time: what parses, how it is cut, and where a day begins.

use proptest::prelude::*;
use referral_domain::time::{DAY, Day, HOUR, SECOND, Timestamp};

use crate::made::NOW;

fn read(text: &str) -> Option<String> {
    Timestamp::parse(text).map(|at| at.to_string())
}

#[test]
fn any_offset_and_up_to_nine_digits_are_read_and_cut_to_microseconds() {
    for (text, shown) in [
        ("2026-01-31T12:34:56Z", "2026-01-31T12:34:56.000000Z"),
        ("2026-01-31T12:34:56.1Z", "2026-01-31T12:34:56.100000Z"),
        ("2026-01-31T12:34:56.123456Z", "2026-01-31T12:34:56.123456Z"),
        ("2026-01-31T12:34:56.123456999Z", "2026-01-31T12:34:56.123456Z"),
        ("2026-01-31T12:34:56.999999999Z", "2026-01-31T12:34:56.999999Z"),
        ("2026-01-31T12:34:56+00:00", "2026-01-31T12:34:56.000000Z"),
        ("2026-01-31T12:34:56-00:00", "2026-01-31T12:34:56.000000Z"),
        ("2026-01-31T00:30:00+05:45", "2026-01-30T18:45:00.000000Z"),
        ("2026-01-31T23:59:59.5-09:30", "2026-02-01T09:29:59.500000Z"),
        ("2024-02-29T00:00:00+14:00", "2024-02-28T10:00:00.000000Z"),
        ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00.000000Z"),
        ("2100-12-31T23:59:59.999999Z", "2100-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(read(text).as_deref(), Some(shown), "{text}");
    }
}

#[test]
fn whatever_is_not_an_instant_between_2000_and_2100_is_refused() {
    let list = "|now|2026-01-31|2026-01-31T12:34:56|2026-01-31T12:34Z|2026-01-31 12:34:56Z|\
        2026-01-31T12:34:56.Z|2026-01-31T12:34:56,5Z|2026-01-31T12:34:56+01|2026-01-31T12:34:56+0100|\
        2026-01-31T12:34:56 Z| 2026-01-31T12:34:56Z|2026-01-31T12:34:56Z |2026-01-31T12:34:56Zulu|\
        2026-01-31T12:34:60Z|2016-12-31T23:59:60Z|2016-12-31T23:59:60.5Z|2017-01-01T00:59:60+01:00|\
        2026-02-29T00:00:00Z|2026-13-01T00:00:00Z|2026-00-10T00:00:00Z|2026-01-32T00:00:00Z|\
        2026-01-31T24:00:00Z|2026-01-31T12:60:00Z|2026-01-31T12:34:56+24:00|2026-01-31T12:34:56−01:00|\
        1999-12-31T23:59:59Z|2000-01-01T00:59:59+01:00|2101-01-01T00:00:00Z|2100-12-31T23:59:59-01:00|\
        20260131T123456Z|26-01-31T12:34:56Z|+2026-01-31T12:34:56Z|-2026-01-31T12:34:56Z|\
        12026-01-31T12:34:56Z|1769862896|1769862896123|２026-01-31T12:34:56Z|\
        2026-01-31T12:34:56.1234567891Z|2026-01-31T12:34:56.000000000000+00:00";
    for text in list.split('|') {
        assert_eq!(read(text), None, "{text:?}");
    }
}

#[test]
fn a_day_begins_at_midnight_utc() {
    let noon = Timestamp::parse("2026-01-31T00:00:00Z").expect("an instant");
    assert_eq!(noon.day().start(), noon);
    assert_eq!(noon.plus_micros(-1).day().next(), noon.day());
    assert_eq!(noon.plus_micros(DAY - 1).day(), noon.day());
    assert_eq!(noon.plus_days(1).day(), noon.day().next());
    assert_eq!(Timestamp::from_micros(-1).day().to_string(), "1969-12-31");
    assert_eq!((Timestamp::from_micros(0).day(), Day::from_number(0).number()), (Day::from_number(0), 0));
}

#[test]
fn a_date_is_read_only_in_its_one_spelling() {
    for text in ["2026-01-31", "2024-02-29", "2000-01-01", "2100-12-31"] {
        assert_eq!(Day::parse(text).map(|day| day.to_string()).as_deref(), Some(text));
    }
    for text in [
        "",
        "2026-1-31",
        "2026-01-31 ",
        " 2026-01-31",
        "2026-02-29",
        "2026-02-30",
        "1999-12-31",
        "2101-01-01",
        "20260131",
        "2026/01/31",
        "+2026-01-31",
        "2026-01-31T00:00:00Z",
        "31-01-2026",
        "yesterday",
    ] {
        assert_eq!(Day::parse(text), None, "{text:?}");
    }
}

#[test]
fn far_instants_stop_at_the_end_of_64_bits_instead_of_turning_round() {
    assert_eq!(Timestamp::from_micros(i64::MAX).plus_days(u32::MAX), Timestamp::from_micros(i64::MAX));
    assert_eq!(Timestamp::from_micros(i64::MIN).plus_micros(-1), Timestamp::from_micros(i64::MIN));
    assert_eq!(Timestamp::from_micros(i64::MAX).since(Timestamp::from_micros(i64::MIN)), i64::MAX);
    assert_eq!((SECOND, HOUR, DAY), (1_000_000, 3_600_000_000, 86_400_000_000));
}

proptest! {
    #[test]
    fn every_instant_reads_back_as_it_was_printed(micros in 946_684_800_000_000..4_133_980_800_000_000_i64) {
        let at = Timestamp::from_micros(micros);
        prop_assert_eq!(Timestamp::parse(&at.to_string()), Some(at));
        prop_assert_eq!(Day::parse(&at.day().to_string()), Some(at.day()));
    }

    #[test]
    fn an_offset_moves_the_instant_by_just_as_much(minutes in -1439..=1439_i64, second in 0..60_i64) {
        let (sign, size) = if minutes < 0 { ('-', -minutes) } else { ('+', minutes) };
        let text = format!("2026-01-31T12:34:{second:02}{sign}{:02}:{:02}", size / 60, size % 60);
        let utc = NOW.day().start().plus_micros((12 * 60 + 34 - minutes) * 60 * SECOND + second * SECOND);
        prop_assert_eq!(Timestamp::parse(&text), Some(utc));
    }

    #[test]
    fn an_instant_lies_in_exactly_one_day(micros in -4_133_980_800_000_000..4_133_980_800_000_000_i64) {
        let at = Timestamp::from_micros(micros);
        prop_assert!(at.day().start() <= at && at < at.day().next().start());
        prop_assert_eq!(at.plus_micros(5).since(at), 5);
    }

    #[test]
    fn no_text_makes_parsing_fail_in_another_way(text in "\\PC{0,40}") {
        prop_assert!(Timestamp::parse(&text).is_none_or(|at| Timestamp::parse(&at.to_string()) == Some(at)));
    }
}
