//! Explaining an event: why it was paid, or was not, by how things stand now.

use referral_domain::explain::{Explanation, explain};
use referral_domain::port::EventReport;
use referral_domain::program::Program;
use referral_domain::reference::{Slug, SourceId};

use crate::app::App;
use crate::failure::{Failure, Refused};

/// Nothing was ever recorded under this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no event has this id")]
pub struct UnknownEvent;

impl Refused for UnknownEvent {}

/// An event, and why it was paid or was not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExplainedEvent {
    /// What is stored of it and of all that decides it.
    pub report: EventReport,
    /// The rules that were looked at.
    pub explanation: Explanation,
    /// The program, for its currency.
    pub program: Program,
}

impl App {
    /// Explains an event by how things stand now.
    ///
    /// # Errors
    /// [`UnknownEvent`], no such program, or the store's.
    pub async fn explain_event(
        &self,
        slug: &Slug,
        source: &SourceId,
    ) -> Result<ExplainedEvent, Failure<UnknownEvent>> {
        let program = self.program::<UnknownEvent>(slug).await?;
        let report = self.reports().event(program.book, source, self.now().month()).await?;
        let report = report.ok_or(Failure::Refused(UnknownEvent))?;
        Ok(ExplainedEvent { explanation: explain(&report, &program), report, program })
    }
}
