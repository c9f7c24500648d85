//! Attacks on histories, reward steps, redemptions and their reversals.

use super::Refusal::{Check, Key, Sqlite, Trigger, Unique};
use super::honest::{BEN, REDEMPTION, posting, redemption, reversal, step};
use super::row::{Group, Row, id, line};
use super::{Attack, attack};

const HEADS: &str = "history_lines_equal_the_heads";

pub(super) fn attacks() -> Vec<Attack> {
    [lines(), unguarded_lines(), steps(), redemptions(), reversals()].into_iter().flatten().collect()
}

fn told(label: &'static str, by: super::Refusal, change: impl FnOnce(Row) -> Row) -> Attack {
    attack(label, by, posting().line(change).sql())
}

fn lines() -> Vec<Attack> {
    let chain = "book_id, user_id, prev_n, available_before, held_before, in_payout_before, owed_before";
    vec![
        told("a line that promises more than there is", Trigger(HEADS), |row| {
            row.set("available_after", 1006)
        }),
        told("a line that hides what is owed", Trigger(HEADS), |row| row.set("owed_after", 5)),
        attack(
            "another user's line",
            Trigger(HEADS),
            posting().line(|_| line(BEN, 4, 0x90, [100, 0], [105, 0], 400)).sql(),
        ),
        told("a line not later than the one before", Trigger("history_lines_are_later"), |row| {
            row.set("at", 300)
        }),
        told(
            "a line at another time than its transaction",
            Key("history_lines", "book_id, transaction_id, user_id, at"),
            |row| row.set("at", 401),
        ),
        told("a lie about the line before", Key("history_lines", chain), |row| {
            row.set("available_before", 999)
        }),
        told("a line that skips one", Key("history_lines", chain), |row| row.set("n", 5).set("prev_n", 4)),
        told("a line that skips back", Check("line_follows"), |row| row.set("n", 6).set("prev_n", 3)),
        told("a history that begins again", Check("line_follows"), |row| {
            row.set("n", 7).set("prev_n", "NULL")
        }),
        told(
            "a second line of one place",
            Unique("history_lines.book_id, history_lines.user_id, history_lines.n"),
            |row| row.set("n", 2).set("prev_n", 1).set("available_before", 2500),
        ),
        told("earnings below zero", Check("earned_bounds"), |row| row.set("earned", -1)),
        told("less than nothing taken", Check("taken_bounds"), |row| row.set("taken", -1)),
        told("less than nothing paid out", Check("paid_out_bounds"), |row| row.set("paid_out", -1)),
        attack(
            "change a line",
            Trigger("history_lines_never_change"),
            "UPDATE history_lines SET earned = 9;",
        ),
        attack("delete a line", Trigger("history_lines_stay"), "DELETE FROM history_lines WHERE n = 3;"),
        attack(
            "write into the view",
            Sqlite("cannot modify credit_transactions because it is a view"),
            "INSERT INTO credit_transactions (amount) VALUES (5);",
        ),
        attack(
            "change through the view",
            Sqlite("cannot modify credit_transactions because it is a view"),
            "UPDATE credit_transactions SET amount = 5;",
        ),
    ]
}

/// What still refuses once the comparison with the heads is gone.
fn unguarded_lines() -> Vec<Attack> {
    let behind = |label, by, change: &dyn Fn(Row) -> Row| {
        attack(label, by, format!("DROP TRIGGER {HEADS};\n{}", posting().line(change).sql()))
    };
    let instant = "history_lines.book_id, history_lines.user_id, history_lines.at";
    let again = posting().transaction(|row| row.set("recorded_at", 401));
    let twice = posting().sql() + &Group { legs: Vec::new(), entries: Vec::new(), line: None, ..again }.sql();
    vec![
        behind("a line below zero", Check("line_bounds"), &|row| row.set("available_after", -1)),
        behind("owed and available at once", Check("owed_is_repaid_first"), &|row| row.set("owed_after", 5)),
        behind("two lines of one instant", Unique(instant), &|row| {
            row.set("at", 300).set("n", 9).set("prev_n", 8)
        }),
        attack(
            "a transaction twice",
            Unique("ledger_transactions.book_id, ledger_transactions.transaction_id"),
            twice,
        ),
    ]
}

