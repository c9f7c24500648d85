//! `cargo xtask tidy`: the architecture as failing checks. `docs/STYLE.md` says why each rule is there.

mod adr;
mod fault;
mod graph;
mod handlers;
mod licence;
mod names;
mod sizes;
mod source;
mod supply;
mod words;

use anyhow::Result;

pub(crate) use self::fault::{Fault, conclude};
use self::sizes::Sizes;
use crate::workspace::{self, Workspace};
use crate::{generate, report};

/// Every rule; prints what was looked at, then every fault. The server is built, to compare what it prints, only when
/// the tree itself is tidy.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let (sizes, faults) = of_the_tree(workspace)?;
    sizes.keep_median(&workspace.reports())?;
    conclude(&faults)?;
    conclude(&generate::drift(workspace)?)
}

/// The rules that need no built server, and the sizes that were measured on the way.
fn of_the_tree(workspace: &Workspace) -> Result<(Sizes, Vec<Fault>)> {
    let root = &workspace.root;
    let files = workspace::files(root)?;
    let sources = source::load(root, &files)?;
    let sizes = Sizes::of(&sources);
    println!("{sizes}");
    let faults = [
        graph::faults(root, &workspace::members(root)?)?,
        words::faults(&sources),
        names::faults(&sources),
        handlers::faults(&sources),
        sizes.faults(),
        supply::faults(root, &workspace::tree(root)?)?,
        adr::faults(&files),
        report::faults(workspace)?,
    ];
    Ok((sizes, faults.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let workspace = Workspace::of_this_checkout().unwrap();
        let (_, faults) = of_the_tree(&workspace).unwrap();
        let list: Vec<String> = faults.iter().map(Fault::to_string).collect();
        assert!(faults.is_empty(), "{}", list.join("\n"));
    }
}
