//! Attacks on commissions, holds and budgets.

use super::Refusal::{self, Named};
use super::honest::{ANA, CAT, REFERRAL, progress, referral, step};
use super::promised::{
    COMMISSION, HELD, MONTH, RELEASE, REWARD, commission_step, hold, hold_step, posting, retraction,
};
use super::row::{Row, id};
use super::{Attack, attack};

pub(super) fn attacks() -> Vec<Attack> {
    [progresses(), beginnings(), commissions(), holds(), hold_steps(), voids(), budgets()]
        .into_iter()
        .flatten()
        .collect()
}

/// A change to the progress of Ana's referral of Ben, who has no commission and whose reward is granted.
fn progresses() -> Vec<Attack> {
    let update = |label, by, values: &str| {
        let of_ben = format!("WHERE referral_id = {}", id(REFERRAL));
        attack(label, Named(by), format!("UPDATE referral_progress SET {values} {of_ben};"))
    };
    let withdraw = |n| {
        format!("UPDATE referral_progress SET commission_withdrawn = {n} WHERE referral_id = {};", id(HELD))
    };
    let undone = withdraw(1) + &withdraw(0);
    let back = format!("UPDATE referral_progress SET commission_steps = 1 WHERE referral_id = {};", id(HELD));
    vec![
        update(
            "commission on less than nothing",
            "commission_gross_bounds",
            "commission_gross = -1, commission_refunded = -1",
        ),
        update(
            "more refunded than earned commission",
            "commission_refunded_bounds",
            "commission_refunded = 1",
        ),
        update("less than no commission due", "commission_due_bounds", "commission_due = -1"),
        update(
            "less than no commission posted",
            "commission_posted_bounds",
            "commission_posted = -1, commission_steps = 1",
        ),
        update(
            "a commission withheld for an unknown reason",
            "commission_reason_known",
            "commission_reason = 'mood', commission_due = 1",
        ),
        update(
            "a commission withheld that is not due",
            "commission_withheld_when_short",
            "commission_reason = 'budget'",
        ),
        update("a commission posted by no step", "commission_by_steps", "commission_posted = 5"),
        update(
            "commission steps that nobody took",
            "commission_steps_are_recorded",
            "commission_steps = 1, commission_posted = 5",
        ),
        update("granted and held", "held_until", "reward_available_at = now()"),
        update("a welcome credit that is held", "welcome_never_held", "welcome_status = 'held'"),
        update(
            "a reward withdrawn that was not granted",
            "withdrawn_reward_is_gone",
            "reward_withdrawn = true",
        ),
        update("a welcome credit withdrawn and due", "withdrawn_welcome_is_gone", "welcome_withdrawn = true"),
        attack("a withdrawal undone", Named("referral_progress_withdrawn_for_good"), undone),
        attack("a commission step back", Named("referral_progress_steps_forward"), back),
    ]
}

/// A referral of Cat by Ana that would be honest, but for one thing of its progress.
fn beginning(label: &'static str, by: &'static str, change: impl FnOnce(Row) -> Row) -> Attack {
    attack(label, Named(by), referral(0x51, ANA, CAT).insert() + &change(progress(0x51)).insert())
}

fn beginnings() -> Vec<Attack> {
    vec![
        beginning("fewer than no commission steps", "commission_steps_bounds", |row| {
            row.set("commission_steps", -1)
        }),
        beginning("less than nothing withdrawn", "commission_withdrawn_bounds", |row| {
            row.with("commission_withdrawn", "-1")
        }),
        beginning("a referral that begins with a commission", "first_commission_steps_are_recorded", |row| {
            row.set("commission_steps", 1).set("commission_posted", 5)
        }),
        beginning("taken back before it was granted", "retracted_after_a_grant", |row| {
            row.set("reward_status", "'retracted'")
        }),
    ]
}

