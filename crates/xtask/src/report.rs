//! Measured figures: a measurement keeps each figure in `target/reports/<name>.json`, `report` folds them into
//! `docs/MEASURED.md`, and `report --check` reads that file alone, so that a fresh clone can be checked.

mod figure;
mod page;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

pub(crate) use self::figure::Figure;
pub(crate) use self::page::day;
use self::page::{PAGE, Row};
use crate::tidy::{self, Fault};
use crate::workspace::Workspace;

/// Keeps a figure for the next `cargo xtask report`.
pub(crate) fn keep(folder: &Path, figure: &Figure) -> Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{}.json", figure.name));
    fs::write(&path, figure.to_json()).with_context(|| format!("cannot write {}", path.display()))
}

/// Folds the kept figures into the page; a figure measured again takes the place of its older value.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let path = workspace.file(PAGE);
    let mut rows = if path.exists() { page::parse(&fs::read_to_string(&path)?)? } else { Vec::new() };
    for row in measured(&workspace.reports())? {
        rows.retain(|old| old.figure.name != row.figure.name);
        rows.push(row);
    }
    fs::write(&path, page::render(&mut rows))?;
    println!("wrote {PAGE}: {} figures", rows.len());
    check(workspace)
}

/// Fails when a required figure is missing or past its limit, or when the page was edited by hand.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let faults = faults(workspace)?;
    println!("{PAGE}: {} required figures looked up", figure::REQUIRED.len());
    tidy::conclude(&faults)
}

/// What is wrong with the committed page.
pub(crate) fn faults(workspace: &Workspace) -> Result<Vec<Fault>> {
    let path = workspace.file(PAGE);
    let text = if path.exists() { fs::read_to_string(path)? } else { String::new() };
    Ok(page::faults(&text))
}

fn measured(folder: &Path) -> Result<Vec<Row>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            rows.push(row(&path).with_context(|| format!("cannot use {}", path.display()))?);
        }
    }
    Ok(rows)
}

/// A figure stands with the machine that folds it and the day it was kept.
fn row(path: &Path) -> Result<Row> {
    let figure = Figure::from_json(&fs::read_to_string(path)?)?;
    let kept = fs::metadata(path)?.modified()?.duration_since(std::time::UNIX_EPOCH)?;
    Ok(Row { figure, machine: machine()?, date: day(kept.as_secs()) })
}

fn machine() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    Ok(format!("{cores} cores, {} {}", std::env::consts::OS, std::env::consts::ARCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> (tempfile::TempDir, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace { root: folder.path().into(), target: folder.path().join("target") };
        fs::create_dir(folder.path().join("docs")).unwrap();
        (folder, workspace)
    }

    fn keep_all_required(workspace: &Workspace) {
        for required in &figure::REQUIRED {
            keep(&workspace.reports(), &Figure::new(required.name, "1", "x", "`cargo xtask measure`"))
                .unwrap();
        }
    }

    #[test]
    fn kept_figures_become_a_page_that_passes_its_check() {
        let (_folder, workspace) = checkout();
        keep_all_required(&workspace);
        run(&workspace).unwrap();
        assert_eq!(faults(&workspace).unwrap(), []);
        fs::remove_dir_all(&workspace.target).unwrap();
        check(&workspace).expect("the page alone is enough");
    }

    #[test]
    fn a_figure_kept_again_takes_the_place_of_the_older_value() {
        let (_folder, workspace) = checkout();
        keep_all_required(&workspace);
        run(&workspace).unwrap();
        keep(&workspace.reports(), &Figure::new("validate_p50_ms", "2.5", "ms", "again")).unwrap();
        run(&workspace).unwrap();
        let text = fs::read_to_string(workspace.file(PAGE)).unwrap();
        assert_eq!(text.matches("`validate_p50_ms`").count(), 1);
        assert!(text.contains("2.5"), "{text}");
    }

    #[test]
    fn a_page_without_a_required_figure_fails_the_check() {
        let (_folder, workspace) = checkout();
        assert!(check(&workspace).is_err());
    }
}
