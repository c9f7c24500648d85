//! The faults found so far.

use std::borrow::Cow;
use std::cell::RefCell;

use super::At;
use crate::problem::{FAULTS_MAX, FieldFault};

/// Faults in the order they were found: the first of each place, at most [`FAULTS_MAX`] kept, all counted.
#[derive(Debug, Default)]
pub struct Faults(RefCell<Found>);

#[derive(Debug, Default)]
struct Found {
    list: Vec<FieldFault>,
    total: usize,
}

impl Faults {
    /// Records a fault; a second one of the same place is left out, for the first explains it.
    pub fn add(&self, at: &At<'_>, code: &'static str, detail: impl Into<Cow<'static, str>>) {
        let place = at.place();
        let mut found = self.0.borrow_mut();
        if found.list.iter().any(|fault| fault.place == place) {
            return;
        }
        found.total += 1;
        if found.list.len() < FAULTS_MAX {
            found.list.push(FieldFault { place, code, detail: detail.into() });
        }
    }

    /// Whether further faults are only counted: then their details need not be thought of.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.borrow().list.len() >= FAULTS_MAX
    }

    /// How many faults were found, those not kept included.
    #[must_use]
    pub fn total(&self) -> usize {
        self.0.borrow().total
    }

    /// The faults that were kept.
    #[must_use]
    pub fn into_list(self) -> Vec<FieldFault> {
        self.0.into_inner().list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_are_kept_and_all_are_counted() {
        let faults = Faults::default();
        for index in 0..25 {
            faults.add(&At::Item(&At::Body, index), "required", "missing");
        }
        assert_eq!(faults.total(), 25);
        assert_eq!(faults.into_list().len(), FAULTS_MAX);
    }

    #[test]
    fn a_place_is_blamed_once() {
        let faults = Faults::default();
        faults.add(&At::Body, "nul-character", "first");
        faults.add(&At::Body, "control-character", "second");
        assert_eq!(faults.total(), 1);
        assert_eq!(faults.into_list()[0].code, "nul-character");
    }
}
