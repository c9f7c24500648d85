//! Tamperings with adjustments, and with what operators took back.

use referral_domain::ledger::Check;

use super::Tamper;

const fn adjustments(what: &'static str, place: &'static [&'static str], sql: &'static str) -> Tamper {
    Tamper { what, check: Check::Adjustments, place, sql }
}

/// Tamperings with adjustments, and with what operators took back.
pub const ADJUSTMENTS: &[Tamper] = &[
    adjustments(
        "an adjustment's amount",
        &["adjustment_steps", " n 1 "],
        "UPDATE adjustments SET amount = 701 WHERE reference = 'posted'",
    ),
    adjustments(
        "an adjustment's direction",
        &["adjustment_steps", " n 1 "],
        "UPDATE adjustments SET amount = 300 WHERE reference = 'taken'",
    ),
    adjustments(
        "an adjustment's user",
        &["adjustment_steps", " n 2 "],
        "UPDATE adjustments SET user_id = (SELECT p.user_id FROM payouts AS p WHERE p.amount = 2100) WHERE reference = 'agreed'",
    ),
    adjustments("an adjustment removed", &["adjustment_steps"], "DELETE FROM adjustments WHERE reference = 'posted'"),
    adjustments(
        "an adjustment removed with its steps",
        &["ledger_transactions"],
        concat!(
            "DELETE FROM adjustment_steps WHERE adjustment_id = ",
            adjustment!("posted"),
            "; DELETE FROM adjustments WHERE reference = 'posted'"
        ),
    ),
    adjustments(
        "an adjustment nobody asked for",
        &["adjustments"],
        concat!("DELETE FROM adjustment_steps WHERE adjustment_id = ", adjustment!("waits")),
    ),
    adjustments(
        "a decision without the asking",
        &["adjustment_steps", " n 2 "],
        concat!("DELETE FROM adjustment_steps WHERE n = 1 AND adjustment_id = ", adjustment!("agreed")),
    ),
    adjustments(
        "a decision removed",
        &["ledger_transactions"],
        concat!("DELETE FROM adjustment_steps WHERE n = 2 AND adjustment_id = ", adjustment!("agreed")),
    ),
    adjustments(
        "one that waits, posted by nothing",
        &["adjustment_steps", " n 1 "],
        concat!("UPDATE adjustment_steps SET status = 'posted' WHERE adjustment_id = ", adjustment!("waits")),
    ),
    adjustments(
        "a transaction of one that waits",
        &["adjustment_steps", " n 1 "],
        concat!(
            "UPDATE adjustment_steps SET status = 'waiting' WHERE adjustment_id = ",
            adjustment!("posted")
        ),
    ),
    adjustments(
        "one that was refused, posted by another's transaction",
        &["adjustment_steps", " n 2 "],
        concat!(
            "UPDATE adjustment_steps SET status = 'posted', transaction_id = (SELECT s.transaction_id
               FROM payout_steps AS s WHERE s.status = 'paid') WHERE adjustment_id = ",
            adjustment!("refused"),
            " AND n = 2"
        ),
    ),
    adjustments(
        "the ledger's side of an adjustment removed",
        &["adjustment_steps", " n 2 "],
        concat!(
            cut_out!("(SELECT t.transaction_id FROM ledger_transactions AS t WHERE t.kind = 'credit_retraction')"),
            "; ",
            cut_out!(adjusted!("agreed"))
        ),
    ),
    adjustments(
        "decided by who asked",
        &["adjustment_steps", " n 2 "],
        concat!(
            "UPDATE audit_log SET (actor_kind, user_id, actor_id) = (SELECT l.actor_kind, l.user_id, l.actor_id
               FROM adjustment_steps AS s JOIN audit_log AS l ON l.book_id = s.book_id AND l.audit_id = s.audit_id
               WHERE s.n = 1 AND s.adjustment_id = ",
            adjustment!("agreed"),
            ") WHERE audit_id = (SELECT s.audit_id FROM adjustment_steps AS s WHERE s.n = 2 AND s.adjustment_id = ",
            adjustment!("agreed"),
            ")"
        ),
    ),
    adjustments(
        "an adjustment passed off as something else",
        &["adjustment_steps", " n 1 "],
        concat!(
            "UPDATE ledger_transactions SET kind = 'credit_retraction' WHERE transaction_id = ",
            adjusted!("taken")
        ),
    ),
    adjustments(
        "a retraction of nothing",
        &["ledger_transactions"],
        "UPDATE ledger_transactions SET reverses = NULL WHERE kind = 'credit_retraction'",
    ),
    adjustments(
        "a retraction of another adjustment",
        &["ledger_transactions"],
        concat!(
            "UPDATE ledger_transactions SET reverses = ",
            adjusted!("agreed"),
            " WHERE kind = 'credit_retraction'"
        ),
    ),
    adjustments(
        "a retraction that was asked of another",
        &["ledger_transactions"],
        "UPDATE transfers SET origin_id = 'txn_00000000-0000-7000-8000-000000000000' WHERE origin = 'retraction'",
    ),
];
