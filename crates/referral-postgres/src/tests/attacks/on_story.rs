//! Attacks on referrals, their terms and progress, on codes and on spend events.

use super::Refusal::Named;
use super::honest::{ANA, BEN, CAT, CODE, REFERRAL, event, progress, referral};
use super::row::{Row, id};
use super::{Attack, attack};

pub(super) fn attacks() -> Vec<Attack> {
    [referrals(), progresses(), codes(), events(), folds()].into_iter().flatten().collect()
}

/// A referral of Cat by Ana that would be honest, but for one thing.
fn coming(label: &'static str, by: super::Refusal, change: impl FnOnce(Row) -> Row) -> Attack {
    let both = change(referral(0x51, ANA, CAT)).insert() + &progress(0x51).insert();
    attack(label, by, both)
}

fn referrals() -> Vec<Attack> {
    vec![
        coming("one user referred twice", Named("referred_once"), |row| row.set("referred_id", id(BEN))),
        coming("somebody who refers themselves", Named("nobody_refers_themselves"), |row| {
            row.set("referred_id", id(ANA))
        }),
        coming("by another user's code", Named("code_of_the_referrer"), |row| {
            row.set("referrer_id", id(BEN))
        }),
        coming("by nobody's code", Named("code_of_the_referrer"), |row| row.set("code_id", id(0x99))),
        coming("on rules that never were", Named("referrals_by_known_rules"), |row| {
            row.set("rule_version", 7)
        }),
        coming("on other terms than its progress", Named("progress_repeats_the_terms"), |row| {
            row.set("referrer_reward", 9000)
        }),
        coming("with a window that ends before it begins", Named("window_is_open"), |row| {
            row.set("qualifies_until", 9)
        }),
        coming("with a negative reward", Named("referrer_reward_bounds"), |row| {
            row.set("referrer_reward", -1)
        }),
        coming("held for longer than anybody may", Named("hold_days_bounds"), |row| row.set("hold_days", 91)),
        coming("with more commission than was spent", Named("commission_rate_bounds"), |row| {
            row.set("commission_rate", 1_000_001).set("commission_months", 12)
        }),
        coming("with commission for less than no time", Named("commission_months_bounds"), |row| {
            row.set("commission_months", -1)
        }),
        coming("with a negative cap", Named("commission_cap_bounds"), |row| row.set("commission_cap", -1)),
        coming("with half a commission", Named("commission_whole"), |row| row.set("commission_months", 12)),
        coming("with a cap on no commission", Named("commission_whole"), |row| row.set("commission_cap", 5)),
        coming("from an unknown source", Named("source_known"), |row| row.set("source", "'dream'")),
        attack(
            "a referral without progress",
            Named("referral_has_progress"),
            referral(0x51, ANA, CAT).insert(),
        ),
        attack(
            "better terms",
            Named("referrals_never_change"),
            "UPDATE referrals SET referrer_reward = 9000;",
        ),
        attack(
            "a longer window",
            Named("referrals_never_change"),
            "UPDATE referrals SET qualifies_until = qualifies_until + interval '1 microsecond';",
        ),
        attack(
            "another referrer",
            Named("referrals_never_change"),
            format!("UPDATE referrals SET referrer_id = {};", id(CAT)),
        ),
        attack("delete a referral", Named("referrals_stay"), "DELETE FROM referrals;"),
    ]
}

fn progresses() -> Vec<Attack> {
    let update = |label, by, values: &str| {
        attack(
            label,
            by,
            format!("UPDATE referral_progress SET {values} WHERE referral_id = {};", id(REFERRAL)),
        )
    };
    vec![
        update("a lower threshold for one", Named("progress_repeats_the_terms"), "spend_threshold = 1"),
        update(
            "a later end for one",
            Named("progress_repeats_the_terms"),
            "qualifies_until = qualifies_until + interval '1 microsecond'",
        ),
        update("a state without its instant", Named("state_has_its_instants"), "completed_at = NULL"),
        update(
            "an unknown state",
            Named("state_known"),
            "state = 'vip', completed_at = NULL, closed_at = updated_at",
        ),
        update("more refunded than spent", Named("spend_refunded_bounds"), "spend_refunded = 6101"),
        update(
            "less than nothing spent",
            Named("spend_gross_bounds"),
            "spend_gross = -1, spend_refunded = -1",
        ),
        update(
            "withheld for no reason",
            Named("reward_reason_given"),
            "reward_status = 'withheld', reward_steps = 2",
        ),
        update(
            "withheld for an unknown reason",
            Named("welcome_reason_known"),
            "welcome_status = 'withheld', welcome_reason = 'mood'",
        ),
        update("granted and not posted", Named("reward_posted"), "reward_transaction = NULL"),
        update(
            "a welcome credit by no transaction",
            Named("welcome_by_a_transaction"),
            &format!("welcome_transaction = {}", id(0x99)),
        ),
        update("granted after an even step", Named("granted_at_odd_steps"), "reward_steps = 2"),
        update("steps that nobody took", Named("steps_are_recorded"), "reward_steps = 3"),
        update(
            "a step back",
            Named("referral_progress_steps_forward"),
            "reward_steps = 0, reward_status = 'not_due'",
        ),
        attack("delete progress", Named("referral_progress_stay"), "DELETE FROM referral_progress;"),
    ]
}

