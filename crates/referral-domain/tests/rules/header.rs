//! The crate's header promises a test for each invariant: each one it names must exist.

use std::fs;
use std::path::{Path, PathBuf};

const HEADER: &str = include_str!("../../src/lib.rs");

/// The file in which a test of that path must stand, and its function.
fn place(path: &str) -> (PathBuf, &str) {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("in the folder of crates");
    let (module, function) = path.rsplit_once("::").expect("a module and a function");
    let file = match module.strip_prefix("contract::") {
        Some(cases) => crates.join("referral-testkit/src/contract").join(cases),
        None => crates.join("referral-domain/tests/rules").join(module),
    };
    (file.with_extension("rs"), function)
}

#[test]
fn every_invariant_is_listed_and_every_test_it_names_exists() {
    let rows: Vec<_> = HEADER.lines().filter_map(|line| line.strip_prefix("//! | I")).collect();
    let numbers: Vec<_> =
        rows.iter().filter_map(|row| row.split_once(' ')).map(|(number, _)| number).collect();
    assert_eq!(numbers, (1..=17).map(|number| number.to_string()).collect::<Vec<_>>());
    let quoted = |row: &'static str| row.split('`').skip(1).step_by(2);
    let named: Vec<_> = rows.iter().copied().flat_map(quoted).filter(|name| name.contains("::")).collect();
    for path in &named {
        let (file, function) = place(path);
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {}: {error}", file.display()));
        assert!(text.contains(&format!("fn {function}(")), "the header names {path}, which does not exist");
    }
    println!("invariants: {} listed, {} tests named", rows.len(), named.len());
}
