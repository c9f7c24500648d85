//! The API's document: from utoipa's derives, completed by what holds for every operation, as JSON and as a page.
//!
//! ```text
//! #[derive(utoipa::OpenApi)]
//! #[openapi(paths(resource::code::show, ..))]
//! struct Operations;
//!
//! let document = Document::complete(Operations::openapi());
//! ```

mod common;
mod handlers;
mod page;
mod replies;
mod walk;

use serde_json::Value;
use utoipa::openapi::OpenApi;

pub use handlers::{json, page as docs_page};
pub use walk::Operation;

use crate::html::Page;

/// The document, made once at start.
#[derive(Debug, Clone)]
pub struct Document {
    value: Value,
    json: String,
    page: Page,
}

impl Document {
    /// Adds what no operation should have to say itself: title and version, the two ways of calling, the
    /// problems, and that every property of a reply is always there.
    #[must_use]
    pub fn complete(operations: OpenApi) -> Self {
        let mut operations = operations;
        common::describe(&mut operations);
        let mut value = serde_json::to_value(&operations).unwrap_or_default();
        common::add_problems(&mut value);
        replies::require_every_property(&mut value);
        let json = serde_json::to_string_pretty(&value).unwrap_or_default() + "\n";
        let page = Page::new("referral API", &page::render(&value));
        Self { value, json, page }
    }

    /// The JSON, as it is served and as it stands in `docs/openapi.json`.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// The document as a tree.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The page for people.
    #[must_use]
    pub const fn page(&self) -> &Page {
        &self.page
    }

    /// Every operation: what coverage tests walk.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation<'_>> {
        walk::operations(&self.value)
    }
}

#[cfg(test)]
mod tests;