fn steps() -> Vec<Attack> {
    let place = "reward_steps.book_id, reward_steps.referral_id, reward_steps.n";
    let transaction = "reward_steps.book_id, reward_steps.transaction_id";
    let alternates = Check("reward_alternates");
    vec![
        attack("a reward granted twice", Unique(place), step(1, "NULL", "grant", 5).insert()),
        attack("a second grant in a row", alternates, step(2, "1", "grant", 5).insert()),
        attack(
            "a step that skips one",
            Key("reward_steps", "book_id, referral_id, prev_n"),
            step(3, "2", "grant", 5).insert(),
        ),
        attack("a step after none", alternates, step(3, "NULL", "grant", 5).insert()),
        attack("two steps by one transaction", Unique(transaction), step(2, "1", "retract", 2).insert()),
        attack(
            "a step by no transaction",
            Key("reward_steps", "book_id, transaction_id"),
            step(2, "1", "retract", 0x99).insert(),
        ),
        attack(
            "a step of nothing",
            Check("step_amount_positive"),
            step(2, "1", "retract", 5).set("amount", 0).insert(),
        ),
        attack("change a step", Trigger("reward_steps_never_change"), "UPDATE reward_steps SET amount = 1;"),
        attack("delete a step", Trigger("reward_steps_stay"), "DELETE FROM reward_steps;"),
    ]
}

fn redemptions() -> Vec<Attack> {
    let again = |change: &dyn Fn(Row) -> Row| {
        let row = redemption(0x71, "order:2").set("transaction_id", id(5));
        change(row).insert()
    };
    vec![
        attack(
            "one reference redeemed twice",
            Unique("redemptions.book_id, redemptions.reference"),
            again(&|row| row.set("reference", "'order:1'")),
        ),
        attack(
            "two redemptions by one transaction",
            Unique("redemptions.book_id, redemptions.transaction_id"),
            again(&|row| row.set("transaction_id", id(3))),
        ),
        attack(
            "more than was asked",
            Check("redeemed_bounds"),
            again(&|row| row.set("mode", "'up_to'").set("redeemed", 2001)),
        ),
        attack(
            "less than was asked, exactly",
            Check("exact_is_exact"),
            again(&|row| row.set("redeemed", 1999)),
        ),
        attack(
            "taken and not posted",
            Check("taken_is_posted"),
            again(&|row| row.set("transaction_id", "NULL")),
        ),
        attack(
            "posted by no transaction",
            Key("redemptions", "book_id, transaction_id"),
            again(&|row| row.set("transaction_id", id(0x99))),
        ),
        attack(
            "change a redemption",
            Trigger("redemptions_never_change"),
            "UPDATE redemptions SET description = 'x';",
        ),
        attack("delete a redemption", Trigger("redemptions_stay"), "DELETE FROM redemptions;"),
    ]
}

fn reversals() -> Vec<Attack> {
    let chain = "book_id, redemption_id, prev_n, remaining_before";
    let second = |amounts| reversal(2, "1", amounts, 5);
    vec![
        attack(
            "more given back than is left",
            Check("never_over_reversed"),
            second([1500, 1501, -1]).insert(),
        ),
        attack(
            "a lie about what is left",
            Key("redemption_reversals", chain),
            second([2000, 2000, 0]).insert(),
        ),
        attack("a sum that is wrong", Check("reversal_sum"), second([1500, 500, 1500]).insert()),
        attack(
            "a reversal that begins again",
            Check("reversal_follows"),
            reversal(2, "NULL", [2000, 500, 1500], 5).insert(),
        ),
        attack(
            "a second first reversal",
            Unique(
                "redemption_reversals.book_id, redemption_reversals.redemption_id, redemption_reversals.n, redemption_reversals.remaining",
            ),
            reversal(1, "NULL", [2000, 500, 1500], 5).set("reference", "'back:9'").insert(),
        ),
        attack(
            "a reversal of more than was redeemed",
            Key("redemption_reversals", "book_id, redemption_id, redeemed"),
            reversal(1, "NULL", [9000, 500, 8500], 5)
                .set("redeemed", 9000)
                .set("redemption_id", id(REDEMPTION + 1))
                .set("reference", "'back:9'")
                .insert(),
        ),
        attack(
            "one reference reversed twice",
            Unique("redemption_reversals.book_id, redemption_reversals.reference"),
            second([1500, 500, 1000]).set("reference", "'back:1'").insert(),
        ),
        attack(
            "change a reversal",
            Trigger("redemption_reversals_never_change"),
            "UPDATE redemption_reversals SET reason = 'x';",
        ),
        attack(
            "delete a reversal",
            Trigger("redemption_reversals_stay"),
            "DELETE FROM redemption_reversals;",
        ),
    ]
}
