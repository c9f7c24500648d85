//! The body of a spend event, alone or in a batch.

use referral_app::App;
use referral_domain::spend::SpendCommand;

use crate::form::{Fields, metadata, money, scalar};

/// The most events of one request.
const EVENTS_MAX: usize = 1_000;

/// What a body holds.
pub(super) struct Events {
    /// The events.
    pub(super) commands: Vec<SpendCommand>,
    /// Whether they came as `events`: conflicts are then outcomes and not problems.
    pub(super) batch: bool,
}

/// One event, or `events` with 1 to 1000 of them; both at once is a fault of the fields beside `events`.
pub(super) fn read(fields: &mut Fields<'_>, app: &App) -> Option<Events> {
    let read = |fields: &mut Fields<'_>| event(fields, app);
    let many = fields.optional("events", |node| node.array(1, EVENTS_MAX, |item| item.object(read)))?;
    match many {
        Some(commands) => Some(Events { commands, batch: true }),
        None => Some(Events { commands: vec![event(fields, app)?], batch: false }),
    }
}

fn event(fields: &mut Fields<'_>, app: &App) -> Option<SpendCommand> {
    let source = fields.required("source_id", scalar::source_id);
    let user = fields.required("user_id", scalar::user_id);
    let amount = fields.required("amount", money);
    let occurred_at = fields.required("occurred_at", scalar::timestamp);
    let payment = fields.optional("payment_fingerprint", scalar::fingerprint);
    let metadata = fields.optional("metadata", metadata);
    Some(SpendCommand {
        source: source?,
        user: user?,
        amount: amount?,
        occurred_at: occurred_at?,
        payment: payment?.map(|fingerprint| app.payment_fingerprint(&fingerprint)),
        metadata: metadata?.map(|map| serde_json::Value::Object(map).to_string()),
    })
}
