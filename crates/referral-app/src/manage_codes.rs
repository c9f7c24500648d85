//! Codes as those who administer manage them: vanity codes made, any code bounded or switched off.

use referral_domain::audit::Actor;
use referral_domain::code::{Code, CodeText};
use referral_domain::id::CodeId;
use referral_domain::port::{Changes, CodeClaim, CodeFilter, CodeItem, StoreError, Unit};
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::Timestamp;
use serde_json::{Value, json};

use crate::app::App;
use crate::applying::lock_user;
use crate::audit::Deed;
use crate::failure::{Failure, Never, Refused};
use crate::idempotent::{Idempotent, Replayable, once};

/// What bounds a code's use; `None` for no bound of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CodeBounds {
    /// From when it may not be used.
    pub expires_at: Option<Timestamp>,
    /// How many referrals it may make in all.
    pub max_uses: Option<u32>,
    /// How many referrals in 24 hours, instead of the program's limit.
    pub daily_limit: Option<u32>,
}

/// A vanity code to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreateCode {
    /// In which program.
    pub program: Slug,
    /// Whose it is.
    pub user: HostId,
    /// How it reads.
    pub text: CodeText,
    /// What bounds its use.
    pub bounds: CodeBounds,
    /// Who makes it.
    pub by: Actor,
}

/// What to change of a code; what is `None` stays, and `Some(None)` takes a bound away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeCode {
    /// In which program.
    pub program: Slug,
    /// Which.
    pub id: CodeId,
    /// Whether it may be used.
    pub active: Option<bool>,
    /// From when it may not be used.
    pub expires_at: Option<Option<Timestamp>>,
    /// How many referrals it may make in all.
    pub max_uses: Option<Option<u32>>,
    /// How many referrals in 24 hours.
    pub daily_limit: Option<Option<u32>>,
    /// Who changes it.
    pub by: Actor,
}

/// Somebody has a code that reads like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("somebody has this code")]
pub struct CodeTaken;

/// There is no such code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such code")]
pub struct NoSuchCode;

impl Refused for CodeTaken {}
impl Refused for NoSuchCode {}

/// Codes, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodePage {
    /// The codes.
    pub items: Vec<CodeItem>,
    /// Where the next page begins: its `before`.
    pub next: Option<(Timestamp, CodeId)>,
}

/// A code that was made now, or was there already, just so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreatedCode {
    /// The code.
    pub item: CodeItem,
    /// Whether it was there already.
    pub again: bool,
}

