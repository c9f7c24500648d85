//! Files that the server writes about itself, kept in git so that a change to them is seen in review.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::tidy::Fault;
use crate::workspace::Workspace;
use crate::{command, test_run};

struct Generated {
    path: &'static str,
    subcommand: &'static str,
}

const GENERATED: [Generated; 2] = [
    Generated { path: "docs/openapi.json", subcommand: "openapi" },
    Generated { path: "docs/PROBLEMS.md", subcommand: "problems" },
];

/// Writes each generated file from what the server, built now, prints.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    test_run::build(workspace)?;
    for file in &GENERATED {
        let text = printed(workspace, file)?;
        fs::write(workspace.file(file.path), &text).with_context(|| format!("cannot write {}", file.path))?;
        println!("wrote {} ({} lines)", file.path, text.lines().count());
    }
    Ok(())
}

/// Where a committed file differs from what the server, built now, prints.
pub(crate) fn drift(workspace: &Workspace) -> Result<Vec<Fault>> {
    test_run::build(workspace)?;
    let mut faults = Vec::new();
    for file in &GENERATED {
        let text = printed(workspace, file)?;
        faults.extend(difference(file.path, &committed(&workspace.root, file.path)?, &text));
    }
    println!("generated files: {} compared with what the server prints", GENERATED.len());
    Ok(faults)
}

fn printed(workspace: &Workspace, file: &Generated) -> Result<String> {
    let server = workspace.target.join("debug/referral-server");
    let program = server.to_str().context("the target folder's path is not UTF-8")?;
    command::output(&workspace.root, program, &[file.subcommand])
}

/// A file that is not there differs in its first line; any other failure to read is an error.
fn committed(root: &Path, path: &str) -> Result<String> {
    match fs::read_to_string(root.join(path)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        text => text.with_context(|| format!("cannot read {path}")),
    }
}

/// The first line in which two texts differ.
pub(crate) fn difference(path: &str, committed: &str, fresh: &str) -> Option<Fault> {
    if committed == fresh {
        return None;
    }
    let same = committed.lines().zip(fresh.lines()).take_while(|(left, right)| left == right).count();
    Some(Fault::new(
        path,
        same + 1,
        "is not what the server prints: run `cargo xtask generate` and commit it",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_do_not_differ() {
        assert!(difference("docs/x.md", "a\nb\n", "a\nb\n").is_none());
    }

    #[test]
    fn the_first_differing_line_is_named() {
        let fault = difference("docs/x.md", "a\nb\nc\n", "a\nB\nc\n").unwrap();
        assert_eq!((fault.path.as_str(), fault.line), ("docs/x.md", 2));
        assert_eq!(difference("docs/x.md", "a\n", "a\nb\n").unwrap().line, 2);
        assert_eq!(difference("docs/x.md", "", "a\n").unwrap().line, 1);
    }

    #[test]
    fn a_file_that_was_never_generated_reads_as_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(committed(folder.path(), "docs/openapi.json").unwrap(), "");
    }
}
