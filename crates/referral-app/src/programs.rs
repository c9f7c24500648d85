//! Programs: made, changed, paused. Whoever does it stands in the audit log.

use referral_domain::audit::{Actor, AuditEntry};
use referral_domain::id::BookId;
use referral_domain::money::Currency;
use referral_domain::port::{Changes, Inserted, StoreError, Unit};
use referral_domain::program::{FIRST_PROGRAM, Program, ProgramStatus};
use referral_domain::reference::Slug;
use referral_domain::rules::{RuleFault, RulesDraft};
use referral_domain::time::Timestamp;
use serde_json::{Value, json};

use crate::app::App;
use crate::audit::Deed;
use crate::failure::{Failure, Never, Refused};
use crate::idempotent::{Idempotent, Replayable, once};
use crate::rules::published;
use crate::transact::transact;

/// A program to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreateProgram {
    /// Its public id.
    pub slug: Slug,
    /// What people call it.
    pub name: String,
    /// Its currency, for ever.
    pub currency: Currency,
    /// Where a referral link leads.
    pub landing_url: String,
    /// Its first rules; the default ones when none are told.
    pub rules: Option<RulesDraft>,
    /// Who makes it.
    pub by: Actor,
}

/// What changes of a program; what is `None` stays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeProgram {
    /// Which.
    pub slug: Slug,
    /// What people call it.
    pub name: Option<String>,
    /// Where a referral link leads.
    pub landing_url: Option<String>,
    /// Active or paused.
    pub status: Option<ProgramStatus>,
    /// Who changes it.
    pub by: Actor,
}

/// Why a program was not made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CreateProgramRefused {
    /// There is another program of this id.
    #[error("there is another program of this id")]
    Taken,
    /// Its rules do not go together.
    #[error("its rules do not go together")]
    Rules(Vec<RuleFault>),
}

impl Refused for CreateProgramRefused {}

/// A program that was made now, or was there already.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreatedProgram {
    /// The program.
    pub program: Program,
    /// Whether it was there already, just so.
    pub again: bool,
}

impl App {
    /// Makes a program. Repeating it answers the same program, as long as nothing of it was changed. An idempotency key is
    /// one of the first program, whose administrators make others.
    ///
    /// # Errors
    /// [`CreateProgramRefused`], or the store's.
    pub async fn create_program(
        &self,
        command: &CreateProgram,
        request: Option<&Idempotent<'_, CreatedProgram>>,
    ) -> Result<Replayable<CreatedProgram>, Failure<CreateProgramRefused>> {
        let now = self.now();
        let program = &self.fresh_program(command, now).map_err(CreateProgramRefused::Rules)?;
        let entries = &self.founding(program, &command.by, now);
        if request.is_none() {
            let founded =
                transact(self.store(), move |unit| Box::pin(found(unit, program, entries, now))).await;
            return founded.map(Replayable::Fresh);
        }
        let first = &Slug::parse(FIRST_PROGRAM).ok_or(Failure::NoProgram)?;
        once(self.store(), first, request, now, move |unit, _| Box::pin(found(unit, program, entries, now)))
            .await
    }

    fn fresh_program(&self, command: &CreateProgram, now: Timestamp) -> Result<Program, Vec<RuleFault>> {
        let default = || RulesDraft::default_in(command.currency);
        let rules = command.rules.clone().unwrap_or_else(default).rules(command.currency)?;
        Ok(Program {
            book: BookId(self.draw_number().max(1)),
            slug: command.slug.clone(),
            name: command.name.clone(),
            currency: command.currency,
            landing_url: command.landing_url.clone(),
            status: ProgramStatus::Active,
            rule_version: 1,
            rules,
            created_at: now,
        })
    }

    /// What the audit log is told of a new program: that it was made, and who published its first rules.
    fn founding(&self, program: &Program, by: &Actor, now: Timestamp) -> Vec<AuditEntry> {
        let after = Some(portrait(program));
        let made =
            Deed { by, action: "program.create", subject: program.slug.to_string(), before: None, after };
        let rules = published(program, &program.rules, program.rule_version, program.created_at, None, by);
        vec![self.entry(made, now), self.entry(rules, now)]
    }

    /// Changes a program: its name, its landing URL, its status. What would change nothing is not told to anybody. What
    /// was withheld while it was paused is granted by the reconciler, within minutes of its becoming active.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn change_program(
        &self,
        command: &ChangeProgram,
        request: Option<&Idempotent<'_, Program>>,
    ) -> Result<Replayable<Program>, Failure<Never>> {
        let now = self.now();
        let changed = once(self.store(), &command.slug, request, now, move |unit, _| {
            Box::pin(async move {
                let found = unit.programs().lock(&command.slug, now).await?;
                let before = found.ok_or(Failure::<Never>::NoProgram)?;
                let after = changed(&before, command);
                if after != before {
                    self.save(unit, &before, &after, &command.by, now).await?;
                }
                Ok(after)
            })
        })
        .await;
        self.forget_program(&command.slug);
        changed
    }

    async fn save(
        &self,
        unit: &mut Unit<'_>,
        before: &Program,
        after: &Program,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        unit.programs().save(after).await?;
        let (subject, pictures) = (after.slug.to_string(), [portrait(before), portrait(after)].map(Some));
        let [before, is] = pictures;
        let entry = self.entry(Deed { by, action: "program.update", subject, before, after: is }, now);
        unit.recorder().record(after.book, &Changes { audit: vec![entry], ..Changes::default() }).await
    }
}

fn changed(before: &Program, command: &ChangeProgram) -> Program {
    let ChangeProgram { name, landing_url, status, .. } = command;
    let mut after = before.clone();
    name.iter().for_each(|name| after.name.clone_from(name));
    landing_url.iter().for_each(|url| after.landing_url.clone_from(url));
    after.status = status.unwrap_or(after.status);
    after
}

async fn found(
    unit: &mut Unit<'_>,
    program: &Program,
    entries: &[AuditEntry],
    now: Timestamp,
) -> Result<CreatedProgram, Failure<CreateProgramRefused>> {
    match unit.programs().insert(program).await? {
        Inserted::AlreadyThere => again(unit, program, now).await,
        Inserted::New => {
            let changes = Changes { audit: entries.to_vec(), ..Changes::default() };
            unit.recorder().record(program.book, &changes).await?;
            Ok(CreatedProgram { program: program.clone(), again: false })
        }
    }
}

/// The program that is there, when it is the one that was to be made.
async fn again(
    unit: &mut Unit<'_>,
    asked: &Program,
    now: Timestamp,
) -> Result<CreatedProgram, Failure<CreateProgramRefused>> {
    let found = unit.programs().find(&asked.slug, now).await?;
    let program = found.ok_or(CreateProgramRefused::Taken)?;
    let (book, created_at) = (program.book, program.created_at);
    if program == (Program { book, created_at, ..asked.clone() }) {
        return Ok(CreatedProgram { program, again: true });
    }
    Err(CreateProgramRefused::Taken.into())
}

/// A program as the audit log shows it.
fn portrait(program: &Program) -> Value {
    json!({
        "name": program.name,
        "currency": program.currency.code(),
        "landing_url": program.landing_url,
        "status": program.status.as_str(),
    })
}
