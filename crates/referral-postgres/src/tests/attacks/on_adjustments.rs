//! Attacks on adjustments and their steps.

use super::Refusal::Named;
use super::honest::{ANA, BEN, CAT};
use super::row::{Row, id};
use super::{Attack, attack};

/// Posted at once: what Ben's first adjustment in the ledger is.
const POSTED: u8 = 0xc5;
/// Waits for a second person; Ana asked for it.
const WAITING: u8 = 0xc6;
/// Posted at once: what Ben's second adjustment in the ledger is.
const GIVEN: u8 = 0xc8;
/// Entries of the audit log: Cat asked for the one, Ana for the other.
const BY_CAT: u8 = 0xab;
const BY_ANA: u8 = 0xac;
const BY_CAT_AGAIN: u8 = 0xad;

fn audited(n: u8, user: u8) -> String {
    let row = Row::new(
        "audit_log",
        [
            ("book_id", "1"),
            ("audit_id", &id(n)),
            ("actor_kind", "'staff'"),
            ("user_id", &id(user)),
            ("actor_id", "NULL"),
            ("action", "'adjustment.create'"),
            ("subject", "'adj_1'"),
            ("before", "NULL"),
            ("after", "'{}'"),
            ("at", "400"),
        ],
    );
    row.insert()
}

fn adjustment(n: u8, reference: &str, amount: i64) -> Row {
    Row::new(
        "adjustments",
        [
            ("book_id", "1"),
            ("adjustment_id", &id(n)),
            ("user_id", &id(BEN)),
            ("reference", &format!("'{reference}'")),
            ("amount", &amount.to_string()),
            ("reason", "'because'"),
            ("created_at", "400"),
        ],
    )
}

fn step(of: u8, n: u8, status: &str, audit: u8) -> Row {
    let (prev_n, prev_status) = if n == 1 { ("NULL", "NULL") } else { ("1", "'waiting'") };
    Row::new(
        "adjustment_steps",
        [
            ("book_id", "1"),
            ("adjustment_id", &id(of)),
            ("n", &n.to_string()),
            ("prev_n", prev_n),
            ("prev_status", prev_status),
            ("status", &format!("'{status}'")),
            ("audit_id", &id(audit)),
            ("note", "NULL"),
            ("transaction_id", "NULL"),
            ("at", "400"),
        ],
    )
}

/// What was honestly done: two adjustments were posted at once, one waits.
pub(super) fn honest() -> String {
    [
        audited(BY_CAT, CAT),
        audited(BY_ANA, ANA),
        audited(BY_CAT_AGAIN, CAT),
        adjustment(POSTED, "ben-1", -1200).insert(),
        step(POSTED, 1, "posted", BY_CAT).set("transaction_id", id(5)).insert(),
        adjustment(GIVEN, "ben-2", 300).insert(),
        step(GIVEN, 1, "posted", BY_CAT_AGAIN).set("transaction_id", id(7)).insert(),
        adjustment(WAITING, "ben-9", 50_000).insert(),
        step(WAITING, 1, "waiting", BY_ANA).insert(),
    ]
    .concat()
}

pub(super) fn attacks() -> Vec<Attack> {
    [on_what_is_there(), on_asking(), on_deciding()].into_iter().flatten().collect()
}

fn on_what_is_there() -> Vec<Attack> {
    vec![
        attack("another amount", Named("adjustments_never_change"), "UPDATE adjustments SET amount = 1;"),
        attack("forget an adjustment", Named("adjustments_stay"), "DELETE FROM adjustments;"),
        attack(
            "another step",
            Named("adjustment_steps_never_change"),
            "UPDATE adjustment_steps SET note = 'no';",
        ),
        attack("forget a step", Named("adjustment_steps_stay"), "DELETE FROM adjustment_steps;"),
    ]
}

/// An adjustment that would be honestly asked for by Cat, but for one thing.
fn asking(label: &'static str, by: super::Refusal, change: impl FnOnce(Row) -> Row) -> Attack {
    let row = change(adjustment(0xc7, "ben-10", 100)).insert();
    attack(label, by, audited(1, CAT) + &row + &step(0xc7, 1, "waiting", 1).insert())
}

fn on_asking() -> Vec<Attack> {
    vec![
        asking("one reference twice", Named("adjusted_once"), |row| row.set("reference", "'ben-1'")),
        asking("an adjustment of nothing", Named("adjustment_moves"), |row| row.set("amount", 0)),
        asking("for no reason", Named("adjustment_reason_given"), |row| row.set("reason", "''")),
        asking("under no reference", Named("adjustment_reference_given"), |row| row.set("reference", "''")),
        asking("for nobody", Named("adjustment_of_a_user"), |row| row.set("user_id", id(0x99))),
        attack(
            "an adjustment nobody asked for",
            Named("adjustment_has_a_step"),
            adjustment(0xc7, "ben-10", 100).insert(),
        ),
    ]
}

/// A decision of Cat that would be honest, but for one thing.
fn deciding(label: &'static str, by: super::Refusal, change: impl FnOnce(Row) -> Row) -> Attack {
    attack(label, by, audited(1, CAT) + &change(step(WAITING, 2, "rejected", 1)).insert())
}

fn on_deciding() -> Vec<Attack> {
    let posted = |row: Row, by: u8| row.set("status", "'posted'").set("transaction_id", id(by));
    let twice = step(WAITING, 2, "rejected", 1).insert() + &step(WAITING, 2, "rejected", 2).insert();
    vec![
        attack(
            "decided by who asked",
            Named("adjustment_needs_a_second_person"),
            audited(1, ANA) + &step(WAITING, 2, "rejected", 1).insert(),
        ),
        attack("decided twice", Named("adjustment_step"), audited(1, CAT) + &audited(2, CAT) + &twice),
        attack(
            "decided though it is posted",
            Named("adjustment_chain"),
            audited(1, ANA) + &step(POSTED, 2, "rejected", 1).insert(),
        ),
        deciding("a third step", Named("adjustment_follows"), |row| row.set("n", 3).set("prev_n", 2)),
        deciding("posted by nothing", Named("adjusted_by_a_transaction"), |row| {
            row.set("status", "'posted'")
        }),
        deciding("by a transaction of another adjustment", Named("adjustment_posted_once"), |row| {
            posted(row, 5)
        }),
        deciding("by another's transaction", Named("adjustment_is_its_transaction"), |row| posted(row, 3)),
        deciding("by nobody", Named("adjustment_step_is_audited"), |row| row.set("audit_id", id(0x98))),
        deciding("by a deed that was another", Named("adjustment_step_audited_once"), |row| {
            row.set("audit_id", id(BY_CAT))
        }),
        attack(
            "a step of no adjustment",
            Named("step_of_an_adjustment"),
            audited(1, CAT) + &step(0x97, 1, "waiting", 1).insert(),
        ),
    ]
}
