//! Codes.

use std::cmp::Reverse;

use async_trait::async_trait;
use referral_domain::code::{Code, FoldedCode};
use referral_domain::id::{BookId, CodeId, UserId};
use referral_domain::port::{CodeClaim, CodeFilter, CodeItem, Codes, StoreError};

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Codes for MemoryUnit {
    async fn find(&mut self, book: BookId, folded: &[FoldedCode]) -> Result<Vec<Option<Code>>, StoreError> {
        self.call(|state| folded.iter().map(|folded| state.code(book, folded)).collect()).await
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
        if let Some(known) = self.primary_code(code.book, code.owner)?.filter(|_| code.primary) {
            return Ok(CodeClaim::OwnerHas(Box::new(known)));
        }
        if self.code(code.book, &code.text.folded())?.is_some() {
            return Ok(CodeClaim::Taken);
        }
        self.insert_code(code)?;
        Ok(CodeClaim::Claimed)
    }

    fn insert_code(&mut self, code: &Code) -> Result<(), StoreError> {
        self.codes.add((code.book, code.id), code.clone())?;
        self.code_texts.add((code.book, code.text.folded()), code.id)?;
        if code.primary {
            self.primary_codes.add((code.book, code.owner), code.id)?;
        }
        Ok(())
    }

    /// Replaces what may change of a code: what bounds it and how it was used. Its uses never become fewer.
    pub(crate) fn save_code(&mut self, book: BookId, code: &Code) -> Result<(), StoreError> {
        let rule = self.codes.rule("uses", "the uses of a code never become fewer");
        self.codes.change(&(book, code.id), |stored| {
            rule.holds(stored.uses <= code.uses, &code.id)?;
            let Code { active, expires_at, max_uses, daily_limit, uses, last_used_at, .. } = *code;
            *stored =
                Code { active, expires_at, max_uses, daily_limit, uses, last_used_at, ..stored.clone() };
            Ok(())
        })?
    }

    /// Codes of a book, newest first.
    pub(crate) fn codes_page(&self, book: BookId, filter: &CodeFilter) -> Result<Vec<CodeItem>, StoreError> {
        let all = self.codes.rows().filter(|code| code.book == book).cloned();
        let named = |code: Code| Ok(CodeItem { owner: Some(self.host(book, code.owner)?), code });
        let mut found = all.map(named).collect::<Result<Vec<_>, StoreError>>()?;
        found.retain(|item| lets_pass(filter, item));
        found.sort_by_key(|item| Reverse((item.code.created_at, item.code.id)));
        found.truncate(filter.limit as usize);
        Ok(found)
    }
}

fn lets_pass(filter: &CodeFilter, item: &CodeItem) -> bool {
    let (CodeFilter { id, owner, folded, before, limit: _ }, code) = (filter, &item.code);
    id.is_none_or(|id| id == code.id)
        && (owner.is_none() || *owner == item.owner)
        && folded.as_ref().is_none_or(|folded| *folded == code.text.folded())
        && before.is_none_or(|before| (code.created_at, code.id) < before)
}
