//! Events of a body, alone or in a batch.

use referral_domain::spend::EventCommand;

use crate::form::Fields;

/// The most events of one request.
const EVENTS_MAX: usize = 1_000;

/// What a body holds.
pub(super) struct Events {
    /// The events.
    pub(super) commands: Vec<EventCommand>,
    /// Whether they came as `events`: conflicts are then outcomes and not problems.
    pub(super) batch: bool,
}

/// One event, or `events` with 1 to 1000 of them; both at once is a fault of the fields beside `events`.
pub(super) fn read(
    fields: &mut Fields<'_>,
    event: impl Fn(&mut Fields<'_>) -> Option<EventCommand>,
) -> Option<Events> {
    let many = fields.optional("events", |node| node.array(1, EVENTS_MAX, |item| item.object(&event)))?;
    match many {
        Some(commands) => Some(Events { commands, batch: true }),
        None => Some(Events { commands: vec![event(fields)?], batch: false }),
    }
}
