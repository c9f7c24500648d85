//! Codes that were looked up a moment ago, unknown ones too, for those who only ask whether a code may be used.
//!
//! An answer may be [`LIFE`] old. What this process changes it forgets at once; what others change it forgets when it is
//! told ([`App::forget_code`](crate::App::forget_code)), and after [`LIFE`] in any case. Applying a code never looks here: it
//! reads the code in its unit, locked.

use std::time::Duration;

use moka::sync::Cache;
use referral_domain::code::{Code, FoldedCode};
use referral_domain::id::BookId;
use referral_domain::port::{Reports, StoreError};

/// How old an answer may be.
pub(crate) const LIFE: Duration = Duration::from_secs(2);

/// How many codes are remembered at most: some 20 MB when full.
const CODES_MAX: u64 = 1 << 16;

/// Codes by their folded form; `None` is one that nobody has.
#[derive(Clone)]
pub(crate) struct CodeCache(Cache<(BookId, FoldedCode), Option<Code>>);

impl CodeCache {
    /// An empty one, whose answers live so long.
    pub(crate) fn living(life: Duration) -> Self {
        Self(Cache::builder().max_capacity(CODES_MAX).time_to_live(life).build())
    }

    /// The code, as it was at most a life ago.
    ///
    /// # Errors
    /// The store's; nothing is remembered then.
    pub(crate) async fn find(
        &self,
        reports: &dyn Reports,
        book: BookId,
        folded: FoldedCode,
    ) -> Result<Option<Code>, StoreError> {
        let key = (book, folded);
        if let Some(known) = self.0.get(&key) {
            return Ok(known);
        }
        let found = reports.code(book, &key.1).await?;
        self.0.insert(key, found.clone());
        Ok(found)
    }

    /// Forgets one.
    pub(crate) fn forget(&self, book: BookId, folded: &FoldedCode) {
        self.0.invalidate(&(book, folded.clone()));
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.0.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn an_answer_is_forgotten_when_its_life_is_over() {
        let life = Duration::from_millis(40);
        let cache = CodeCache::living(life);
        let key = (BookId(7), FoldedCode::fold("ABC").expect("a code"));
        let remembered = Instant::now();
        cache.0.insert(key.clone(), None);
        while cache.0.get(&key).is_some() {
            assert!(remembered.elapsed() < Duration::from_secs(20), "it lives for ever");
            std::thread::yield_now();
        }
        assert!(remembered.elapsed() >= life, "it lived its life");
    }

    #[test]
    fn no_more_codes_are_remembered_than_it_may_hold() {
        let cache = CodeCache::living(Duration::from_secs(60));
        let asked = 3 * CODES_MAX;
        for n in 0..asked {
            cache.0.insert((BookId(7), FoldedCode::fold(&format!("C{n}")).expect("a code")), None);
        }
        cache.0.run_pending_tasks();
        println!("asked={asked} remembered={} of at most {CODES_MAX}", cache.0.entry_count());
        assert!((1..=CODES_MAX).contains(&cache.0.entry_count()));
    }
}
