//! Attacks on referrals, their terms and progress, on codes and on spend events.

use super::Refusal::{Check, Key, Trigger, Unique};
use super::held::HELD_REFERRAL;
use super::honest::{ANA, BEN, CAT, CODE, REFERRAL, event, progress, referral};
use super::row::{Row, id};
use super::{Attack, Refusal, attack};

pub(super) fn attacks() -> Vec<Attack> {
    [
        referrals(),
        promised(),
        progresses(),
        commissions(),
        withdrawals(),
        codes(),
        events(),
        refunds(),
        folds(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A referral of Cat by Ana that would be honest, but for one thing.
fn coming(label: &'static str, by: Refusal, change: impl FnOnce(Row) -> Row) -> Attack {
    let both = change(referral(0x51, ANA, CAT)).insert() + &progress(0x51).insert();
    attack(label, by, both)
}

fn referrals() -> Vec<Attack> {
    vec![
        coming("one user referred twice", Unique("referrals.book_id, referrals.referred_id"), |row| {
            row.set("referred_id", id(BEN))
        }),
        coming("somebody who refers themselves", Check("nobody_refers_themselves"), |row| {
            row.set("referred_id", id(ANA))
        }),
        coming("by another user's code", Key("referrals", "book_id, code_id, referrer_id"), |row| {
            row.set("referrer_id", id(BEN))
        }),
        coming("by nobody's code", Key("referrals", "book_id, code_id, referrer_id"), |row| {
            row.set("code_id", id(0x99))
        }),
        coming("on rules that never were", Key("referrals", "book_id, rule_version"), |row| {
            row.set("rule_version", 7)
        }),
        coming("on other terms than its progress", Key("referral_progress", TERMS), |row| {
            row.set("referrer_reward", 9000)
        }),
        coming("with a window that ends before it begins", Check("window_is_open"), |row| {
            row.set("qualifies_until", 9)
        }),
        coming("with a negative reward", Check("referrer_reward_bounds"), |row| {
            row.set("referrer_reward", -1)
        }),
        coming("from an unknown source", Check("source_known"), |row| row.set("source", "'dream'")),
        attack(
            "a referral without progress",
            Key("referrals", "book_id, referral_id"),
            referral(0x51, ANA, CAT).insert(),
        ),
        attack(
            "better terms",
            Trigger("referrals_never_change"),
            "UPDATE referrals SET referrer_reward = 9000;",
        ),
        attack(
            "a longer window",
            Trigger("referrals_never_change"),
            "UPDATE referrals SET qualifies_until = qualifies_until + 1;",
        ),
        attack(
            "another referrer",
            Trigger("referrals_never_change"),
            format!("UPDATE referrals SET referrer_id = {};", id(CAT)),
        ),
        attack("delete a referral", Trigger("referrals_stay"), "DELETE FROM referrals;"),
        attack("replace a referral", Trigger("referrals_stay"), referral(REFERRAL, ANA, CAT).replace()),
    ]
}

/// The terms of holding and of commissions.
fn promised() -> Vec<Attack> {
    vec![
        coming("held for longer than anybody may", Check("hold_days_bounds"), |row| row.set("hold_days", 91)),
        coming("with more commission than was spent", Check("commission_rate_bounds"), |row| {
            row.set("commission_rate", 1_000_001)
        }),
        coming("with commission for less than no time", Check("commission_months_bounds"), |row| {
            row.set("commission_months", -1)
        }),
        coming("with a negative cap", Check("commission_cap_bounds"), |row| row.set("commission_cap", -1)),
        coming("with half a commission", Check("commission_whole"), |row| {
            row.set("commission_months", "NULL")
        }),
        coming("with a cap on no commission", Check("commission_whole"), |row| {
            row.set("commission_rate", "NULL").set("commission_months", "NULL").set("commission_cap", 5)
        }),
    ]
}

const TERMS: &str = "book_id, referral_id, qualifies_until, spend_threshold, referrer_reward, welcome_credit";

fn progresses() -> Vec<Attack> {
    let update =
        |label, by, values: &str| attack(label, by, format!("UPDATE referral_progress SET {values};"));
    vec![
        update("a lower threshold for one", Key("referral_progress", TERMS), "spend_threshold = 1"),
        update(
            "a later end for one",
            Key("referral_progress", TERMS),
            "qualifies_until = qualifies_until + 1",
        ),
        update("a state without its instant", Check("state_has_its_instants"), "completed_at = NULL"),
        update("an unknown state", Check("state_known"), "state = 'vip'"),
        update("more refunded than spent", Check("spend_refunded_bounds"), "spend_refunded = 6101"),
        update(
            "less than nothing spent",
            Check("spend_gross_bounds"),
            "spend_gross = -1, spend_refunded = -1",
        ),
        update(
            "withheld for no reason",
            Check("reward_reason_given"),
            "reward_status = 'withheld', reward_steps = 2",
        ),
        update(
            "withheld for an unknown reason",
            Check("welcome_reason_known"),
            "welcome_status = 'withheld', welcome_reason = 'mood'",
        ),
        update("granted and not posted", Check("reward_posted"), "reward_transaction = NULL"),
        update(
            "a welcome credit by no transaction",
            Key("referral_progress", "book_id, welcome_transaction"),
            &format!(
                "welcome_transaction = {} WHERE referral_id = (SELECT min(referral_id) FROM referral_progress)",
                id(0x99)
            ),
        ),
        update("granted after an even step", Check("granted_at_odd_steps"), "reward_steps = 2"),
        update(
            "steps that nobody took",
            Key("referral_progress", "book_id, referral_id, last_step"),
            "reward_steps = 3",
        ),
        update(
            "a step back",
            Trigger("referral_progress_steps_forward"),
            "reward_steps = 0, reward_status = 'not_due'",
        ),
        attack("delete progress", Trigger("referral_progress_stays"), "DELETE FROM referral_progress;"),
    ]
}

/// Progress of Fay's referral, the one with both a reward's hold and a commission.
fn of_fay(label: &str, by: Refusal, values: &str) -> Attack {
    let held = id(HELD_REFERRAL);
    attack(label, by, format!("UPDATE referral_progress SET {values} WHERE referral_id = {held};"))
}

/// What the reward's hold and the commission add to progress.
fn commissions() -> Vec<Attack> {
    let fresh = |label, by, change: &dyn Fn(Row) -> Row| {
        attack(label, by, referral(0x51, ANA, CAT).insert() + &change(progress(0x51)).insert())
    };
    let ends = "book_id, referral_id, last_commission_step, commission_posted";
    vec![
        of_fay("held for ever", Check("held_until"), "reward_available_at = NULL"),
        of_fay("granted and held", Check("held_until"), "reward_status = 'granted'"),
        of_fay(
            "less than no commission",
            Check("commission_gross_bounds"),
            "commission_gross = -1, commission_refunded = -1",
        ),
        of_fay(
            "more refunded than earned on",
            Check("commission_refunded_bounds"),
            "commission_refunded = 6001",
        ),
        of_fay("less than nothing due", Check("commission_due_bounds"), "commission_due = -1"),
        of_fay("less than nothing posted", Check("commission_posted_bounds"), "commission_posted = -1"),
        of_fay(
            "commission withheld for an unknown reason",
            Check("commission_reason_known"),
            "commission_reason = 'mood', commission_due = 600",
        ),
        of_fay(
            "withheld though all is posted",
            Check("commission_withheld_when_short"),
            "commission_reason = 'under-review'",
        ),
        of_fay("commission that no step posted", Key("referral_progress", ends), "commission_posted = 400"),
        of_fay("commission steps nobody took", Key("referral_progress", ends), "commission_steps = 3"),
        of_fay("commission a step back", Trigger("referral_progress_steps_forward"), "commission_steps = 1"),
        fresh("a welcome credit that is held", Check("welcome_never_held"), &|row| {
            row.set("welcome_status", "'held'").set("welcome_at", 1).set("welcome_transaction", id(1))
        }),
        fresh("retracted and never granted", Check("retracted_after_a_grant"), &|row| {
            row.set("reward_status", "'retracted'")
        }),
        fresh("commission without a step", Check("commission_by_steps"), &|row| {
            row.set("commission_due", 5).set("commission_posted", 5)
        }),
        fresh("less than no steps", Check("commission_steps_bounds"), &|row| row.set("commission_steps", -1)),
    ]
}

/// What an operator withdrew.
fn withdrawals() -> Vec<Attack> {
    let less = progress(0x51).set("commission_withdrawn", -1).insert();
    vec![
        of_fay("a reward withdrawn and granted", Check("withdrawn_reward_is_gone"), "reward_withdrawn = 1"),
        of_fay("a reward withdrawn twice", Check("withdrawn_reward_is_gone"), "reward_withdrawn = 2"),
        of_fay(
            "a welcome credit withdrawn and due",
            Check("withdrawn_welcome_is_gone"),
            "welcome_withdrawn = 1",
        ),
        of_fay(
            "a withdrawal undone",
            Trigger("referral_progress_withdrawn_for_good"),
            "commission_withdrawn = 1; UPDATE referral_progress SET commission_withdrawn = 0",
        ),
        attack(
            "less than nothing withdrawn",
            Check("commission_withdrawn_bounds"),
            referral(0x51, ANA, CAT).insert() + &less,
        ),
    ]
}

fn codes() -> Vec<Attack> {
    let code = |n: u8, owner: u8, folded: &str, primary: u8| {
        format!(
            "INSERT INTO referral_codes VALUES (1, {}, {}, '{folded}', '{folded}', {primary}, 1, NULL, NULL, NULL, 0,
               NULL, 0);",
            id(n),
            id(owner)
        )
    };
    vec![
        attack(
            "a code that is taken",
            Unique("referral_codes.book_id, referral_codes.folded"),
            code(0x61, BEN, "ANA2026", 1),
        ),
        attack(
            "a second primary code",
            Unique("referral_codes.book_id, referral_codes.owner_id"),
            code(0x61, ANA, "ANA2027", 1),
        ),
        attack("a code that is not folded", Check("code_folded_form"), code(0x61, BEN, "ben-2026", 1)),
        attack("a code of nobody", Key("referral_codes", "book_id, owner_id"), code(0x61, 0x99, "NOBODY", 1)),
        attack(
            "another owner",
            Trigger("referral_codes_keep_their_text"),
            format!("UPDATE referral_codes SET owner_id = {};", id(BEN)),
        ),
        attack(
            "another spelling",
            Trigger("referral_codes_keep_their_text"),
            "UPDATE referral_codes SET text = 'ANA2026';",
        ),
        attack("uses forgotten", Trigger("referral_codes_count_up"), "UPDATE referral_codes SET uses = 0;"),
        attack("delete a code", Trigger("referral_codes_stay"), "DELETE FROM referral_codes;"),
        attack("delete a day", Trigger("affiliate_tracking_stays"), "DELETE FROM affiliate_tracking;"),
        attack(
            "a day of another's code",
            Key("affiliate_tracking", "book_id, code_id, referrer_id"),
            format!(
                "INSERT INTO affiliate_tracking VALUES (1, {}, {}, 0, 0, 1, 1, 1, 0, 1, 1, 0);",
                id(BEN),
                id(CODE)
            ),
        ),
    ]
}

fn events() -> Vec<Attack> {
    let told =
        |label, by, change: &dyn Fn(Row) -> Row| attack(label, by, change(event("inv_2", CAT, 100)).insert());
    vec![
        told("one event twice", Unique("spend_events.book_id, spend_events.source_id"), &|row| {
            row.set("source_id", "'inv_1'")
        }),
        told("an event of nothing", Check("event_amount_bounds"), &|row| row.set("amount", 0)),
        told("more counted than spent", Check("counted_bounds"), &|row| {
            row.set("counted", 101).set("outcome", "'counted'").set("referral_id", id(REFERRAL))
        }),
        told("counted for nobody", Check("counted_needs_a_referral"), &|row| {
            row.set("counted", 100).set("outcome", "'counted'")
        }),
        told("not referred, and yet", Check("not_referred_has_none"), &|row| {
            row.set("referral_id", id(REFERRAL))
        }),
        told("an unknown outcome", Check("outcome_known"), &|row| row.set("outcome", "'jackpot'")),
        told("a refund of nothing named", Check("refund_names_its_spend"), &|row| row.set("kind", "'R'")),
        told("a reward by no transaction", Check("reward_whole"), &|row| row.set("reward_amount", 2500)),
        told("half a level", Check("level_whole"), &|row| row.set("net_after", 100)),
        told("spent by nobody", Key("spend_events", "book_id, user_id"), &|row| row.set("user_id", id(0x99))),
        attack(
            "change what an event counted",
            Trigger("spend_events_never_change"),
            "UPDATE spend_events SET occurred_at = 1;",
        ),
        attack(
            "delete an event",
            Trigger("spend_events_stay"),
            "DELETE FROM spend_events WHERE source_id = 'cat_1';",
        ),
        attack("replace an event", Trigger("spend_events_stay"), event("cat_1", CAT, 9).replace()),
        told("an event that follows none, after one", Trigger("spend_events_follow_the_last"), &|row| {
            row.set("outcome", "'after_window'").set("referral_id", id(REFERRAL))
        }),
        told("of no referral, and yet it follows", Check("event_of_a_referral_follows"), &|row| {
            row.set("previous_event", "'inv_1'")
        }),
    ]
}

fn refunds() -> Vec<Attack> {
    let told =
        |label, by, change: &dyn Fn(Row) -> Row| attack(label, by, change(event("inv_2", CAT, 100)).insert());
    let back = |label, by, change: &dyn Fn(Row) -> Row| {
        let row = event("back_2", CAT, 100).set("kind", "'R'").set("refunds", "'cat_1'");
        attack(label, by, change(row.set("reason", "'requested'")).insert())
    };
    vec![
        back("refunded for an unknown reason", Check("refund_reason_known"), &|row| {
            row.set("reason", "'mood'")
        }),
        back("refunded for no reason", Check("refund_has_a_reason"), &|row| row.set("reason", "NULL")),
        told("spent for a reason", Check("refund_has_a_reason"), &|row| row.set("reason", "'fraud'")),
        back("a refund of itself", Check("refund_of_another"), &|row| row.set("refunds", "'back_2'")),
        back("a refund that crosses", Check("outcomes_of_a_kind"), &|row| {
            row.set("outcome", "'threshold_crossed'")
        }),
        told("a spend that waits", Check("outcomes_of_a_kind"), &|row| {
            row.set("outcome", "'awaiting_spend'")
        }),
        back("a refund that adds", Check("spends_add_and_refunds_take"), &|row| {
            row.set("counted", 1).set("outcome", "'counted'").set("referral_id", id(REFERRAL))
        }),
        told("a spend that exceeds itself", Check("only_refunds_exceed"), &|row| row.set("over_refund", 1)),
        back("a refund that exceeds twice", Check("over_refund_bool"), &|row| row.set("over_refund", 2)),
        told("a reward of nothing", Check("event_reward_moves"), &|row| {
            row.set("reward_amount", 0).set("reward_transaction", id(2))
        }),
        told("a commission of nothing", Check("event_commission_moves"), &|row| {
            row.set("commission_amount", 0).set("commission_transaction", id(2))
        }),
        told("a commission nobody posted", Check("commission_event_whole"), &|row| {
            row.set("commission_amount", 5)
        }),
        told("posted by no transaction", Key("spend_events", "book_id, commission_transaction"), &|row| {
            row.set("commission_amount", 5).set("commission_transaction", id(0x99))
        }),
        attack(
            "fewer than none reversed",
            Check("conversions_reversed_bounds"),
            "UPDATE affiliate_tracking SET conversions_reversed = -1;",
        ),
    ]
}

fn folds() -> Vec<Attack> {
    let fold = |source: &str, n: u8| format!("INSERT INTO spend_folds VALUES (1, '{source}', {});", id(n));
    vec![
        attack(
            "one event folded twice",
            Unique("spend_folds.book_id, spend_folds.source_id"),
            fold("early", REFERRAL),
        ),
        attack(
            "fold in an event that is not there",
            Key("spend_folds", "book_id, source_id"),
            fold("never", REFERRAL),
        ),
        attack("fold into no referral", Key("spend_folds", "book_id, referral_id"), fold("cat_1", 0x99)),
        attack(
            "change a fold",
            Trigger("spend_folds_never_change"),
            "UPDATE spend_folds SET source_id = 'cat_1';",
        ),
        attack("delete a fold", Trigger("spend_folds_stay"), "DELETE FROM spend_folds;"),
    ]
}
