//! `docs/MEASURED.md`: one table, which is also where the figures live between measurements.

use anyhow::{Context, Result, bail};

use super::figure::{self, Figure, REQUIRED};
use crate::tidy::Fault;

/// The page's path from the root.
pub(crate) const PAGE: &str = "docs/MEASURED.md";

const HEAD: &str = "\
# Measured

Written by `cargo xtask report` from what the measurements left in `target/reports/`; not edited by hand.
`cargo xtask report --check`, which the test run calls, fails when a figure that must stand here is missing or past its limit.
Server and load run on one shared machine: read the figures as an order of magnitude.

| figure | value | unit | at most | how | machine | date |
|---|---:|---|---:|---|---|---|
";

/// A figure with the machine and the day it was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) figure: Figure,
    pub(crate) machine: String,
    pub(crate) date: String,
}

/// The page: required figures in their order, then the others by name.
pub(crate) fn render(rows: &mut [Row]) -> String {
    rows.sort_by_key(|row| (rank(&row.figure.name), row.figure.name.clone()));
    let lines: Vec<String> = rows.iter().map(line).collect();
    format!("{HEAD}{}", lines.concat())
}

fn rank(name: &str) -> usize {
    REQUIRED.iter().position(|required| required.name == name).unwrap_or(REQUIRED.len())
}

fn line(Row { figure, machine, date }: &Row) -> String {
    let Figure { name, value, unit, how } = figure;
    let limit = figure::limit(name).map_or_else(String::new, |limit| limit.to_string());
    format!("| `{name}` | {value} | {unit} | {limit} | {how} | {machine} | {date} |\n")
}

/// Reads the page's rows back.
pub(crate) fn parse(text: &str) -> Result<Vec<Row>> {
    text.lines().filter(|line| line.starts_with("| `")).map(parse_line).collect()
}

fn parse_line(line: &str) -> Result<Row> {
    let inner = line.strip_prefix('|').and_then(|rest| rest.strip_suffix('|'));
    let cells: Vec<&str> = inner.context("a row ends with `|`")?.split('|').map(str::trim).collect();
    let [name, value, unit, _limit, how, machine, date] = cells[..] else {
        bail!("a row has seven cells: {line}")
    };
    let figure = Figure::new(name.trim_matches('`'), value, unit, how).sound()?;
    Ok(Row { figure, machine: machine.into(), date: date.into() })
}

/// What is wrong with a page.
pub(crate) fn faults(text: &str) -> Vec<Fault> {
    let mut rows = match parse(text) {
        Ok(rows) => rows,
        Err(error) => return vec![Fault::new(PAGE, 1, &format!("{error:#}: run `cargo xtask report`"))],
    };
    let mut faults: Vec<Fault> =
        REQUIRED.iter().filter_map(|required| missing(required.name, &rows)).collect();
    faults.extend(rows.iter().filter_map(|row| past_limit(text, row)));
    if faults.is_empty() && render(&mut rows) != text {
        faults.push(Fault::new(PAGE, 1, "was edited by hand: run `cargo xtask report`"));
    }
    faults
}

fn missing(name: &str, rows: &[Row]) -> Option<Fault> {
    let said = rows.iter().filter(|row| row.figure.name == name).count();
    let what = format!("states {name} {said} times, not once: measure it, then run `cargo xtask report`");
    (said != 1).then(|| Fault::new(PAGE, 1, &what))
}

fn past_limit(text: &str, row: &Row) -> Option<Fault> {
    let Figure { name, value, unit, .. } = &row.figure;
    let limit = figure::limit(name).filter(|limit| row.figure.is_past(*limit))?;
    let line = text.lines().position(|line| line.starts_with(&format!("| `{name}`")))?;
    let what = format!("{name} is {value} {unit}; it may be at most {limit}: make it so, measure again");
    Some(Fault::new(PAGE, line + 1, &what))
}

/// The UTC day of an instant in seconds since 1970, as `YYYY-MM-DD` (the proleptic Gregorian calendar, from 1970 on).
pub(crate) fn day(unix_seconds: u64) -> String {
    let (mut year, mut days) = (1970, unix_seconds / 86_400);
    while days >= days_of(year).iter().sum() {
        days -= days_of(year).iter().sum::<u64>();
        year += 1;
    }
    let mut month = 0;
    while days >= days_of(year)[month] {
        days -= days_of(year)[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02}", month + 1, days + 1)
}

fn days_of(year: u64) -> [u64; 12] {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, value: &str) -> Row {
        let figure = Figure::new(name, value, "ms", "`cargo xtask measure`");
        Row { figure, machine: "2 cores, linux x86_64".into(), date: "2026-11-23".into() }
    }

    fn complete() -> Vec<Row> {
        REQUIRED.iter().map(|required| row(required.name, "1")).collect()
    }

    #[test]
    fn a_complete_page_has_no_fault_and_reads_back() {
        let mut rows = complete();
        rows.push(row("another_ms", "3.25"));
        let text = render(&mut rows);
        assert_eq!(faults(&text), []);
        assert_eq!(parse(&text).unwrap(), rows);
    }

    #[test]
    fn a_missing_figure_is_named() {
        let mut rows = complete();
        rows.retain(|row| row.figure.name != "validate_p99_ms");
        let faults = faults(&render(&mut rows));
        assert_eq!(faults.len(), 1);
        assert!(faults[0].what.contains("validate_p99_ms 0 times"), "{}", faults[0].what);
    }

    #[test]
    fn a_figure_past_its_limit_is_named_with_its_line() {
        let mut rows = complete();
        rows[0] = row("start_to_first_reply_ms", "200.1");
        let faults = faults(&render(&mut rows));
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].line, HEAD.lines().count() + 1);
    }

    #[test]
    fn a_page_edited_by_hand_is_found_out() {
        let text = render(&mut complete());
        assert_eq!(faults(&text.replace("one shared machine", "a fast machine")).len(), 1);
        assert_eq!(faults(&text.replace("| 1 |", "| quick |")).len(), 1);
        assert_eq!(faults(&text.replace("| 2026-11-23 |", "|")).len(), 1);
    }

    #[test]
    fn days_are_counted_over_leap_years() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(951_782_400), "2000-02-29");
        assert_eq!(day(1_798_761_599), "2026-12-31");
        assert_eq!(day(4_107_542_400), "2100-03-01");
    }
}
