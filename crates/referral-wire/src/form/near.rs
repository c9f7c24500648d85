//! The name that someone who mistyped may have meant.

/// How many letters may be wrong: about one in three, at most three.
const fn tolerance(length: usize) -> usize {
    match length {
        0..=2 => 0,
        3..=5 => 1,
        6..=8 => 2,
        _ => 3,
    }
}

/// The longest name worth comparing; nobody mistypes a field's name into a novel.
const LONGEST: usize = 64;

/// The known name nearest to `name`, when it is near enough to be meant.
pub(super) fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let close = |candidate: &&'static str| {
        let steps = distance(name, candidate);
        (steps <= tolerance(candidate.len())).then_some((steps, *candidate))
    };
    let comparable = name.len() <= LONGEST;
    known.iter().filter(|_| comparable).filter_map(close).min().map(|(_, candidate)| candidate)
}

/// Letters to insert, delete or replace to come from one text to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        row = next_row(&row, index + 1, letter, &to);
    }
    row.last().copied().unwrap_or_default()
}

fn next_row(above: &[usize], first: usize, letter: char, to: &[char]) -> Vec<usize> {
    let mut row = vec![first];
    for (column, other) in to.iter().enumerate() {
        let replaced = above[column] + usize::from(letter != *other);
        row.push(replaced.min(above[column + 1] + 1).min(row[column] + 1));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        let known = ["currency", "amount", "id"];
        for (typed, meant) in [
            ("currrency", Some("currency")),
            ("amonut", Some("amount")),
            ("Amount", Some("amount")),
            ("ie", None),
            ("reference", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, &known), meant, "{typed}");
        }
        assert_eq!(nearest(&"currency".repeat(9), &known), None);
    }

    #[test]
    fn the_distance_counts_edits() {
        for (from, to, steps) in [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3)] {
            assert_eq!(distance(from, to), steps);
        }
    }
}
