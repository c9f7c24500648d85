//! `docs/PROBLEMS.md`, and the page under `/problems/<code>`: the same table, written for people.

use std::fmt::Write as _;

use super::ProblemCode;

const HEAD: &str = "# Problems\n\n\
    Every refusal and every fault is `application/problem+json` (RFC 9457). `code` is stable: branch on it, not on\n\
    `title` or `detail`. `instance` is the request id, under which the service logged what happened.\n\
    This file is generated from the table in `referral-wire`; a test compares them.\n";

/// The text of `docs/PROBLEMS.md`: each code with its status, title, meaning and remedy.
#[must_use]
pub fn problems_markdown() -> String {
    let mut text = String::from(HEAD);
    for code in ProblemCode::ALL {
        section(&mut text, *code);
    }
    text
}

fn section(text: &mut String, code: ProblemCode) {
    let entry = code.entry();
    let written = write!(
        text,
        "\n## `{}`\n\n**{} {}**\n\n{}\n\nWhat to do: {}\n",
        entry.code, entry.status, entry.title, entry.meaning, entry.remedy
    );
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_section() {
        let text = problems_markdown();
        for code in ProblemCode::ALL {
            let heading = format!("\n## `{}`\n\n**{} ", code.as_str(), code.status().as_u16());
            assert_eq!(text.matches(&heading).count(), 1, "{heading}");
        }
    }

    #[test]
    fn no_line_ends_in_a_blank() {
        assert!(problems_markdown().lines().all(|line| line.trim_end() == line));
    }
}
