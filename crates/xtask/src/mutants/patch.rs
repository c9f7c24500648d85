//! A mutant's file: two header lines, then a unified diff of one line in one file.
//!
//! The diff is applied by its text, not by its line numbers: what it takes away must stand in the file exactly once, so
//! a patch survives edits elsewhere in the file and never lands in the wrong place.

use anyhow::{Context, Result, bail};

use super::case::Case;

/// A change to one line, and the case that must notice it.
#[derive(Debug, Clone)]
pub(crate) struct Mutant {
    pub(crate) name: String,
    pub(crate) case: Case,
    pub(crate) why: String,
    /// The file's path from the root.
    pub(crate) file: String,
    before: String,
    after: String,
}

impl Mutant {
    /// The file's text with the mutant in it.
    pub(crate) fn apply(&self, text: &str) -> Result<String> {
        let count = text.matches(&self.before).count();
        if count != 1 {
            bail!("its lines stand {count} times in {}, not once: write it anew", self.file);
        }
        Ok(text.replacen(&self.before, &self.after, 1))
    }
}

/// Reads `# case: <package> <test filter>`, `# why: ...` and the diff.
pub(crate) fn parse(name: &str, text: &str) -> Result<Mutant> {
    let mut lines = text.lines();
    let mut header =
        |key: &str| lines.next()?.strip_prefix(key).map(str::trim).filter(|value| !value.is_empty());
    let case = header("# case:").context("the first line is `# case: <package> <test filter>`")?;
    let why = header("# why:").context("the second line is `# why: ...`")?;
    let (package, filter) = case.split_once(' ').context("a case is `<package> <test filter>`")?;
    let diff: Vec<&str> = lines.collect();
    let (file, (before, after)) = (file(&diff)?, change(&diff)?);
    let case = Case { package: package.into(), filter: filter.trim().into() };
    Ok(Mutant { name: name.into(), case, why: why.into(), file: file.into(), before, after })
}

fn file<'text>(diff: &[&'text str]) -> Result<&'text str> {
    let files: Vec<&str> = diff.iter().filter_map(|line| line.strip_prefix("+++ b/")).collect();
    let [file] = files[..] else {
        bail!("a mutant changes one file (`+++ b/<path>`), this one {}", files.len())
    };
    Ok(file.trim())
}

/// The text before and after, context included.
fn change(diff: &[&str]) -> Result<(String, String)> {
    let hunk: Vec<&str> = diff.iter().skip_while(|line| !line.starts_with("@@")).skip(1).copied().collect();
    let counted = |sign: char| hunk.iter().filter(|line| line.starts_with(sign)).count();
    let (removed, added) = (counted('-'), counted('+'));
    if counted('@') > 0 || removed > 1 || added > 1 || removed + added == 0 {
        bail!("a mutant changes one line in one place, this one takes {removed} and adds {added}");
    }
    let side = |other: char| -> String {
        let lines = hunk.iter().filter(|line| !line.starts_with([other, '\\']));
        lines.map(|line| format!("{}\n", line.get(1..).unwrap_or_default())).collect()
    };
    Ok((side('+'), side('-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# case: referral-memory contract::lock_holds
# why: without the lock two rewards are granted
diff --git a/src/lib.rs b/src/lib.rs
--- a/src/lib.rs
+++ b/src/lib.rs
@@ -10,3 +10,3 @@ fn lock() {
 fn lock() {
-    held();
+    let_go();

";

    #[test]
    fn a_patch_says_its_case_its_reason_and_its_change() {
        let mutant = parse("no_lock", TEXT).unwrap();
        assert_eq!(mutant.case.to_string(), "referral-memory contract::lock_holds");
        assert_eq!(mutant.why, "without the lock two rewards are granted");
        assert_eq!(mutant.file, "src/lib.rs");
        let broken = mutant.apply("// moved down\nfn lock() {\n    held();\n\n}\n").unwrap();
        assert_eq!(broken, "// moved down\nfn lock() {\n    let_go();\n\n}\n");
    }

    #[test]
    fn a_patch_whose_lines_are_gone_or_stand_twice_is_refused() {
        let mutant = parse("no_lock", TEXT).unwrap();
        let once = "fn lock() {\n    held();\n\n";
        assert!(mutant.apply("fn lock() {}\n").is_err());
        assert!(mutant.apply(&once.repeat(2)).is_err());
    }

    #[test]
    fn a_line_may_be_taken_away_or_added_alone() {
        let without = parse("gone", &TEXT.replace("+    let_go();\n", "")).unwrap();
        assert_eq!(without.apply("fn lock() {\n    held();\n\n}\n").unwrap(), "fn lock() {\n\n}\n");
        let with = parse("more", &TEXT.replace("-    held();\n", "")).unwrap();
        assert_eq!(with.apply("fn lock() {\n\n}\n").unwrap(), "fn lock() {\n    let_go();\n\n}\n");
    }

    #[test]
    fn what_is_no_mutant_is_refused() {
        for bad in [
            TEXT.replace("# case:", "# test:"),
            TEXT.replace("# why:", "# because:"),
            TEXT.replace(" contract::lock_holds", ""),
            TEXT.replace("+++ b/", "+++ "),
            TEXT.replace("-    held();\n+    let_go();\n", ""),
            TEXT.replace("-    held();\n", "-    held();\n-    fast();\n"),
            format!("{TEXT}@@ -20 +20 @@\n-a\n+b\n"),
        ] {
            assert!(parse("bad", &bad).is_err(), "{bad}");
        }
    }
}
