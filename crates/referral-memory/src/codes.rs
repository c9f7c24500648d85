//! Codes.

use async_trait::async_trait;
use referral_domain::code::{Code, FoldedCode};
use referral_domain::id::{BookId, CodeId, UserId};
use referral_domain::port::{CodeClaim, Codes, StoreError};

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Codes for MemoryUnit {
    async fn find(&mut self, book: BookId, folded: &FoldedCode) -> Result<Option<Code>, StoreError> {
        self.call(|state| state.code(book, folded)).await
    }

    async fn lock(&mut self, book: BookId, ids: &[CodeId]) -> Result<Vec<Code>, StoreError> {
        self.call(|state| ids.iter().map(|id| state.codes.get(&(book, *id)).cloned()).collect()).await
    }

    async fn claim(&mut self, code: &Code) -> Result<CodeClaim, StoreError> {
        self.call(|state| state.claim_code(code)).await
    }
}

impl State {
    /// A code by its folded form.
    pub(crate) fn code(&self, book: BookId, folded: &FoldedCode) -> Result<Option<Code>, StoreError> {
        let id = self.code_texts.find(&(book, folded.clone()));
        id.map(|id| self.codes.get(&(book, *id)).cloned()).transpose()
    }

    /// A user's primary code.
    pub(crate) fn primary_code(&self, book: BookId, owner: UserId) -> Result<Option<Code>, StoreError> {
        let id = self.primary_codes.find(&(book, owner));
        id.map(|id| self.codes.get(&(book, *id)).cloned()).transpose()
    }

    fn claim_code(&mut self, code: &Code) -> Result<CodeClaim, StoreError> {
        self.users.has(&(code.book, code.owner))?;
        if let Some(known) = self.primary_code(code.book, code.owner)? {
            return Ok(CodeClaim::OwnerHas(Box::new(known)));
        }
        if self.code(code.book, &code.text.folded())?.is_some() {
            return Ok(CodeClaim::Taken);
        }
        self.insert_code(code)?;
        Ok(CodeClaim::Claimed)
    }

    fn insert_code(&mut self, code: &Code) -> Result<(), StoreError> {
        self.codes.rule("is_primary", "a code that is claimed is primary").holds(code.primary, &code.id)?;
        self.codes.add((code.book, code.id), code.clone())?;
        self.code_texts.add((code.book, code.text.folded()), code.id)?;
        self.primary_codes.add((code.book, code.owner), code.id)
    }

    /// Counts a code's use: nothing else of a code changes, and its uses never become fewer.
    pub(crate) fn count_use(&mut self, book: BookId, code: &Code) -> Result<(), StoreError> {
        let rule = self.codes.rule("uses", "the uses of a code never become fewer");
        self.codes.change(&(book, code.id), |stored| {
            rule.holds(stored.uses <= code.uses, &code.id)?;
            stored.uses = code.uses;
            stored.last_used_at = code.last_used_at;
            Ok(())
        })?
    }
}
