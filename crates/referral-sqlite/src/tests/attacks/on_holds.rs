//! Attacks on holds and their steps, on the steps of commissions, and on the months' budgets.

use super::Refusal::{Check, Key, Trigger, Unique};
use super::held::{
    COMMISSION, FAY, FAY_HELD, HELD_REFERRAL, MONTH, REWARD, commission_step, hold, hold_step,
};
use super::honest::{ANA, REFERRAL, step};
use super::row::{Group, Row, Side, entry, id, line, moving, transaction, transfer};
use super::{Attack, Refusal, attack};

pub(super) fn attacks() -> Vec<Attack> {
    [
        holds(),
        unguarded_holds(),
        moved_holds(),
        steps(),
        chains(),
        unguarded_steps(),
        commissions(),
        budgets(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const RISE: u8 = 0x96;
const RETRACTION: u8 = 0x95;
const EQUAL: &str = "hold_equals_its_posting";
const ITS: &str = "hold_step_is_its_transaction";
const LEGS: &str = "hold_steps_are_in_their_legs";

/// A transaction that moves what Fay has held, which is 3,000, and is honest but for the hold or step it must have.
fn moving_held(n: u8, kind: &str, leg: Row, moved: i64, sums: [i64; 2]) -> Group {
    let of_referral = |row: Row| row.set("referral_id", id(HELD_REFERRAL));
    let after =
        line(FAY, 5, n, [500, 0], [500, 0], 400).set("held_before", 3000).set("held_after", 3000 + moved);
    let group = Group {
        transaction: Some(transaction(n, FAY, kind, 400)),
        legs: vec![leg],
        entries: vec![entry(FAY_HELD, "held", 5, n, moved, 3000)],
        line: Some(after.set("earned", sums[0]).set("taken", sums[1])),
    };
    group.transaction(of_referral).leg(of_referral)
}

/// 40 more of commission, held.
fn rise() -> String {
    let leg = transfer(RISE, RISE, "affiliate_commission", ("commission", "52:3", 0), 400);
    let leg = moving(leg, Side::System("commission_expense"), Side::Account(FAY_HELD), 40);
    moving_held(RISE, "affiliate_commission", leg, 40, [3640, 100]).sql()
}

/// The reward taken back, which reverses what is named.
fn retraction_of(reversed: u8) -> String {
    let leg = transfer(RETRACTION, RETRACTION, "credit_retraction", ("reward", "52:2", 0), 400);
    let leg = moving(leg, Side::Account(FAY_HELD), Side::System("reward_expense"), 3000);
    let group = moving_held(RETRACTION, "credit_retraction", leg, -3000, [3600, 3100]);
    group.transaction(|row| row.set("reverses", id(reversed))).sql()
}

fn held(label: &'static str, by: Refusal, change: impl FnOnce(Row) -> Row) -> Attack {
    attack(label, by, rise() + &change(hold(RISE, "commission", 40)).insert())
}

fn holds() -> Vec<Attack> {
    vec![
        held("a hold of nothing known", Check("hold_kind_known"), |row| row.set("kind", "'gift'")),
        held("a hold of more than was posted", Trigger(EQUAL), |row| {
            row.set("amount", 41).set("remaining", 41)
        }),
        held("a hold of another user", Trigger(EQUAL), |row| row.set("user_id", id(ANA))),
        held("a hold of another referral", Trigger(EQUAL), |row| row.set("referral_id", id(REFERRAL))),
        held("a reward that is a commission", Trigger(EQUAL), |row| row.set("kind", "'reward'")),
        held("a hold that nobody posted", Trigger(EQUAL), |row| row.set("hold_id", id(0x99))),
        held("a hold that begins with less", Check("untouched_is_whole"), |row| row.set("remaining", 30)),
        held("a hold with more left than it was", Check("hold_remaining_bounds"), |row| {
            row.set("remaining", 41)
        }),
        held("a hold before its first step", Check("hold_steps_bounds"), |row| row.set("steps", -1)),
        held("a hold after a step nobody took", Key("holds", ENDS), |row| row.set("steps", 1)),
        held("a hold from a spend nobody told", Key("holds", "book_id, source_id"), |row| {
            row.set("source_id", "'never'")
        }),
        attack(
            "a hold twice",
            Unique("holds.book_id, holds.hold_id, holds.referral_id"),
            hold(REWARD, "reward", 3000).insert(),
        ),
    ]
}

const ENDS: &str = "book_id, hold_id, last_step, remaining";

/// What still refuses once the comparison with the posting is gone.
fn unguarded_holds() -> Vec<Attack> {
    let behind = |label, by, change: &dyn Fn(Row) -> Row| {
        let row = change(hold(RISE, "commission", 40)).insert();
        attack(label, by, format!("DROP TRIGGER {EQUAL};\n{}{row}", rise()))
    };
    vec![
        behind("a hold of nothing", Check("hold_amount_positive"), &|row| {
            row.set("amount", 0).set("remaining", 0)
        }),
        behind("a hold by no transaction", Key("holds", "book_id, hold_id"), &|row| {
            row.set("hold_id", id(0x99))
        }),
        behind("a hold of no referral", Key("holds", "book_id, referral_id"), &|row| {
            row.set("referral_id", id(0x99))
        }),
    ]
}

fn moved_holds() -> Vec<Attack> {
    let facts = Trigger("holds_keep_their_facts");
    let of_reward = |values: &str| format!("UPDATE holds SET {values} WHERE kind = 'reward';");
    vec![
        attack("a larger hold", facts, of_reward("amount = 9000")),
        attack("a hold that matures earlier", facts, of_reward("matures_at = 1")),
        attack("another user's hold", facts, of_reward(&format!("user_id = {}", id(ANA)))),
        attack(
            "what was released, held again",
            Trigger("holds_go_down"),
            "UPDATE holds SET remaining = 600 WHERE kind = 'commission';",
        ),
        attack("a hold let go without a step", Check("untouched_is_whole"), of_reward("remaining = 0")),
        attack("a hold let go by no step", Key("holds", ENDS), of_reward("remaining = 0, steps = 1")),
        attack("delete a hold", Trigger("holds_stay"), "DELETE FROM holds WHERE kind = 'reward';"),
        attack("replace a hold", Trigger("holds_stay"), hold(REWARD, "reward", 3000).replace()),
    ]
}

/// The retraction of the reward with a step of its hold, but for one thing.
fn voided(label: &'static str, by: Refusal, change: impl FnOnce(Row) -> Row) -> Attack {
    let step = hold_step(REWARD, 1, "void", [3000, 1000, 2000], RETRACTION);
    attack(label, by, retraction_of(REWARD) + &change(step).insert())
}

fn steps() -> Vec<Attack> {
    let whole = hold_step(REWARD, 1, "void", [3000, 3000, 0], RETRACTION);
    vec![
        attack("void another reward's hold", Trigger(ITS), retraction_of(2) + &whole.insert()),
        voided("a release by a retraction", Trigger(ITS), |row| row.set("kind", "'release'")),
        voided("a step of no hold", Trigger(ITS), |row| row.set("hold_id", id(0x99))),
        voided("a step of an unknown kind", Check("hold_step_kind_known"), |row| row.set("kind", "'gift'")),
        voided("a step of nothing", Check("hold_step_amount_positive"), |row| {
            row.set("amount", 0).set("remaining", 3000)
        }),
        voided("a step with a wrong sum", Check("hold_step_sum"), |row| row.set("remaining", 2500)),
        voided("a step of more than its legs", Trigger(LEGS), |row| {
            row.set("amount", 3001).set("remaining", -1)
        }),
        voided("a step of a larger hold", Key("hold_steps", "book_id, hold_id, hold_amount"), |row| {
            row.set("hold_amount", 2900).set("remaining_before", 2900).set("remaining", 1900)
        }),
        voided("a step of another referral", Key("hold_steps", "book_id, hold_id, referral_id"), |row| {
            row.set("referral_id", id(REFERRAL))
        }),
        attack(
            "change a step of a hold",
            Trigger("hold_steps_never_change"),
            "UPDATE hold_steps SET at = 1;",
        ),
        attack("delete a step of a hold", Trigger("hold_steps_stay"), "DELETE FROM hold_steps;"),
    ]
}

fn chains() -> Vec<Attack> {
    let first = hold_step(REWARD, 1, "void", [3000, 1000, 2000], RETRACTION).insert();
    let again = hold_step(REWARD, 2, "void", [2000, 1000, 1000], RETRACTION).insert();
    let spent = hold_step(COMMISSION, 3, "void", [0, 10, -10], RETRACTION).insert();
    let place = "hold_steps.book_id, hold_steps.hold_id, hold_steps.n";
    vec![
        voided("a first step after less", Check("hold_step_follows"), |row| {
            row.set("remaining_before", 2900).set("remaining", 1900)
        }),
        voided("a step after none", Check("hold_step_follows"), |row| row.set("n", 2)),
        voided("a step that skips one of a hold", Key("hold_steps", CHAIN), |row| {
            row.set("n", 3).set("prev_n", 2)
        }),
        attack(
            "a transaction that steps a hold twice",
            Unique("hold_steps.book_id, hold_steps.transaction_id, hold_steps.hold_id"),
            format!("{}{first}{again}", retraction_of(REWARD)),
        ),
        attack("more than is left of a hold", Check("never_over_released"), retraction_of(REWARD) + &spent),
        attack(
            "a second step of one place",
            Unique(place),
            retraction_of(REWARD) + &hold_step(COMMISSION, 2, "void", [500, 10, 490], RETRACTION).insert(),
        ),
        attack(
            "a lie about what a hold has left",
            Trigger("holds_go_down"),
            retraction_of(REWARD) + &hold_step(COMMISSION, 3, "void", [600, 10, 590], RETRACTION).insert(),
        ),
    ]
}

const CHAIN: &str = "book_id, hold_id, prev_n, remaining_before";

/// What still refuses once a trigger on steps is gone.
fn unguarded_steps() -> Vec<Attack> {
    let whole = hold_step(REWARD, 1, "void", [3000, 1000, 2000], RETRACTION);
    let nowhere = whole.clone().set("transaction_id", id(0x99)).insert();
    let lie = hold_step(REWARD, 2, "release", [1500, 500, 1000], 0x0d).insert();
    let open = |triggers: [&str; 2]| triggers.map(|name| format!("DROP TRIGGER {name};")).join("\n");
    let by = |label, transaction| {
        let step = whole.clone().set("transaction_id", id(transaction)).insert();
        attack(label, Trigger(ITS), format!("DROP TRIGGER {LEGS};{}{step}", retraction_of(REWARD)))
    };
    vec![
        by("a step by another user's transaction", 5),
        by("a step by no transaction", 0x99),
        attack(
            "a step that nothing posted",
            Key("hold_steps", "book_id, transaction_id"),
            open([ITS, LEGS]) + &nowhere,
        ),
        attack(
            "a lie about what the step before left",
            Key("hold_steps", CHAIN),
            format!("DROP TRIGGER {LEGS};{}{}{lie}", retraction_of(REWARD), whole.insert()),
        ),
    ]
}

fn commissions() -> Vec<Attack> {
    let third = |label, by, change: &dyn Fn(Row) -> Row| {
        attack(label, by, change(commission_step(3, [500, 50, 550], 5)).insert())
    };
    vec![
        third("a commission moved twice", Unique(COMMISSION_PLACE), &|row| row.set("n", 2).set("prev_n", 1)),
        third("a commission that does not move", Check("commission_amount_moves"), &|row| {
            row.set("amount", 0).set("posted", 500)
        }),
        third("a commission below zero", Check("commission_posted_from_zero"), &|row| {
            row.set("amount", -501).set("posted", -1)
        }),
        third("a commission with a wrong sum", Check("commission_sum"), &|row| row.set("posted", 600)),
        third("a commission that begins again", Check("commission_follows"), &|row| {
            row.set("prev_n", "NULL").set("posted_before", 0).set("posted", 50)
        }),
        third("a lie about a commission before", Key("commission_steps", COMMISSION_CHAIN), &|row| {
            row.set("posted_before", 400).set("posted", 450)
        }),
        third("two commissions by one transaction", Unique(BY), &|row| {
            row.set("transaction_id", id(COMMISSION))
        }),
        third("a commission by none", Key("commission_steps", "book_id, transaction_id"), &|row| {
            row.set("transaction_id", id(0x99))
        }),
        third("a commission of no referral", Key("commission_steps", "book_id, referral_id"), &|row| {
            row.set("referral_id", id(0x99))
        }),
        attack(
            "change a commission",
            Trigger("commission_steps_never_change"),
            "UPDATE commission_steps SET amount = 1;",
        ),
        attack("delete a commission", Trigger("commission_steps_stay"), "DELETE FROM commission_steps;"),
    ]
}

const COMMISSION_PLACE: &str = "commission_steps.book_id, commission_steps.referral_id, commission_steps.n";
const COMMISSION_CHAIN: &str = "book_id, referral_id, prev_n, posted_before";
const BY: &str = "commission_steps.book_id, commission_steps.transaction_id";

fn budgets() -> Vec<Attack> {
    let month = |values: &str| format!("INSERT INTO budget_months VALUES (1, {values});");
    vec![
        attack("a month before the first", Check("budget_month_bounds"), month("-1, 0, NULL")),
        attack("less than nothing granted", Check("granted_bounds"), month("23641, -1, NULL")),
        attack("closed under less than nothing", Check("closed_under_bounds"), month("23641, 0, -1")),
        attack(
            "a budget given twice",
            Trigger("budget_months_count_up"),
            "UPDATE budget_months SET granted = 0;",
        ),
        attack(
            "a budget of another month",
            Trigger("budget_months_keep_their_key"),
            "UPDATE budget_months SET month = 1;",
        ),
        attack("delete a month", Trigger("budget_months_stay"), "DELETE FROM budget_months;"),
        attack(
            "a month of no program",
            Key("budget_months", "book_id"),
            "INSERT INTO budget_months VALUES (9, 1, 0, NULL);",
        ),
        attack(
            "a retraction counted in a budget",
            Check("budget_counts_grants"),
            step(2, "1", "retract", 5).set("budget_month", MONTH).insert(),
        ),
        attack(
            "a grant counted in no month",
            Key("reward_steps", "book_id, budget_month"),
            step(3, "2", "grant", 5).set("budget_month", 1).insert(),
        ),
    ]
}
