//! What a rule reports.

use std::fmt;

use anyhow::{Result, bail};

/// A place that breaks a rule, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Fault {
    /// Lines count from 1.
    pub(crate) fn new(path: &str, line: usize, what: &str) -> Self {
        Self { path: path.into(), line, what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Prints every fault; fails when there is one.
pub(crate) fn conclude(faults: &[Fault]) -> Result<()> {
    for fault in faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        bail!("{} faults", faults.len());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_as_an_editor_expects_it_and_fails_the_run() {
        let fault = Fault::new("crates/a/src/lib.rs", 7, "is too long: split it");
        assert_eq!(fault.to_string(), "crates/a/src/lib.rs:7: is too long: split it");
        assert!(conclude(&[fault]).is_err());
        assert!(conclude(&[]).is_ok());
    }
}
