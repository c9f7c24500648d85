//! The body of a refund event, alone or in a batch.

use referral_domain::spend::{EventCommand, RefundCommand, RefundReason};

use super::events_form::{self, Events};
use crate::form::{Fields, metadata, money, scalar};

const REASONS: &[(&str, RefundReason)] = &[
    ("requested", RefundReason::Requested),
    ("chargeback", RefundReason::Chargeback),
    ("fraud", RefundReason::Fraud),
    ("other", RefundReason::Other),
];

/// One refund, or `events` with 1 to 1000 of them.
pub(super) fn read(fields: &mut Fields<'_>) -> Option<Events> {
    events_form::read(fields, event)
}

fn event(fields: &mut Fields<'_>) -> Option<EventCommand> {
    let source = fields.required("source_id", scalar::source_id);
    let user = fields.required("user_id", scalar::user_id);
    let spend = fields.required("spend_source_id", scalar::source_id);
    let amount = fields.required("amount", money);
    let occurred_at = fields.required("occurred_at", scalar::timestamp);
    let reason = fields.optional("reason", scalar::one_of(REASONS));
    let metadata = fields.optional("metadata", metadata);
    Some(EventCommand::Refund(RefundCommand {
        source: source?,
        user: user?,
        spend: spend?,
        amount: amount?,
        occurred_at: occurred_at?,
        reason: reason?.unwrap_or(RefundReason::Requested),
        metadata: metadata?.map(|map| serde_json::Value::Object(map).to_string()),
    }))
}
