//! Pages and their cursors.
//!
//! A cursor says where a page ended. It is opaque and bound to its list: the endpoint, the filters and the
//! caller. The binding is a plain hash, not a secret: a cursor carries no right, for the query it continues is
//! scoped to its caller anyway; the hash only keeps people from mixing up lists.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::form::{Node, Params};
use crate::problem::{Problem, ProblemCode};

/// Bytes of each of the two hashes: enough that no accident passes.
const HASH_BYTES: usize = 8;

/// Longer than any cursor we make; what is longer is not read at all.
const CURSOR_CHARACTERS_MAX: usize = 512;

/// One page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// Where the next page begins; null on the last one.
    pub next_cursor: Option<String>,
}

/// Which list a cursor belongs to.
#[derive(Debug, Clone)]
pub struct List(Sha256);

impl List {
    /// The list of this endpoint for this caller, without filters.
    #[must_use]
    pub fn new(endpoint: &str, caller: &str) -> Self {
        Self(Sha256::new()).mixed(endpoint).mixed(caller)
    }

    /// The same list with a filter. Leave out filters that were not given.
    #[must_use]
    pub fn filter(self, name: &str, value: impl ToString) -> Self {
        self.mixed(name).mixed(&value.to_string())
    }

    /// The length goes in before the text, so that no two lists can spell the same bytes.
    fn mixed(mut self, text: &str) -> Self {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
        self
    }

    /// The cursor that continues this list after `position`.
    #[must_use]
    pub fn cursor(&self, position: impl ToString) -> String {
        let mut bytes = self.tag();
        bytes.extend_from_slice(position.to_string().as_bytes());
        let mut sealed = short_hash(&bytes);
        sealed.append(&mut bytes);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Where this list is to be continued.
    ///
    /// # Errors
    /// `cursor-mismatch` for a cursor of another list, `invalid-query` for what is no cursor of ours.
    pub fn position(&self, cursor: &Cursor) -> Result<String, Problem> {
        if cursor.tag == self.tag() {
            return Ok(cursor.position.clone());
        }
        Err(Problem::new(ProblemCode::CursorMismatch))
    }

    /// Where this list is to be continued, as `parse` reads it; `None` when it is to be begun.
    ///
    /// # Errors
    /// Those of [`List::position`]; `invalid-query` for a place that `parse` does not know.
    pub fn continued<T>(
        &self,
        cursor: Option<&Cursor>,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let position = cursor.map(|cursor| self.position(cursor)).transpose()?;
        let bad =
            || Problem::parameter("cursor", "bad-cursor", "not a cursor of this list; begin without one");
        position.map(|text| parse(&text).ok_or_else(bad)).transpose()
    }

    fn tag(&self) -> Vec<u8> {
        let mut tag = self.0.clone().finalize().to_vec();
        tag.truncate(HASH_BYTES);
        tag
    }
}

/// A cursor of some list: sound, but not yet known to be of the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    tag: Vec<u8>,
    position: String,
}

impl Cursor {
    /// Unseals a cursor; `None` for anything we did not make.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plausible = text.len() <= CURSOR_CHARACTERS_MAX;
        let bytes = plausible.then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()?;
        let (seal, sealed) = bytes.split_at_checked(HASH_BYTES)?;
        let (tag, position) = sealed.split_at_checked(HASH_BYTES)?;
        let position = String::from_utf8(position.to_vec()).ok()?;
        (seal == short_hash(sealed)).then(|| Self { tag: tag.to_vec(), position })
    }
}

fn short_hash(bytes: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::digest(bytes).to_vec();
    hash.truncate(HASH_BYTES);
    hash
}

impl Params<'_> {
    /// `cursor`: where the page before ended.
    pub fn cursor(&mut self) -> Option<Option<Cursor>> {
        self.optional("cursor", cursor)
    }
}

fn cursor(node: Node<'_>) -> Option<Cursor> {
    match Cursor::parse(node.text()?) {
        Some(cursor) => Some(cursor),
        None => node.fault("bad-cursor", "not a cursor of this service; begin without one"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Query;

    fn list() -> List {
        List::new("/api/credits/history", "user:u_ana").filter("type", "welcome_credit")
    }

    #[test]
    fn a_cursor_finds_its_place_again() {
        let cursor = Cursor::parse(&list().cursor(4711)).expect("ours");
        assert_eq!(list().position(&cursor).expect("of this list"), "4711");
    }

    #[test]
    fn a_cursor_of_another_list_is_a_mismatch() {
        let cursor = Cursor::parse(&list().cursor("x")).expect("ours");
        for other in [
            List::new("/api/credits/history", "user:u_ana"),
            List::new("/api/credits/history", "user:u_ben").filter("type", "welcome_credit"),
            List::new("/api/credits/export", "user:u_ana").filter("type", "welcome_credit"),
            List::new("/api/credits/history", "user:u_ana").filter("type", "referral_bonus"),
            List::new("/api/credits/history", "user:u_ana").filter("typew", "elcome_credit"),
            list().filter("from", "2026-01-31"),
        ] {
            let refused = other.position(&cursor).expect_err("another list");
            assert_eq!(refused.code(), ProblemCode::CursorMismatch);
        }
    }

    #[test]
    fn what_we_did_not_make_is_refused() {
        let good = list().cursor("4711");
        let mut tampered = good.clone().into_bytes();
        tampered[20] ^= 1;
        let tampered = String::from_utf8_lossy(&tampered).into_owned();
        for text in ["", "x", "AAAA", "%%%", &good[1..], &good[..good.len() - 2], &tampered, &"A".repeat(600)]
        {
            assert_eq!(Cursor::parse(text), None, "{text}");
            let query = Query::parse(&format!("cursor={}", text.replace('%', "%25")));
            let refused = query.read(|params| params.cursor()).expect_err("refused");
            assert_eq!((refused.code(), refused.faults()[0].code), (ProblemCode::InvalidQuery, "bad-cursor"));
        }
    }

    #[test]
    fn a_cursor_needs_no_escaping_in_a_query() {
        let cursor = list().cursor("?/+ä");
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
    }
}
