//! Where in a request a reader stands; rendered as text only when there is a fault to report.

use std::fmt::Write as _;

use crate::problem::Place;

/// A place in a body or a query, as a chain of borrowed steps: descending costs nothing.
#[derive(Debug, Clone, Copy)]
pub enum At<'a> {
    /// The whole body.
    Body,
    /// A field of the object at the first place.
    Field(&'a At<'a>, &'a str),
    /// An item of the array at the first place.
    Item(&'a At<'a>, usize),
    /// A query parameter.
    Parameter(&'a str),
}

impl At<'_> {
    /// The JSON pointer (RFC 6901) or the parameter's name.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Parameter(name) => Place::Parameter((*name).to_owned()),
            Self::Body | Self::Field(..) | Self::Item(..) => Place::Pointer(self.pointer()),
        }
    }

    fn pointer(&self) -> String {
        match self {
            Self::Body | Self::Parameter(_) => String::new(),
            Self::Field(parent, name) => parent.pointer() + "/" + &name.replace('~', "~0").replace('/', "~1"),
            Self::Item(parent, index) => indexed(parent.pointer(), *index),
        }
    }
}

fn indexed(mut pointer: String, index: usize) -> String {
    let written = write!(pointer, "/{index}");
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_what_rfc_6901_says() {
        let events = At::Field(&At::Body, "events");
        let item = At::Item(&events, 17);
        let odd = At::Field(&item, "a/b~c");
        assert_eq!(odd.place(), Place::Pointer("/events/17/a~1b~0c".into()));
        assert_eq!(At::Body.place(), Place::Pointer(String::new()));
        assert_eq!(At::Parameter("limit").place(), Place::Parameter("limit".into()));
    }
}