fn codes() -> Vec<Attack> {
    let code = |n: u8, owner: u8, folded: &str, primary: u8| {
        format!(
            "INSERT INTO referral_codes VALUES (1, {}, {}, '{folded}', '{folded}', {primary}::boolean, true, NULL, NULL, NULL, 0,
               NULL, 0);",
            id(n),
            id(owner)
        )
    };
    vec![
        attack("a code that is taken", Named("folded_once"), code(0x61, BEN, "ANA2026", 1)),
        attack("a second primary code", Named("referral_codes_primary"), code(0x61, ANA, "ANA2027", 1)),
        attack("a code that is not folded", Named("code_folded_form"), code(0x61, BEN, "ben-2026", 1)),
        attack(
            "a code of nobody",
            Named("referral_codes_book_id_owner_id_fkey"),
            code(0x61, 0x99, "NOBODY", 1),
        ),
        attack(
            "another owner",
            Named("referral_codes_keep_their_text"),
            format!("UPDATE referral_codes SET owner_id = {};", id(BEN)),
        ),
        attack(
            "another spelling",
            Named("referral_codes_keep_their_text"),
            "UPDATE referral_codes SET text = 'ANA2026';",
        ),
        attack("uses forgotten", Named("referral_codes_count_up"), "UPDATE referral_codes SET uses = 0;"),
        attack("delete a code", Named("referral_codes_stay"), "DELETE FROM referral_codes;"),
        attack(
            "fewer than no conversions reversed",
            Named("conversions_reversed_bounds"),
            "UPDATE affiliate_tracking SET conversions_reversed = -1;",
        ),
        attack("delete a day", Named("affiliate_tracking_stay"), "DELETE FROM affiliate_tracking;"),
        attack(
            "a day of another's code",
            Named("tracked_code_of_the_referrer"),
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
        told("one event twice", Named("source_once"), &|row| row.set("source_id", "'inv_1'")),
        told("an event of nothing", Named("event_amount_bounds"), &|row| row.set("amount", 0)),
        told("more counted than spent", Named("counted_bounds"), &|row| {
            row.set("counted", 101).set("outcome", "'counted'").set("referral_id", id(REFERRAL))
        }),
        told("counted for nobody", Named("counted_needs_a_referral"), &|row| {
            row.set("counted", 100).set("outcome", "'counted'")
        }),
        told("not referred, and yet", Named("not_referred_has_none"), &|row| {
            row.set("referral_id", id(REFERRAL))
        }),
        told("an unknown outcome", Named("outcome_known"), &|row| row.set("outcome", "'jackpot'")),
        told("a refund of nothing named", Named("refund_names_its_spend"), &|row| {
            row.set("kind", "'R'").set("reason", "'other'")
        }),
        told("a reward by no transaction", Named("reward_whole"), &|row| row.set("reward_amount", 2500)),
        told("half a level", Named("level_whole"), &|row| row.set("net_after", 100)),
        told("spent by nobody", Named("event_of_a_user"), &|row| row.set("user_id", id(0x99))),
        told("for a referral of somebody else", Named("event_of_a_user"), &|row| {
            row.set("outcome", "'counted'").set("counted", 100).set("referral_id", id(REFERRAL))
        }),
        told("for a referral that is not there", Named("event_of_a_user"), &|row| {
            row.set("user_id", id(BEN)).set("outcome", "'counted'").set("referral_id", id(0x99))
        }),
        attack(
            "change what an event counted",
            Named("spend_events_never_change"),
            "UPDATE spend_events SET occurred_at = 1;",
        ),
        attack(
            "delete an event",
            Named("spend_events_stay"),
            "DELETE FROM spend_events WHERE source_id = 'cat_1';",
        ),
    ]
}

fn folds() -> Vec<Attack> {
    let fold = |source: &str, n: u8| format!("INSERT INTO spend_folds VALUES (1, '{source}', {});", id(n));
    vec![
        attack("one event folded twice", Named("folded_into_one"), fold("early", REFERRAL)),
        attack(
            "fold in an event that is not there",
            Named("spend_folds_book_id_source_id_fkey"),
            fold("never", REFERRAL),
        ),
        attack("fold into no referral", Named("spend_folds_book_id_referral_id_fkey"), fold("cat_1", 0x99)),
        attack(
            "change a fold",
            Named("spend_folds_never_change"),
            "UPDATE spend_folds SET source_id = 'cat_1';",
        ),
        attack("delete a fold", Named("spend_folds_stay"), "DELETE FROM spend_folds;"),
    ]
}
