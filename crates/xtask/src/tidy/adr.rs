//! Decisions are numbered without a gap, so that "see ADR 4" has one answer.

use super::fault::Fault;

const FOLDER: &str = "docs/adr/";

/// Every record whose file is not `NNNN-title.md` with the next number.
pub(crate) fn faults(files: &[String]) -> Vec<Fault> {
    let mut records: Vec<&str> = files.iter().filter_map(|file| file.strip_prefix(FOLDER)).collect();
    records.sort_unstable();
    println!("decision records: {}", records.len());
    let wrong = records.iter().enumerate().find(|(index, record)| number(record) != Some(index + 1));
    wrong.map(|(index, record)| misnumbered(record, index + 1)).into_iter().collect()
}

fn misnumbered(record: &str, expected: usize) -> Fault {
    let what = format!("should be {expected:04}-title.md: number the records without gaps or repeats");
    Fault::new(&format!("{FOLDER}{record}"), 1, &what)
}

/// The number of `NNNN-title.md`.
fn number(record: &str) -> Option<usize> {
    let (number, title) = record.split_once('-')?;
    let sound = number.len() == 4 && title.len() > ".md".len() && title.ends_with(".md");
    number.parse().ok().filter(|_| sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(records: &[&str]) -> Vec<String> {
        let files: Vec<String> = records.iter().map(|record| format!("docs/adr/{record}")).collect();
        faults(&files).into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn records_in_sequence_are_no_fault() {
        assert!(check(&[]).is_empty());
        assert!(check(&["0002-b.md", "0001-a.md", "0003-c.md"]).is_empty());
    }

    #[test]
    fn a_gap_a_repeat_and_another_form_are_faults() {
        assert_eq!(check(&["0001-a.md", "0003-c.md"]), ["docs/adr/0003-c.md"]);
        assert_eq!(check(&["0001-a.md", "0001-b.md"]), ["docs/adr/0001-b.md"]);
        assert_eq!(check(&["1-a.md"]), ["docs/adr/1-a.md"]);
        assert_eq!(check(&["0001-a.txt"]), ["docs/adr/0001-a.txt"]);
        assert_eq!(check(&["0001-a.md", "README.md"]), ["docs/adr/README.md"]);
    }
}
