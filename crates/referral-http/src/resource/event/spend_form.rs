//! The body of a spend event, alone or in a batch.

use referral_app::App;
use referral_domain::spend::{EventCommand, SpendCommand};

use super::events_form::{self, Events};
use crate::form::{Fields, metadata, money, scalar};

/// One spend, or `events` with 1 to 1000 of them.
pub(super) fn read(fields: &mut Fields<'_>, app: &App) -> Option<Events> {
    events_form::read(fields, |fields| event(fields, app))
}

fn event(fields: &mut Fields<'_>, app: &App) -> Option<EventCommand> {
    let source = fields.required("source_id", scalar::source_id);
    let user = fields.required("user_id", scalar::user_id);
    let amount = fields.required("amount", money);
    let occurred_at = fields.required("occurred_at", scalar::timestamp);
    let payment = fields.optional("payment_fingerprint", scalar::fingerprint);
    let metadata = fields.optional("metadata", metadata);
    Some(EventCommand::Spend(SpendCommand {
        source: source?,
        user: user?,
        amount: amount?,
        occurred_at: occurred_at?,
        payment: payment?.map(|fingerprint| app.payment_fingerprint(&fingerprint)),
        metadata: metadata?.map(|map| serde_json::Value::Object(map).to_string()),
    }))
}
