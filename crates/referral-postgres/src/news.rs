//! News of codes: which may be usable now, or no longer, for whoever remembers what it looked up.
//!
//! One connection of its own, which listens to `referral_codes`; the triggers that speak there are in the migration
//! `announce_codes`. It is a hint: what was committed while nobody listened is told to nobody.

use diesel_async::SimpleAsyncConnection;
use referral_domain::code::FoldedCode;
use referral_domain::id::BookId;
use referral_domain::port::StoreError;

use crate::connection::{Role, Session};
use crate::failure::{Told, unavailable};
use crate::store::PgStore;

/// Listens for codes that changed, from when it was made.
pub struct CodeNews(Session);

impl std::fmt::Debug for CodeNews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeNews")
    }
}

/// What was announced is no code.
#[derive(Debug, thiserror::Error)]
#[error("the announcement {0:?} names no code")]
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
    /// Waits for the next code that changed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the connection is lost: anything may have changed by then. [`StoreError::Corrupt`]
    /// when what was announced is no code.
    pub async fn next(&mut self) -> Result<(BookId, FoldedCode), StoreError> {
        match self.0.wire.heard().await {
            Some(text) => code(&text).ok_or_else(|| {
                StoreError::corrupt("referral_codes", "folded", "an announcement", Garbled(text))
            }),
            None => Err(unavailable("the connection that listened ended")),
        }
    }
}

fn code(text: &str) -> Option<(BookId, FoldedCode)> {
    let (book, folded) = text.split_once(':')?;
    Some((BookId(book.parse().ok()?), FoldedCode::fold(folded)?))
}
