//! News of codes and programs: which may be usable now, or no longer, for whoever remembers what it looked up.
//!
//! One connection of its own, which listens to `referral_codes`; the triggers that speak there are in the migrations
//! `announce_codes` and `announce_programs`. It is a hint: what was committed while nobody listened is told to nobody.

use diesel_async::SimpleAsyncConnection;
use referral_domain::code::FoldedCode;
use referral_domain::id::BookId;
use referral_domain::port::StoreError;
use referral_domain::reference::Slug;

use crate::connection::{Role, Session};
use crate::failure::{Told, unavailable};
use crate::store::PgStore;

/// What may be another now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// A code of a book.
    Code(BookId, FoldedCode),
    /// A program: its status, or its rules.
    Program(Slug),
}

/// Listens for codes and programs that changed, from when it was made.
pub struct CodeNews(Session);

impl std::fmt::Debug for CodeNews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeNews")
    }
}

/// What was announced is neither a code nor a program.
#[derive(Debug, thiserror::Error)]
#[error("the announcement {0:?} names neither a code nor a program")]
struct Garbled(String);

impl PgStore {
    /// Listens from now on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached.
    pub async fn code_news(&self) -> Result<CodeNews, StoreError> {
        let session = self.session(Role::Listener).await?;
        (&session.conn).batch_execute("LISTEN referral_codes").await.told()?;
        Ok(CodeNews(session))
    }
}

impl CodeNews {
    /// Waits for what changes next.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the connection is lost: anything may have changed by then. [`StoreError::Corrupt`]
    /// when what was announced is neither a code nor a program.
    pub async fn next(&mut self) -> Result<News, StoreError> {
        match self.0.wire.heard().await {
            Some(text) => news(&text).ok_or_else(|| {
                StoreError::corrupt("referral_codes", "folded", "an announcement", Garbled(text))
            }),
            None => Err(unavailable("the connection that listened ended")),
        }
    }
}

/// A code as `book:folded`, a program as its slug, which has no colon.
fn news(text: &str) -> Option<News> {
    match text.split_once(':') {
        Some((book, folded)) => Some(News::Code(BookId(book.parse().ok()?), FoldedCode::fold(folded)?)),
        None => Slug::parse(text).map(News::Program),
    }
}
