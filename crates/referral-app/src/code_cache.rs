//! Codes that were looked up a moment ago, unknown ones too, for those who only ask whether a code may be used; and
//! programs, for them and for those who only show something ([`App::program_lately`](crate::App::program_lately)).
//!
//! An answer may be [`LIFE`] old. What this process changes it forgets at once; what others change it forgets when it is
//! told ([`App::forget_code`](crate::App::forget_code)), and after [`LIFE`] in any case. Applying a code never looks here: it
//! reads the code in its unit, locked.

use std::time::Duration;

use moka::sync::Cache;
use referral_domain::code::{Code, FoldedCode};
use referral_domain::id::BookId;
use referral_domain::port::{Reports, StoreError};
use referral_domain::program::Program;
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;

/// How old an answer may be.
pub(crate) const LIFE: Duration = Duration::from_secs(2);

/// How many codes are remembered at most: some 20 MB when full.
const CODES_MAX: u64 = 1 << 16;

/// How many programs: a company has a few.
const PROGRAMS_MAX: u64 = 1 << 10;

/// Codes by their folded form, where `None` is one that nobody has; and what is asked with each: its program.
#[derive(Clone)]
pub(crate) struct CodeCache {
    codes: Cache<(BookId, FoldedCode), Option<Code>>,
    programs: Cache<Slug, Program>,
}

impl CodeCache {
    /// An empty one, whose answers live so long.
    pub(crate) fn living(life: Duration) -> Self {
        Self {
            codes: Cache::builder().max_capacity(CODES_MAX).time_to_live(life).build(),
            programs: Cache::builder().max_capacity(PROGRAMS_MAX).time_to_live(life).build(),
        }
    }

    /// A program, as it was at most a life ago.
    ///
    /// # Errors
    /// The store's; nothing is remembered then, nor of a program that is not there.
    pub(crate) async fn program(
        &self,
        reports: &dyn Reports,
        slug: &Slug,
        now: Timestamp,
    ) -> Result<Option<Program>, StoreError> {
        if let Some(known) = self.programs.get(slug) {
            return Ok(Some(known));
        }
        let found = reports.program(slug, now).await?;
        found.iter().for_each(|program| self.programs.insert(slug.clone(), program.clone()));
        Ok(found)
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
        if let Some(known) = self.codes.get(&key) {
            return Ok(known);
        }
        let found = reports.code(book, &key.1).await?;
        self.codes.insert(key, found.clone());
        Ok(found)
    }

    /// Forgets a program.
    pub(crate) fn forget_program(&self, slug: &Slug) {
        self.programs.invalidate(slug);
    }

    /// Forgets one.
    pub(crate) fn forget(&self, book: BookId, folded: &FoldedCode) {
        self.codes.invalidate(&(book, folded.clone()));
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.codes.invalidate_all();
        self.programs.invalidate_all();
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
        cache.codes.insert(key.clone(), None);
        while cache.codes.get(&key).is_some() {
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
            cache.codes.insert((BookId(7), FoldedCode::fold(&format!("C{n}")).expect("a code")), None);
        }
        cache.codes.run_pending_tasks();
        println!("asked={asked} remembered={} of at most {CODES_MAX}", cache.codes.entry_count());
        assert!((1..=CODES_MAX).contains(&cache.codes.entry_count()));
    }
}
