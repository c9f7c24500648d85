//! Programs and their rules.

use async_trait::async_trait;
use referral_domain::id::BookId;
use referral_domain::port::{AuditFilter, Inserted, Programs, StoreError};
use referral_domain::program::Program;
use referral_domain::reference::Slug;
use referral_domain::rules::{PublishedRules, RuleVersion};
use referral_domain::time::Timestamp;

use crate::state::State;
use crate::unit::MemoryUnit;

#[async_trait]
impl Programs for MemoryUnit {
    async fn find(&mut self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
        self.call(|state| Ok(state.program(slug, now))).await
    }

    async fn insert(&mut self, program: &Program) -> Result<Inserted, StoreError> {
        self.call(|state| state.insert_program(program)).await
    }

    async fn lock(&mut self, slug: &Slug, now: Timestamp) -> Result<Option<Program>, StoreError> {
        self.call(|state| Ok(state.program(slug, now))).await
    }

    async fn save(&mut self, program: &Program) -> Result<(), StoreError> {
        self.call(|state| state.save_program(program)).await
    }

    async fn newest_rules(&mut self, book: BookId) -> Result<RuleVersion, StoreError> {
        self.call(|state| state.newest_rules(book)).await
    }

    async fn publish(&mut self, book: BookId, version: &RuleVersion) -> Result<(), StoreError> {
        self.call(|state| {
            state.books.has(&book)?;
            state.rule_versions.add((book, version.version), version.clone())
        })
        .await
    }
}

impl State {
    /// A program with the rules in force; the first ones stand in before their own time.
    pub(crate) fn program(&self, slug: &Slug, now: Timestamp) -> Option<Program> {
        let program = self.programs.find(slug)?;
        let in_force = |version: &&RuleVersion| version.effective_from <= now;
        let newest = self.versions(program.book).rev().find(in_force);
        let rules = newest.or_else(|| self.versions(program.book).next())?;
        Some(Program { rule_version: rules.version, rules: rules.rules.clone(), ..program.clone() })
    }

    /// Every version of a program's rules, the first first.
    fn versions(&self, book: BookId) -> impl DoubleEndedIterator<Item = &RuleVersion> {
        self.rule_versions.range((book, u32::MIN)..=(book, u32::MAX))
    }

    fn newest_rules(&self, book: BookId) -> Result<RuleVersion, StoreError> {
        let newest = self.versions(book).next_back().cloned();
        newest.ok_or_else(|| StoreError::corrupt("rule_versions", "version", book.0, "a program has rules"))
    }

    fn insert_program(&mut self, program: &Program) -> Result<Inserted, StoreError> {
        if self.programs.find(&program.slug).is_some() {
            return Ok(Inserted::AlreadyThere);
        }
        self.books.add(program.book, program.slug.clone())?;
        self.programs.add(program.slug.clone(), program.clone())?;
        let (version, rules) = (program.rule_version, program.rules.clone());
        let first = RuleVersion { version, rules, effective_from: program.created_at };
        self.rule_versions.add((program.book, version), first)?;
        Ok(Inserted::New)
    }

    fn save_program(&mut self, program: &Program) -> Result<(), StoreError> {
        self.programs.change(&program.slug, |stored| {
            stored.name.clone_from(&program.name);
            stored.landing_url.clone_from(&program.landing_url);
            stored.status = program.status;
        })
    }

    /// Versions before one, the newest first, with who published them.
    pub(crate) fn published(
        &self,
        program: &Program,
        before: u32,
        limit: u32,
    ) -> Result<Vec<PublishedRules>, StoreError> {
        let earlier = self.versions(program.book).rev().filter(|version| version.version < before);
        let published = |version: &RuleVersion| {
            let filter = AuditFilter {
                action: Some("rules.publish".to_owned()),
                subject: Some(format!("{}/{}", program.slug, version.version)),
                limit: 1,
                ..AuditFilter::default()
            };
            let published = self.audit(program.book, &filter)?.pop();
            let published = published.map(|item| (item.kind, item.actor, item.at));
            Ok(PublishedRules { version: version.clone(), published })
        };
        earlier.take(limit as usize).map(published).collect()
    }
}