fn commissions() -> Vec<Attack> {
    let third = |label, by, amounts, transaction| {
        attack(label, Named(by), commission_step(3, "2", amounts, transaction).insert())
    };
    let first = |prev, n| commission_step(n, prev, [0, 10, 10], 5);
    vec![
        attack("a commission posted twice", Named("commission_step"), first("NULL", 1).insert()),
        third("two commissions by one transaction", "commission_posted_once", [500, 10, 510], COMMISSION),
        third("a lie about the commission before", "commission_chain", [600, 10, 610], 5),
        third("a commission that is not the sum", "commission_sum", [500, 10, 511], 5),
        third("more taken back than posted", "commission_posted_from_zero", [500, -501, -1], 5),
        third("a commission of nothing", "commission_amount_moves", [500, 0, 500], 5),
        third("a commission by no transaction", "commission_is_posted", [500, 10, 510], 0x99),
        attack("a commission that begins again", Named("commission_follows"), first("NULL", 3).insert()),
        attack(
            "a commission of no referral",
            Named("commission_of_a_referral"),
            first("NULL", 1).set("referral_id", id(0x99)).insert(),
        ),
        attack(
            "change a commission",
            Named("commission_steps_never_change"),
            "UPDATE commission_steps SET amount = 1;",
        ),
        attack("delete a commission", Named("commission_steps_stay"), "DELETE FROM commission_steps;"),
    ]
}

/// A hold that would be honest, but for one thing.
fn held(label: &'static str, by: &'static str, change: impl FnOnce(Row) -> Row) -> Attack {
    attack(label, Named(by), posting().sql() + &change(hold(0x95, "commission", 5)).insert())
}

fn holds() -> Vec<Attack> {
    let posted = "hold_equals_its_posting";
    let set = |label, by, values: &str| attack(label, Named(by), format!("UPDATE holds SET {values};"));
    vec![
        held("a hold of an unknown kind", "hold_kind_known", |row| row.set("kind", "'gift'")),
        held("a hold of nothing", "hold_amount_positive", |row| row.set("amount", 0).set("remaining", 0)),
        held("fewer than no steps of a hold", "hold_steps_bounds", |row| row.set("steps", -1)),
        held("more remaining than is held", "hold_remaining_bounds", |row| row.set("remaining", 6)),
        held("a hold that lost something untouched", "untouched_is_whole", |row| row.set("remaining", 4)),
        held("a hold by no transaction", "hold_is_posted", |row| row.set("hold_id", id(0x99))),
        held("a hold twice", "holds_pkey", |row| row.set("hold_id", id(REWARD))),
        held("a hold of more than was posted", posted, |row| row.set("amount", 6).set("remaining", 6)),
        held("a hold of another user", posted, |row| row.set("user_id", id(ANA))),
        held("a hold for another referral", posted, |row| row.set("referral_id", id(REFERRAL))),
        held("a hold that begins with a step", "hold_follows_its_steps", |row| {
            row.set("steps", 1).set("remaining", 4)
        }),
        set("a hold that matures sooner", "holds_keep_their_facts", "matures_at = 1"),
        set("a hold of more", "holds_keep_their_facts", "amount = 9000"),
        set("a hold restored", "holds_go_down", "remaining = 600 WHERE kind = 'commission'"),
        set("a hold's step forgotten", "holds_go_down", "steps = 0 WHERE kind = 'commission'"),
        set(
            "a hold released by nobody",
            "hold_follows_its_steps",
            "steps = 1, remaining = 5 WHERE kind = 'reward'",
        ),
        attack("delete a hold", Named("holds_stay"), "DELETE FROM holds;"),
    ]
}

