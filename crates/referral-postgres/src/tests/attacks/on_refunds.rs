//! Attacks on what refunds and commissions add to events.

use super::Refusal::Named;
use super::honest::{BEN, REFERRAL, event};
use super::promised::{COMMISSION, RELEASE};
use super::row::{Row, id};
use super::{Attack, attack};

pub(super) fn attacks() -> Vec<Attack> {
    [refunds(), spends(), effects()].into_iter().flatten().collect()
}

/// A spend of Ben's that would be honest, but for one thing.
fn spend(label: &'static str, by: &'static str, change: fn(Row) -> Row) -> Attack {
    attack(label, Named(by), change(event("inv_2", BEN, 100)).insert())
}

/// A refund of Ben's spend that would be honest, but for one thing.
fn refund(label: &'static str, by: &'static str, change: fn(Row) -> Row) -> Attack {
    let row = event("back_1", BEN, 100).set("kind", "'R'").set("refunds", "'inv_1'");
    let row = row.set("reason", "'other'").set("outcome", "'counted'").set("counted", -100);
    attack(label, Named(by), change(row.set("referral_id", id(REFERRAL))).insert())
}

fn refunds() -> Vec<Attack> {
    vec![
        refund("refunded for an unknown reason", "refund_reason_known", |row| row.set("reason", "'mood'")),
        refund("refunded for no reason", "refund_has_a_reason", |row| row.set("reason", "NULL")),
        refund("a refund of itself", "refund_of_another", |row| row.set("refunds", "'back_1'")),
        refund("a refund that crosses the threshold", "outcomes_of_a_kind", |row| {
            row.set("outcome", "'threshold_crossed'")
        }),
        refund("a refund that adds", "spends_add_and_refunds_take", |row| row.set("counted", 100)),
    ]
}

fn spends() -> Vec<Attack> {
    vec![
        spend("spent for the reason of a refund", "refund_has_a_reason", |row| row.set("reason", "'fraud'")),
        spend("a spend that takes a reward back", "outcomes_of_a_kind", |row| {
            row.set("outcome", "'reward_retracted'")
        }),
        spend("a spend that waits for another", "outcomes_of_a_kind", |row| {
            row.set("outcome", "'awaiting_spend'")
        }),
        spend("a spend that takes", "spends_add_and_refunds_take", |row| {
            row.set("counted", -100).set("outcome", "'counted'").set("referral_id", id(REFERRAL))
        }),
        spend("a spend that exceeds itself", "only_refunds_exceed", |row| row.set("over_refund", true)),
    ]
}

fn effects() -> Vec<Attack> {
    vec![
        refund("a reward of an event of nothing", "event_reward_moves", |row| {
            row.set("reward_amount", 0).set("reward_transaction", id(RELEASE))
        }),
        refund("a commission of an event of nothing", "event_commission_moves", |row| {
            row.set("commission_amount", 0).set("commission_transaction", id(COMMISSION))
        }),
        refund("half a commission of an event", "commission_event_whole", |row| {
            row.set("commission_amount", 5)
        }),
        refund("a commission of an event by no transaction", "event_commission_is_posted", |row| {
            row.set("commission_amount", 5).set("commission_transaction", id(0x99))
        }),
    ]
}
