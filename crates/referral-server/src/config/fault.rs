//! What is wrong with the configuration, said so that it can be put right.

use std::fmt;

/// One thing that is wrong: its name, its value unless that is secret, the rule it breaks, what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    /// The variable, or the key and its file.
    pub(crate) name: String,
    /// As it was given; `None` when there is no value to show.
    pub(crate) value: Option<String>,
    /// What is wrong with it, and what to do.
    pub(crate) wrong: Wrong,
}

/// The rule that a value breaks, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wrong {
    pub(crate) rule: String,
    pub(crate) remedy: String,
}

/// A broken rule with its remedy.
pub(crate) fn wrong(rule: impl Into<String>, remedy: impl Into<String>) -> Wrong {
    Wrong { rule: rule.into(), remedy: remedy.into() }
}

impl Fault {
    /// A fault that no single value is to blame for.
    pub(crate) fn of(name: impl Into<String>, wrong: Wrong) -> Self {
        Self { name: name.into(), value: None, wrong }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(value) = &self.value {
            write!(f, " = {value:?}")?;
        }
        write!(f, ": {}; {}", self.wrong.rule, self.wrong.remedy)
    }
}

/// Every fault of a configuration, at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0.len() == 1 { "fault" } else { "faults" };
        write!(f, "the configuration has {} {noun}", self.0.len())?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for Faults {}
