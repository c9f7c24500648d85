//! SPDX licence expressions, as far as crates use them: `A OR B`, `A AND (B OR C)`, the old `A/B`, and `A WITH B`,
//! which counts as its own licence.

/// Whether the expression can be satisfied with the allowed licences alone; an expression we cannot read is not.
pub(crate) fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced =
        expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "+WITH+");
    let mut words = spaced.split_whitespace().peekable();
    let fulfilled = any_of(&mut words, allowed);
    fulfilled == Some(true) && words.peek().is_none()
}

type Words<'text> = std::iter::Peekable<std::str::SplitWhitespace<'text>>;

fn any_of(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let mut fulfilled = all_of(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        fulfilled |= all_of(words, allowed)?;
    }
    Some(fulfilled)
}

fn all_of(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let mut fulfilled = one(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        fulfilled &= one(words, allowed)?;
    }
    Some(fulfilled)
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let word = words.next()?;
    if word != "(" {
        return Some(allowed.iter().any(|licence| licence.replace(" WITH ", "+WITH+") == word));
    }
    let inner = any_of(words, allowed)?;
    words.next_if_eq(&")").map(|_| inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_judged_by_what_they_demand() {
        let allowed = ["MIT", "Apache-2.0", "ISC"].map(String::from);
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("MIT OR GPL-3.0", true),
            ("MIT AND GPL-3.0", false),
            ("MIT/GPL-3.0", true),
            ("Apache-2.0 / MIT", true),
            ("ISC AND (GPL-3.0 OR MIT)", true),
            ("ISC AND (GPL-3.0 OR AGPL-3.0)", false),
            ("GPL-3.0 OR MIT AND ISC", true),
            ("Apache-2.0 WITH LLVM-exception", false),
            ("Apache-2.0 WITH LLVM-exception OR MIT", true),
            ("(MIT", false),
            ("MIT)", false),
            ("MIT ISC", false),
            ("", false),
        ] {
            assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
        }
    }
}
