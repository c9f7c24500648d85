//! Attacks on histories, reward steps, redemptions and their reversals.

use super::Refusal::{Named, Words};
use super::honest::{BEN, REDEMPTION, posting, redemption, reversal, step};
use super::row::{Group, Row, id, line};
use super::{Attack, attack};

const HEADS: &str = "lines_equal_the_heads";

pub(super) fn attacks() -> Vec<Attack> {
    [lines(), unguarded_lines(), steps(), redemptions(), reversals()].into_iter().flatten().collect()
}

fn told(label: &'static str, by: super::Refusal, change: impl FnOnce(Row) -> Row) -> Attack {
    attack(label, by, posting().line(change).sql())
}

fn lines() -> Vec<Attack> {
    vec![
        told("a line that promises more than there is", Named(HEADS), |row| row.set("available_after", 1006)),
        told("a line that hides what is owed", Named("owed_is_repaid_first"), |row| row.set("owed_after", 5)),
        attack(
            "another user's line",
            Named("line_is_its_transaction"),
            posting().line(|_| line(BEN, 4, 0x90, [100, 0], [105, 0], 400)).sql(),
        ),
        attack(
            "a line not later than the one before",
            Named("history_lines_are_later"),
            posting().transaction(|row| row.set("recorded_at", 250)).line(|row| row.set("at", 250)).sql(),
        ),
        told("a line at another time than its transaction", Named("line_is_its_transaction"), |row| {
            row.set("at", 401)
        }),
        told("a lie about the line before", Named("line_chain"), |row| row.set("available_before", 999)),
        told("a line that skips one", Named("line_chain"), |row| row.set("n", 5).set("prev_n", 4)),
        told("a line that skips back", Named("line_follows"), |row| row.set("n", 6).set("prev_n", 3)),
        told("a history that begins again", Named("line_follows"), |row| {
            row.set("n", 7).set("prev_n", "NULL")
        }),
        told("a second line of one place", Named("line_n"), |row| {
            row.set("n", 2).set("prev_n", 1).set("available_before", 2500)
        }),
        told("earnings below zero", Named("earned_bounds"), |row| row.set("earned", -1)),
        told("less than nothing taken", Named("taken_bounds"), |row| row.set("taken", -1)),
        told("less than nothing paid out", Named("paid_out_bounds"), |row| row.set("paid_out", -1)),
        attack("change a line", Named("history_lines_never_change"), "UPDATE history_lines SET earned = 9;"),
        attack("delete a line", Named("history_lines_stay"), "DELETE FROM history_lines WHERE n = 3;"),
        attack(
            "write into the view",
            Words("credit_transactions"),
            "INSERT INTO credit_transactions (amount) VALUES (5);",
        ),
        attack(
            "change through the view",
            Words("credit_transactions"),
            "UPDATE credit_transactions SET amount = 5;",
        ),
    ]
}

/// What refuses before anything is compared with entries.
fn unguarded_lines() -> Vec<Attack> {
    let behind = |label, by, change: &dyn Fn(Row) -> Row| attack(label, by, posting().line(change).sql());
    let again = posting().transaction(|row| row.set("recorded_at", 401));
    let twice = posting().sql() + &Group { legs: Vec::new(), entries: Vec::new(), line: None, ..again }.sql();
    vec![
        behind("a line below zero", Named("line_bounds"), &|row| row.set("available_after", -1)),
        behind("owed and available at once", Named("owed_is_repaid_first"), &|row| row.set("owed_after", 5)),
        behind("two lines of one instant", Named("one_line_an_instant"), &|row| {
            row.set("at", 300).set("n", 9).set("prev_n", 8)
        }),
        attack("a transaction twice", Named("ledger_transactions_pkey"), twice),
    ]
}

fn steps() -> Vec<Attack> {
    let alternates = Named("reward_alternates");
    vec![
        attack("a reward granted twice", Named("reward_one_at_a_time"), step(1, "NULL", "grant", 5).insert()),
        attack("a second grant in a row", alternates, step(2, "1", "grant", 5).insert()),
        attack("a step that skips one", Named("step_chain"), step(3, "2", "grant", 5).insert()),
        attack("a step after none", alternates, step(3, "NULL", "grant", 5).insert()),
        attack("two steps by one transaction", Named("step_once"), step(2, "1", "retract", 2).insert()),
        attack("a step by no transaction", Named("step_is_posted"), step(2, "1", "retract", 0x99).insert()),
        attack(
            "a step of nothing",
            Named("step_amount_positive"),
            step(2, "1", "retract", 5).set("amount", 0).insert(),
        ),
        attack("change a step", Named("reward_steps_never_change"), "UPDATE reward_steps SET amount = 1;"),
        attack("delete a step", Named("reward_steps_stay"), "DELETE FROM reward_steps;"),
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
            Named("redeemed_once"),
            again(&|row| row.set("reference", "'order:1'")),
        ),
        attack(
            "two redemptions by one transaction",
            Named("redemption_posted_once"),
            again(&|row| row.set("transaction_id", id(3))),
        ),
        attack(
            "more than was asked",
            Named("redeemed_bounds"),
            again(&|row| row.set("mode", "'up_to'").set("redeemed", 2001)),
        ),
        attack(
            "less than was asked, exactly",
            Named("exact_is_exact"),
            again(&|row| row.set("redeemed", 1999)),
        ),
        attack(
            "taken and not posted",
            Named("taken_is_posted"),
            again(&|row| row.set("transaction_id", "NULL")),
        ),
        attack(
            "posted by no transaction",
            Named("redemption_is_posted"),
            again(&|row| row.set("transaction_id", id(0x99))),
        ),
        attack(
            "change a redemption",
            Named("redemptions_never_change"),
            "UPDATE redemptions SET description = 'x';",
        ),
        attack("delete a redemption", Named("redemptions_stay"), "DELETE FROM redemptions;"),
    ]
}

fn reversals() -> Vec<Attack> {
    let second = |amounts| reversal(2, "1", amounts, 5);
    vec![
        attack(
            "more given back than is left",
            Named("never_over_reversed"),
            second([1500, 1501, -1]).insert(),
        ),
        attack("a lie about what is left", Named("reversal_chain"), second([2000, 2000, 0]).insert()),
        attack("a sum that is wrong", Named("reversal_sum"), second([1500, 500, 1500]).insert()),
        attack(
            "a reversal that begins again",
            Named("reversal_follows"),
            reversal(2, "NULL", [2000, 500, 1500], 5).insert(),
        ),
        attack(
            "a second first reversal",
            Named("reversal_step"),
            reversal(1, "NULL", [2000, 500, 1500], 5).set("reference", "'back:9'").insert(),
        ),
        attack(
            "a reversal of more than was redeemed",
            Named("reversal_of_a_redemption"),
            reversal(1, "NULL", [9000, 500, 8500], 5)
                .set("redeemed", 9000)
                .set("redemption_id", id(REDEMPTION + 1))
                .set("reference", "'back:9'")
                .insert(),
        ),
        attack(
            "one reference reversed twice",
            Named("reversed_once"),
            second([1500, 500, 1000]).set("reference", "'back:1'").insert(),
        ),
        attack(
            "change a reversal",
            Named("redemption_reversals_never_change"),
            "UPDATE redemption_reversals SET reason = 'x';",
        ),
        attack("delete a reversal", Named("redemption_reversals_stay"), "DELETE FROM redemption_reversals;"),
    ]
}
