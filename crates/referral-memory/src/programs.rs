//! Programs and their rules.

use async_trait::async_trait;
use referral_domain::port::{Inserted, Programs, StoreError};
use referral_domain::program::Program;
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Programs for MemoryUnit {
    async fn find(&mut self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
        self.call(|state| Ok(state.program(slug, now).cloned())).await
    }

    async fn insert(&mut self, program: &Program) -> Result<Inserted, StoreError> {
        self.call(|state| state.insert_program(program)).await
    }
}

impl State {
    /// A program with the rules in force. Its first ones, which are the only ones yet, are from the instant it was made.
    pub(crate) fn program(&self, slug: &Slug, now: Timestamp) -> Option<&Program> {
        self.programs.find(slug).filter(|program| program.created_at <= now)
    }

    fn insert_program(&mut self, program: &Program) -> Result<Inserted, StoreError> {
        if self.programs.find(&program.slug).is_some() {
            return Ok(Inserted::AlreadyThere);
        }
        self.books.add(program.book, program.slug.clone())?;
        self.programs.add(program.slug.clone(), program.clone())?;
        Ok(Inserted::New)
    }
}
