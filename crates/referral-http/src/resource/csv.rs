//! CSV as `schemas.md`, section 16, has it: RFC 4180, inert in a spreadsheet.

/// A writer of one file, or of a part of it.
pub(super) fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new())
}

/// A text cell that a spreadsheet would run gets a leading apostrophe (`schemas.md`, section 16). Amounts are no text.
pub(super) fn inert(text: &str) -> String {
    let runs =
        |letter: char| matches!(letter, '=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠');
    let first = text.chars().find(|letter| *letter == '\t' || *letter == '\r' || !letter.is_whitespace());
    if first.is_some_and(runs) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_would_run_is_made_inert() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            (" \u{a0}=1", "' \u{a0}=1"),
            ("-2", "'-2"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("＝1", "'＝1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(inert(text), expected);
        }
    }
}
