//! What we build from others: licences, banned crates and crates that are there twice, judged by `deny.toml`, which
//! cargo-deny reads as well where it is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};

use super::fault::Fault;
use super::licence;

const POLICY: &str = "deny.toml";

/// The lists of `deny.toml` that are used here.
struct Policy {
    licences: Vec<String>,
    banned: Vec<String>,
    /// `name@version` of copies that are known and wait for their users to move on.
    copies: Vec<String>,
}

struct Package<'tree> {
    name: &'tree str,
    version: &'tree str,
    licence: &'tree str,
}

/// Every package in use that the policy does not let in, and every exception that is no longer needed.
pub(crate) fn faults(root: &Path, tree: &str) -> Result<Vec<Fault>> {
    let text = std::fs::read_to_string(root.join(POLICY)).context("cannot read deny.toml")?;
    let packages = packages(tree);
    println!("licences, bans and copies: {} packages from registries", packages.len());
    Ok(judge(&policy(&text), &packages))
}

fn policy(text: &str) -> Policy {
    Policy {
        licences: list(text, "[licenses]", "allow"),
        banned: list(text, "[bans]", "deny"),
        copies: list(text, "[bans]", "skip"),
    }
}

/// The strings of `key = [ "..", ".." ]` in a section; comments end with their line.
fn list(text: &str, section: &str, key: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let inside = lines.skip_while(|line| *line != section).skip(1).take_while(|line| !line.starts_with('['));
    let from_key = inside.skip_while(|line| line.split('=').next().map(str::trim) != Some(key));
    let body: String = from_key.collect();
    let values =
        body.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("", |(values, _)| values);
    values.split('"').skip(1).step_by(2).map(String::from).collect()
}

/// The packages of [`workspace::tree`](crate::workspace::tree), our own aside.
fn packages(tree: &str) -> Vec<Package<'_>> {
    let lines: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    lines.into_iter().filter_map(package).collect()
}

/// `name v1.2.3 (proc-macro)|licence`; a package of our own has its folder in the parentheses.
fn package(line: &str) -> Option<Package<'_>> {
    let (package, licence) = line.split_once('|')?;
    let mut words = package.splitn(3, ' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    words.next().is_none_or(|kind| kind == "(proc-macro)").then_some(Package { name, version, licence })
}

fn judge(policy: &Policy, packages: &[Package<'_>]) -> Vec<Fault> {
    let mut complaints: Vec<String> =
        packages.iter().filter_map(|package| licence_fault(policy, package)).collect();
    complaints.extend(packages.iter().filter_map(|package| ban_fault(policy, package)));
    complaints.extend(copy_faults(policy, packages));
    complaints.iter().map(|what| Fault::new(POLICY, 1, what)).collect()
}

fn licence_fault(policy: &Policy, Package { name, version, licence }: &Package<'_>) -> Option<String> {
    let allowed = licence::is_allowed(licence, &policy.licences);
    (!allowed).then(|| {
        format!("{name} {version} is under {licence:?}, which [licenses] allow does not let in: drop it")
    })
}

fn ban_fault(policy: &Policy, Package { name, version, .. }: &Package<'_>) -> Option<String> {
    let banned = policy.banned.iter().any(|banned| banned == name);
    banned.then(|| format!("{name} {version} is banned: `cargo tree -i {name}` says who brought it"))
}

/// All but the newest copy of a crate must be listed; what is listed must be there.
fn copy_faults(policy: &Policy, packages: &[Package<'_>]) -> Vec<String> {
    let copies = copies(packages);
    let unlisted = copies.iter().filter(|copy| !policy.copies.contains(copy));
    let stale = policy.copies.iter().filter(|listed| !copies.contains(*listed));
    unlisted
        .map(|copy| {
            format!("{copy} is a second copy: take one version, or list it with its reason under [bans] skip")
        })
        .chain(stale.map(|listed| format!("{listed} is no second copy any more: strike it from [bans] skip")))
        .collect()
}

fn copies(packages: &[Package<'_>]) -> BTreeSet<String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(package.name).or_default().push(package.version);
    }
    for found in versions.values_mut() {
        found.sort_by_key(|version| numbers(version));
        found.pop();
    }
    versions
        .iter()
        .flat_map(|(name, old)| old.iter().map(move |version| format!("{name}@{version}")))
        .collect()
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
[licenses]
allow = [
    \"MIT\", # a comment with \"quotes\"
    \"ISC\",
]
[bans]
multiple-versions = \"deny\"
deny = [\"openssl\"]
skip = [
    \"rand@0.9.5\",
]
";

    fn check(packages: &[(&str, &str, &str)]) -> Vec<String> {
        let packages: Vec<Package<'_>> =
            packages.iter().map(|&(name, version, licence)| Package { name, version, licence }).collect();
        judge(&policy(TEXT), &packages).into_iter().map(|fault| fault.what).collect()
    }

    const RAND: [(&str, &str, &str); 2] = [("rand", "0.9.5", "MIT"), ("rand", "0.10.4", "MIT")];

    #[test]
    fn the_lists_are_read_as_written() {
        let policy = policy(TEXT);
        assert_eq!(policy.licences, ["MIT", "ISC"]);
        assert_eq!(policy.banned, ["openssl"]);
        assert_eq!(policy.copies, ["rand@0.9.5"]);
    }

    #[test]
    fn allowed_packages_and_listed_copies_are_let_in() {
        assert!(check(&RAND).is_empty());
    }

    #[test]
    fn a_licence_a_ban_and_a_copy_are_each_named() {
        let with = |package| check(&[RAND[0], RAND[1], package]);
        assert!(with(("left", "1.0.0", "GPL-3.0"))[0].contains("left 1.0.0 is under \"GPL-3.0\""));
        assert!(with(("left", "1.0.0", ""))[0].contains("is under \"\""));
        assert!(with(("openssl", "1.0.0", "MIT"))[0].contains("banned"));
        assert!(with(("rand", "0.11.0", "MIT"))[0].contains("rand@0.10.4 is a second copy"));
    }

    #[test]
    fn an_exception_that_is_no_longer_needed_is_named() {
        assert!(check(&[("rand", "0.10.4", "MIT")])[0].contains("strike it"));
    }

    #[test]
    fn a_package_of_our_own_is_not_judged_and_a_repeated_line_counts_once() {
        let tree = "ours v0.1.0 (/home/a)|MIT\nserde v1.0.1|MIT\nserde v1.0.1|MIT (*)\nsyn v2.0.1 (proc-macro)|MIT\n";
        let found: Vec<(&str, &str)> =
            packages(tree).iter().map(|package| (package.name, package.version)).collect();
        assert_eq!(found, [("serde", "1.0.1"), ("syn", "2.0.1")]);
    }
}
