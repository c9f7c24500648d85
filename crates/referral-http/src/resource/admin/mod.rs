//! Administration: for people by role, for services by scope.

pub mod adjustments;
pub mod audit;
pub mod ledger;
pub mod transactions;

use crate::page::{Cursor, List};
use crate::problem::Problem;

/// The id where the page before ended, when there was one.
fn position<T>(
    list: &List,
    cursor: Option<&Cursor>,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let position = cursor.map(|cursor| list.position(cursor)).transpose()?;
    position.map(|text| parse(&text).ok_or_else(bad_cursor)).transpose()
}

fn bad_cursor() -> Problem {
    Problem::parameter("cursor", "bad-cursor", "not a cursor of this list; begin without one")
}

/// The list with those of its filters that were given.
fn filtered<const N: usize>(list: List, given: [(&'static str, Option<String>); N]) -> List {
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    given.fold(list, |list, (name, value)| list.filter(name, value))
}