impl App {
    /// A page of a program's codes.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn codes(&self, program: &Slug, filter: &CodeFilter) -> Result<CodePage, Failure<Never>> {
        let book = self.program::<Never>(program).await?.book;
        let one_more = CodeFilter { limit: filter.limit.saturating_add(1), ..filter.clone() };
        let mut items = self.reports().codes(book, &one_more).await?;
        let more = items.len() > filter.limit as usize;
        items.truncate(filter.limit as usize);
        let next = items.last().filter(|_| more).map(|item| (item.code.created_at, item.code.id));
        Ok(CodePage { items, next })
    }

    /// Makes a vanity code beside the one a user gets on first ask. The same again answers the same code.
    ///
    /// # Errors
    /// [`CodeTaken`], no such program, or the store's.
    pub async fn create_code(
        &self,
        command: &CreateCode,
        request: Option<&Idempotent<'_, CreatedCode>>,
    ) -> Result<Replayable<CreatedCode>, Failure<CodeTaken>> {
        let now = self.now();
        let user = &self.new_user(&command.user);
        let made = once(self.store(), &command.program, request, now, move |unit, program| {
            Box::pin(async move {
                let owner = lock_user(unit, &program, user, now).await?;
                let id = CodeId::from_uuid(self.draw_id());
                let CodeBounds { expires_at, max_uses, daily_limit } = command.bounds;
                let plain = Code::primary(program.book, id, owner.id, command.text.clone(), now);
                let code = Code { primary: false, expires_at, max_uses, daily_limit, ..plain };
                let again = match unit.codes().claim(&code).await? {
                    CodeClaim::Claimed => return self.told(unit, code, command, now).await,
                    CodeClaim::OwnerHas(_) | CodeClaim::Taken => the_same(unit, &code).await?,
                };
                let item = CodeItem { code: again.ok_or(CodeTaken)?, owner: Some(command.user.clone()) };
                Ok(CreatedCode { item, again: true })
            })
        })
        .await?;
        if let Replayable::Fresh(CreatedCode { item, .. }) = &made {
            self.forget_code(item.code.book, &item.code.text.folded());
        }
        Ok(made)
    }

    async fn told(
        &self,
        unit: &mut Unit<'_>,
        code: Code,
        command: &CreateCode,
        now: Timestamp,
    ) -> Result<CreatedCode, Failure<CodeTaken>> {
        self.note_code(unit, None, &code, &command.by, now).await?;
        Ok(CreatedCode { item: CodeItem { code, owner: Some(command.user.clone()) }, again: false })
    }

    /// Bounds a code's use, switches it off or on. What would change nothing is not told to anybody.
    ///
    /// # Errors
    /// [`NoSuchCode`], no such program, or the store's.
    pub async fn change_code(
        &self,
        command: &ChangeCode,
        request: Option<&Idempotent<'_, CodeItem>>,
    ) -> Result<Replayable<CodeItem>, Failure<NoSuchCode>> {
        let now = self.now();
        let book = self.program::<NoSuchCode>(&command.program).await?.book;
        let filter = CodeFilter { id: Some(command.id), limit: 1, ..CodeFilter::default() };
        let known = &self.reports().codes(book, &filter).await?.pop().ok_or(NoSuchCode)?;
        let changed = once(self.store(), &command.program, request, now, move |unit, _| {
            Box::pin(async move {
                let before = unit.codes().lock(book, &[command.id]).await?.pop().ok_or(NoSuchCode)?;
                let after = changed(&before, command);
                if after != before {
                    self.note_code(unit, Some(&before), &after, &command.by, now).await?;
                }
                Ok(CodeItem { code: after, ..known.clone() })
            })
        })
        .await?;
        self.forget_code(book, &known.code.text.folded());
        Ok(changed)
    }

    /// Records a code that was made or changed, with the entry of the audit log that tells of it.
    async fn note_code(
        &self,
        unit: &mut Unit<'_>,
        before: Option<&Code>,
        after: &Code,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let action = if before.is_some() { "code.update" } else { "code.create" };
        let (subject, was, is) = (after.id.to_string(), before.map(portrait), Some(portrait(after)));
        let entry = self.entry(Deed { by, action, subject, before: was, after: is }, now);
        let codes = before.map(|_| after.clone()).into_iter().collect();
        let changes = Changes { codes, audit: vec![entry], ..Changes::default() };
        unit.recorder().record(after.book, &changes).await
    }
}

/// The code that is there, when it is the one that was to be made.
async fn the_same(unit: &mut Unit<'_>, asked: &Code) -> Result<Option<Code>, StoreError> {
    let found = unit.codes().find(asked.book, &[asked.text.folded()]).await?.pop().flatten();
    let same = |found: &Code| {
        let Code { id, primary, uses, last_used_at, created_at, .. } = *found;
        *found == Code { id, primary, uses, last_used_at, created_at, ..asked.clone() } && !primary
    };
    Ok(found.filter(same))
}

fn changed(before: &Code, command: &ChangeCode) -> Code {
    Code {
        active: command.active.unwrap_or(before.active),
        expires_at: command.expires_at.unwrap_or(before.expires_at),
        max_uses: command.max_uses.unwrap_or(before.max_uses),
        daily_limit: command.daily_limit.unwrap_or(before.daily_limit),
        ..before.clone()
    }
}

/// A code as the audit log shows it: not its text, which may name a person.
fn portrait(code: &Code) -> Value {
    json!({
        "active": code.active,
        "expires_at": code.expires_at.map(|at| at.to_string()),
        "max_uses": code.max_uses,
        "daily_limit": code.daily_limit,
    })
}
