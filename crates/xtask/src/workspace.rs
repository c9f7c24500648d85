//! Where the checkout is, and what cargo and git say about it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command;

/// A checkout: its root, and the folder cargo builds into.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// The checkout this program was built from.
    pub(crate) fn of_this_checkout() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let metadata = members(&root)?;
        let target =
            metadata["target_directory"].as_str().context("cargo metadata names no target folder")?;
        Ok(Self { root, target: target.into() })
    }

    /// A file of the checkout, by its path from the root.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Where measurements leave their figures; not in git.
    pub(crate) fn reports(&self) -> PathBuf {
        self.target.join("reports")
    }
}

/// The workspace's own packages: `cargo metadata --no-deps`, which asks no registry.
pub(crate) fn members(root: &Path) -> Result<Value> {
    let json = command::output(root, "cargo", &["metadata", "--format-version", "1", "--no-deps"])?;
    serde_json::from_str(&json).context("cargo metadata is not JSON")
}

/// Every package that is built on this platform with the features that are on, tests included: a line
/// `name v1.2.3|licence` each. `cargo metadata` also names packages that no feature switches on.
pub(crate) fn tree(root: &Path) -> Result<String> {
    command::output(
        root,
        "cargo",
        &["tree", "--workspace", "--locked", "--prefix", "none", "--format", "{p}|{l}"],
    )
}

/// Paths, from `root`, of all files that are in git or would be: tracked, and untracked but not ignored.
pub(crate) fn files(root: &Path) -> Result<Vec<String>> {
    let listing =
        command::output(root, "git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let mut files: Vec<String> = listing.split_terminator('\0').map(String::from).collect();
    files.retain(|file| root.join(file).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}