fn hold_steps() -> Vec<Attack> {
    let second = |amounts, transaction| hold_step((COMMISSION, 600), 2, "release", amounts, transaction);
    let later = |label, by, amounts| attack(label, Named(by), second(amounts, 5).insert());
    let again = hold_step((COMMISSION, 600), 1, "release", [600, 600, 0], 5);
    let larger = hold_step((REWARD, 9000), 1, "void", [9000, 5, 8995], 5);
    let elsewhere = hold_step((REWARD, 2500), 1, "void", [2500, 5, 2495], 5).set("referral_id", id(REFERRAL));
    vec![
        attack("a hold released twice", Named("hold_step"), again.insert()),
        attack(
            "an unknown step of a hold",
            Named("hold_step_kind_known"),
            second([200, 50, 150], 5).set("kind", "'gift'").insert(),
        ),
        later("a step of nothing of a hold", "hold_step_amount_positive", [200, 0, 200]),
        later("more released than is held", "never_over_released", [200, 201, -1]),
        later("a release that is not the difference", "hold_step_sum", [200, 50, 200]),
        later("a lie about what is held", "hold_chain", [600, 600, 0]),
        attack(
            "a hold that begins again",
            Named("hold_step_follows"),
            second([600, 600, 0], 5).set("prev_n", "NULL").insert(),
        ),
        attack(
            "two steps of a hold by one transaction",
            Named("one_step_a_transaction"),
            second([200, 50, 150], RELEASE).insert(),
        ),
        attack("a step of a larger hold", Named("step_of_a_hold"), larger.insert()),
        attack("a step for another referral", Named("step_of_the_same_referral"), elsewhere.insert()),
        attack(
            "change a step of a hold",
            Named("hold_steps_never_change"),
            "UPDATE hold_steps SET kind = 'void';",
        ),
        attack("delete a step of a hold", Named("hold_steps_stay"), "DELETE FROM hold_steps;"),
    ]
}

/// A hold that moves, then its step.
fn moved(hold: u8, step: &Row, remaining: i64) -> String {
    let of_it = format!("WHERE hold_id = {}", id(hold));
    format!("UPDATE holds SET steps = steps + 1, remaining = {remaining} {of_it};") + &step.insert()
}

fn voids() -> Vec<Attack> {
    let posted: Refusal = Named("hold_step_is_its_transaction");
    let void = |amounts| hold_step((REWARD, 2500), 1, "void", amounts, 0x96);
    let of_commission = hold_step((COMMISSION, 600), 2, "void", [200, 200, 0], 0x96);
    let of_another = |row: Row| row.set("reverses", id(COMMISSION));
    let whole = void([2500, 2500, 0]);
    let release = whole.clone().set("kind", "'release'");
    let unposted = void([2500, 5, 2495]).set("transaction_id", id(5));
    vec![
        attack(
            "a void of another reward's hold",
            posted,
            retraction().transaction(of_another).sql() + &moved(REWARD, &whole, 0),
        ),
        attack("a release that is a retraction", posted, retraction().sql() + &moved(REWARD, &release, 0)),
        attack(
            "more voided than was taken",
            posted,
            retraction().sql() + &moved(REWARD, &whole, 0) + &moved(COMMISSION, &of_commission, 0),
        ),
        attack("a void that posted nothing", posted, moved(REWARD, &unposted, 2495)),
        attack(
            "a step that leaves its hold behind",
            Named("hold_steps_move_the_hold"),
            retraction().sql() + &whole.insert(),
        ),
    ]
}

fn budgets() -> Vec<Attack> {
    let month = |label, by, values: &str| {
        attack(label, Named(by), format!("INSERT INTO budget_months VALUES ({values});"))
    };
    let granted = step(1, "NULL", "grant", 5).set("referral_id", id(0x51)).set("budget_month", 5);
    let first = referral(0x51, ANA, CAT).insert() + &progress(0x51).insert();
    let taken = step(2, "1", "retract", 5).set("budget_month", MONTH);
    vec![
        month("a month that never comes", "budget_month_bounds", "1, 120000, 0, NULL"),
        month("less than nothing granted", "granted_bounds", "1, 5, -1, NULL"),
        month("closed under less than nothing", "closed_under_bounds", "1, 5, 0, -1"),
        month("a month twice", "budget_months_pkey", &format!("1, {MONTH}, 0, NULL")),
        month("a month of no book", "budget_months_of_a_book", "9, 5, 0, NULL"),
        attack(
            "a month that gives back",
            Named("budget_months_count_up"),
            "UPDATE budget_months SET granted = 0;",
        ),
        attack("another month", Named("budget_months_keep_their_key"), "UPDATE budget_months SET month = 5;"),
        attack("delete a month", Named("budget_months_stay"), "DELETE FROM budget_months;"),
        attack("a reward counted in no month", Named("step_of_a_budget_month"), first + &granted.insert()),
        attack("a retraction counted in a budget", Named("budget_counts_grants"), taken.insert()),
    ]
}
