//! Rules: published as immutable versions, looked at before, listed.

use referral_domain::audit::Actor;
use referral_domain::port::{Changes, Unit};
use referral_domain::program::{Program, Rules};
use referral_domain::reference::Slug;
use referral_domain::rules::{PublishedRules, RuleFault, RuleVersion, RulesDraft};
use referral_domain::time::{SECOND, Timestamp};
use serde_json::{Value, json};

use crate::app::App;
use crate::audit::Deed;
use crate::failure::{Failure, Never, Refused};
use crate::idempotent::{Idempotent, Replayable, once};

/// How far ahead of now a version may begin that was published just now: how long a unit waits for another, and clocks differ.
const A_MOMENT: i64 = 5 * SECOND;

/// Rules to publish, or to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublishRules {
    /// Of which program.
    pub program: Slug,
    /// The rules.
    pub rules: RulesDraft,
    /// From when they are in force; from now when it is not told.
    pub effective_from: Option<Timestamp>,
    /// Who publishes them.
    pub by: Actor,
}

/// A version that was published, with its program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RulesReceipt {
    /// The version.
    pub published: PublishedRules,
    /// Its program, for its currency.
    pub program: Program,
}

/// Why rules were not published.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RulesRefused {
    /// They do not go together.
    #[error("the rules do not go together")]
    Rules(Vec<RuleFault>),
    /// They would be in force from the past on.
    #[error("rules cannot be in force from the past on")]
    Past,
    /// They would be in force before a version that was published earlier.
    #[error("version {version} is in force from {from} on")]
    Overtaken {
        /// The newest version.
        version: u32,
        /// From when it is in force.
        from: Timestamp,
    },
}

impl Refused for RulesRefused {}

/// What publishing rules would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RulesPreview {
    /// Why it would be refused.
    pub refusals: Vec<RulesRefused>,
    /// The newest version, which they would follow.
    pub newest: RuleVersion,
    /// The rules; `None` when they do not go together.
    pub rules: Option<Rules>,
    /// From when they would be in force.
    pub effective_from: Timestamp,
    /// The program, for its currency.
    pub program: Program,
}

impl App {
    /// Publishes the next version of a program's rules. Terms hold for codes applied from then on, policy for everybody.
    ///
    /// # Errors
    /// [`RulesRefused`], no such program, or the store's.
    pub async fn publish_rules(
        &self,
        command: &PublishRules,
        request: Option<&Idempotent<'_, RulesReceipt>>,
    ) -> Result<Replayable<RulesReceipt>, Failure<RulesRefused>> {
        let now = self.now();
        let published = once(self.store(), &command.program, request, now, move |unit, _| {
            Box::pin(async move {
                let found = unit.programs().lock(&command.program, now).await?;
                self.publish(unit, found.ok_or(Failure::NoProgram)?, command, now).await
            })
        })
        .await;
        self.forget_program(&command.program);
        published
    }

    async fn publish(
        &self,
        unit: &mut Unit<'_>,
        program: Program,
        command: &PublishRules,
        now: Timestamp,
    ) -> Result<RulesReceipt, Failure<RulesRefused>> {
        let newest = unit.programs().newest_rules(program.book).await?;
        let next = next(&program, &newest, command, now)?;
        unit.programs().publish(program.book, &next).await?;
        let deed = published(
            &program,
            &next.rules,
            next.version,
            next.effective_from,
            Some(&newest.rules),
            &command.by,
        );
        let audit = vec![self.entry(deed, now)];
        let by = Some((command.by.kind, Some(command.by.id.clone()), now));
        unit.recorder().record(program.book, &Changes { audit, ..Changes::default() }).await?;
        Ok(RulesReceipt { published: PublishedRules { version: next, published: by }, program })
    }

    /// What publishing these rules would do; nothing is done.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn preview_rules(&self, command: &PublishRules) -> Result<RulesPreview, Failure<Never>> {
        let now = self.now();
        let program = self.program::<Never>(&command.program).await?;
        let mut newest = self.reports().rule_versions(&program, None, 1).await?;
        let newest = newest.pop().map(|newest| newest.version).ok_or(Failure::NoProgram)?;
        let effective_from = beginning(command, &newest, now);
        let rules = command.rules.rules(program.currency);
        let untimely = untimely(&newest, effective_from, now).err();
        let contradictory = rules.as_ref().err().cloned().map(RulesRefused::Rules);
        let refusals = contradictory.into_iter().chain(untimely).collect();
        Ok(RulesPreview { refusals, newest, rules: rules.ok(), effective_from, program })
    }

    /// Versions of a program's rules, the newest first, and where the next page begins.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn rule_versions(
        &self,
        slug: &Slug,
        before: Option<u32>,
        limit: u32,
    ) -> Result<(Program, Vec<PublishedRules>, Option<u32>), Failure<Never>> {
        let program = self.program::<Never>(slug).await?;
        let mut items = self.reports().rule_versions(&program, before, limit.saturating_add(1)).await?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|item| item.version.version);
        Ok((program, items, next))
    }
}

/// The version that would be the next one.
fn next(
    program: &Program,
    newest: &RuleVersion,
    command: &PublishRules,
    now: Timestamp,
) -> Result<RuleVersion, RulesRefused> {
    let rules = command.rules.rules(program.currency).map_err(RulesRefused::Rules)?;
    let effective_from = beginning(command, newest, now);
    untimely(newest, effective_from, now)?;
    Ok(RuleVersion { version: newest.version.saturating_add(1), rules, effective_from })
}

/// From when rules are in force. Whoever tells no time means now: after a version that somebody else published a moment ago,
/// while these waited or by a clock that is a little ahead, it is that version's beginning.
fn beginning(command: &PublishRules, newest: &RuleVersion, now: Timestamp) -> Timestamp {
    let at_once = newest.effective_from <= now.plus_micros(A_MOMENT);
    command.effective_from.unwrap_or(if at_once { now.max(newest.effective_from) } else { now })
}

/// Refuses rules that would be in force from the past on, or before a version that was published earlier.
fn untimely(newest: &RuleVersion, effective_from: Timestamp, now: Timestamp) -> Result<(), RulesRefused> {
    if effective_from < now {
        return Err(RulesRefused::Past);
    }
    if effective_from < newest.effective_from {
        return Err(RulesRefused::Overtaken { version: newest.version, from: newest.effective_from });
    }
    Ok(())
}

/// What the audit log is told of a version. Reports find by its subject who published it.
pub(crate) fn published<'a>(
    program: &Program,
    rules: &Rules,
    version: u32,
    effective_from: Timestamp,
    before: Option<&Rules>,
    by: &'a Actor,
) -> Deed<'a> {
    let mut after = picture(rules);
    after["effective_from"] = json!(effective_from.to_string());
    Deed {
        by,
        action: "rules.publish",
        subject: format!("{}/{version}", program.slug),
        before: before.map(picture),
        after: Some(after),
    }
}

/// Rules as the audit log shows them: as they are stored.
fn picture(rules: &Rules) -> Value {
    serde_json::to_value(rules).unwrap_or_else(|_| json!({}))
}
