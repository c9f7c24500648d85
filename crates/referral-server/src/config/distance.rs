//! How far two names are apart, for "did you mean".

/// Names further apart than this are not taken for each other, however long they are.
const EDITS_MAX: usize = 3;

/// The candidate nearest to `name`, when one is near enough to be meant: one edit in three letters, at least one.
pub(crate) fn nearest(name: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let near = candidates.map(|candidate| (edits(name, &candidate), candidate));
    let edits_max = (name.len() / 3).clamp(1, EDITS_MAX);
    near.filter(|(edits, _)| *edits <= edits_max).min().map(|(_, candidate)| candidate)
}

/// The Levenshtein distance: how many letters to insert, remove or replace.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, letter) in from.bytes().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (column, other) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_counts_insertions_removals_and_replacements() {
        for (from, to, expected) in
            [("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("bind", "bind", 0)]
        {
            assert_eq!(edits(from, to), expected, "{from} {to}");
        }
    }
}
