//! `cargo xtask mutants`: is there a test that would notice? Each `tests/mutants/*.patch` breaks one line in a copy of
//! the tree; the case it names must pass without it and fail with it. A mutant that does not compile proves nothing.
//!
//! The copy is built into the same target folder as the tree, so that the packages from registries are shared.

mod case;
mod patch;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use self::case::{Case, Outcome};
use self::patch::Mutant;
use crate::workspace::{self, Workspace};

const FOLDER: &str = "tests/mutants";
const AT_LEAST: usize = 6;

/// Judges every mutant, or those of these names; prints a line for each, then `mutants caught=N/N`.
pub(crate) fn run(workspace: &Workspace, names: &[String]) -> Result<()> {
    let mutants = chosen(load(&workspace.file(FOLDER))?, names)?;
    let copy = workspace.target.join("mutants/tree");
    tree::sync(&workspace.root, &workspace::files(&workspace.root)?, &copy)?;
    let (caught, all) = (judge(&copy, &workspace.target, &mutants)?, mutants.len());
    println!("mutants caught={caught}/{all}");
    conclude(caught, all, if names.is_empty() { AT_LEAST } else { names.len() })
}

/// Those of these names, of which each must be one; all when none is named.
fn chosen(mutants: Vec<Mutant>, names: &[String]) -> Result<Vec<Mutant>> {
    if let Some(name) = names.iter().find(|name| mutants.iter().all(|mutant| mutant.name != **name)) {
        bail!("there is no {FOLDER}/{name}.patch");
    }
    let asked = |mutant: &Mutant| names.is_empty() || names.contains(&mutant.name);
    Ok(mutants.into_iter().filter(asked).collect())
}

fn conclude(caught: usize, all: usize, at_least: usize) -> Result<()> {
    if caught < all {
        bail!("{} mutants were not caught: strengthen the case each names, or mend the patch", all - caught);
    }
    if all < at_least {
        bail!("{all} mutants in {FOLDER}, at least {at_least} are wanted");
    }
    Ok(())
}

fn load(folder: &Path) -> Result<Vec<Mutant>> {
    let mut mutants = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("there is no folder {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "patch") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path)?;
            mutants
                .push(patch::parse(&name, &text).with_context(|| format!("cannot use {}", path.display()))?);
        }
    }
    mutants.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(mutants)
}

/// How many mutants are caught in the copy.
fn judge(copy: &Path, target: &Path, mutants: &[Mutant]) -> Result<usize> {
    let controls = controls(copy, target, mutants)?;
    let mut caught = 0;
    for mutant in mutants {
        let verdict = match &controls[&mutant.case] {
            Outcome::Passed(_) => with_mutant(copy, target, mutant)?,
            control => format!("no control: unpatched, the case {control}"),
        };
        println!("{:<9} {}  [{}]  {}", verdict, mutant.name, mutant.case, mutant.why);
        caught += usize::from(verdict == "caught");
    }
    Ok(caught)
}

/// Each named case without any mutant, once, however many mutants name it.
fn controls(copy: &Path, target: &Path, mutants: &[Mutant]) -> Result<BTreeMap<Case, Outcome>> {
    let mut outcomes = BTreeMap::new();
    for Mutant { case, .. } in mutants {
        if !outcomes.contains_key(case) {
            outcomes.insert(case.clone(), case.run(copy, target)?);
        }
    }
    Ok(outcomes)
}

/// Breaks the line, runs the case, and puts the file back whatever came of it.
fn with_mutant(copy: &Path, target: &Path, mutant: &Mutant) -> Result<String> {
    let path = copy.join(&mutant.file);
    let sound =
        fs::read_to_string(&path).with_context(|| format!("{} names {}", mutant.name, mutant.file))?;
    let broken = match mutant.apply(&sound) {
        Ok(broken) => broken,
        Err(error) => return Ok(format!("stale: {error}")),
    };
    fs::write(&path, broken)?;
    let outcome = mutant.case.run(copy, target);
    fs::write(&path, sound)?;
    Ok(match outcome? {
        Outcome::Failed => "caught".into(),
        Outcome::Passed(_) => "SURVIVED".into(),
        other => format!("not caught: with it, the case {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command;

    const CODE: &str = "\
pub fn larger(a: u32, b: u32) -> u32 {
    if a > b { a } else { b }
}

pub fn forgotten(a: u32) -> u32 {
    a + 1
}

#[test]
fn the_larger_is_found() {
    assert_eq!(larger(2, 1), 2);
}

#[test]
fn broken_from_the_start() {
    assert_eq!(forgotten(1), 3);
}
";

    fn mutant(name: &str, filter: &str, from: &str, to: &str) -> Mutant {
        let diff = format!("--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1 +1 @@\n-{from}\n+{to}\n");
        patch::parse(name, &format!("# case: fixture {filter}\n# why: a fixture\n{diff}")).unwrap()
    }

    /// A crate of its own, in git, without dependencies.
    fn fixture() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let manifest =
            "[package]\nname = \"fixture\"\nedition = \"2024\"\n[lib]\ndoctest = false\n[workspace]\n";
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), CODE).unwrap();
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        fs::write(
            folder.path().join("Cargo.lock"),
            "version = 4\n[[package]]\nname = \"fixture\"\nversion = \"0.0.0\"\n",
        )
        .unwrap();
        command::run(folder.path(), "git", &["init", "--quiet"], &[]).unwrap();
        folder
    }

    #[test]
    fn a_mutant_is_caught_only_when_a_sound_case_fails_with_it() {
        let (tree, elsewhere) = (fixture(), tempfile::tempdir().unwrap());
        let (copy, target) = (elsewhere.path().join("copy"), elsewhere.path().join("target"));
        tree::sync(tree.path(), &workspace::files(tree.path()).unwrap(), &copy).unwrap();
        let line = "    if a > b { a } else { b }";
        for (expected, mutant) in [
            (1, mutant("smaller", "the_larger", line, "    if a < b { a } else { b }")),
            (0, mutant("same", "the_larger", line, "    if a >= b { a } else { b }")),
            (0, mutant("no rust", "the_larger", line, "    if a > b { a } else { }")),
            (0, mutant("stale", "the_larger", "    if a > c { a }", "    if c > a { a }")),
            (0, mutant("no such case", "the_smaller", line, "    if a < b { a } else { b }")),
            (0, mutant("no control", "broken_from", "    a + 1", "    a + 3")),
        ] {
            assert_eq!(
                judge(&copy, &target, std::slice::from_ref(&mutant)).unwrap(),
                expected,
                "{}",
                mutant.name
            );
            assert_eq!(
                fs::read_to_string(copy.join("src/lib.rs")).unwrap(),
                CODE,
                "{} was left",
                mutant.name
            );
        }
    }

    #[test]
    fn fewer_caught_than_there_are_fails_and_so_do_too_few() {
        assert!(conclude(6, 6, 6).is_ok());
        assert!(conclude(6, 7, 6).is_err());
        assert!(conclude(5, 5, 6).is_err());
    }

    #[test]
    fn patches_are_loaded_by_name_and_a_bad_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let text = "# case: a b\n# why: c\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
        for name in ["b.patch", "a.patch", "README.md"] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let names: Vec<String> = load(folder.path()).unwrap().into_iter().map(|mutant| mutant.name).collect();
        assert_eq!(names, ["a", "b"]);
        fs::write(folder.path().join("c.patch"), "no header").unwrap();
        assert!(load(folder.path()).is_err());
    }
}
