//! Attacks on batches, on what is in them and on what banks said of it.

use super::{
    Attack, BATCH_STEPS, BATCHES, DIGEST, ITEMS, LINES, NOBODY, SHORT, Told, attack, batch, batch_step,
    entered, payout,
};

pub(super) fn batches() -> Vec<Attack> {
    let which = format!("r.batch_id = {}", batch(2500));
    let new: &[Told<'_>] = &[("batch_id", NOBODY)];
    let forged = |label: &str, by, told: &[Told<'_>]| attack(label, by, BATCHES.forge(&which, new, told));
    vec![
        forged("a batch of cash", "batch_kind_known", &[("kind", "'cash'")]),
        forged("a batch of nobody", "batch_count_bounds", &[("count", "0")]),
        forged("a batch too large", "batch_count_bounds", &[("count", "1001")]),
        forged("a batch of nothing", "batch_total_positive", &[("total", "0")]),
        forged("made by a robot", "maker_kind_known", &[("made_by_kind", "'robot'")]),
        forged("made by nobody", "maker_given", &[("made_by", "''")]),
        forged(
            "a batch twice",
            "batch_once",
            &[("batch_id", "r.batch_id"), ("kind", "'paypal'"), ("made_by", "'u_eve'")],
        ),
        forged("made by no step", "batch_has_a_step", &[]),
    ]
}

const SEALED: &[Told<'static>] =
    &[("n", "2"), ("prev_n", "1"), ("prev_status", "'draft'"), ("status", "'sealed'"), ("manifest", DIGEST)];
const AGREED: &[Told<'static>] = &[
    ("n", "3"),
    ("prev_n", "2"),
    ("prev_status", "'sealed'"),
    ("status", "'approved'"),
    ("manifest", "NULL"),
    ("actor_id", "'u_bob'"),
];

pub(super) fn batch_steps() -> Vec<Attack> {
    let (draft, sealed) = (batch_step(2500, 1), batch_step(2400, 2));
    let of_draft =
        |label: &str, by, told: &[Told<'_>]| attack(label, by, BATCH_STEPS.forge(&draft, SEALED, told));
    let of_sealed =
        |label: &str, by, told: &[Told<'_>]| attack(label, by, BATCH_STEPS.forge(&sealed, AGREED, told));
    let exported = ("status", "'exported'");
    let agreed = ("prev_status", "'approved'");
    vec![
        of_draft("half a manifest", "manifest_form", &[("manifest", SHORT)]),
        of_draft("sealed by a robot", "actor_kind_known", &[("actor_kind", "'robot'")]),
        of_draft("sealed by nobody", "actor_given", &[("actor_id", "''")]),
        of_draft("sealed without a manifest", "sealed_has_a_manifest", &[("manifest", "NULL")]),
        of_draft("a step skipped", "batch_step_follows", &[("n", "3")]),
        of_draft(
            "approved as soon as it was made",
            "batch_step_is_legal",
            &[("status", "'approved'"), ("manifest", "NULL"), ("actor_id", "'u_bob'")],
        ),
        of_draft("another's batch", "step_knows_the_maker", &[("maker", "'u_eve'")]),
        of_draft(
            "a step after what it was not",
            "batch_step_chain",
            &[
                ("prev_status", "'sealed'"),
                ("status", "'approved'"),
                ("manifest", "NULL"),
                ("actor_id", "'u_bob'"),
            ],
        ),
        of_sealed("approved by its maker", "second_person_approves", &[("actor_id", "r.maker")]),
        of_sealed("exported in no format", "format_given", &[agreed, exported, ("format", "''")]),
        of_sealed("exported without a format", "exported_has_a_format", &[agreed, exported]),
        of_sealed(
            "sealed once more",
            "batch_stage_once",
            &[("prev_status", "'draft'"), ("status", "'sealed'"), ("manifest", DIGEST)],
        ),
        of_sealed(
            "a step twice",
            "batch_step",
            &[("n", "2"), ("prev_n", "1"), ("prev_status", "'draft'"), ("status", "'discarded'")],
        ),
        attack(
            "a draft by another than who made it",
            "maker_makes_the_draft",
            BATCH_STEPS.forge(&draft, &[("actor_id", "'u_bob'")], &[]),
        ),
    ]
}

pub(super) fn items() -> Vec<Attack> {
    let other = batch(2600);
    let forged =
        |label: &str, by, told: &[Told<'_>]| attack(label, by, ITEMS.forge("r.amount = 2500", told, &[]));
    let its_own: &[Told<'_>] = &[("payout_id", &payout(2250)), ("amount", "2250"), ("step_n", "3")];
    let of_open = "(SELECT p.user_id FROM payouts AS p WHERE p.amount = 2250)";
    let elsewhere = ITEMS.forge("r.amount = 2500", its_own, &[("user_id", of_open), ("batch_id", &other)]);
    vec![
        forged("half a destination", "item_digest_form", &[("digest", "substr(r.digest, 1, 31)")]),
        forged("an item twice", "batch_item", &[("step_n", "2"), ("amount", "1")]),
        forged("an item of two batches", "entered_once", &[("batch_id", &other)]),
        forged(
            "an item of another amount",
            "item_is_a_payout",
            &[("batch_id", &other), ("step_n", "2"), ("amount", "1")],
        ),
        forged("an item of no batch", "item_in_its_batch", &[("batch_id", NOBODY), ("step_n", "2")]),
        forged("an item that never entered", "item_entered", &[("batch_id", &other), ("step_n", "2")]),
        attack("an item that entered another batch", "item_entered_this", entered(&batch(2500)) + &elsewhere),
    ]
}

pub(super) fn lines() -> Vec<Attack> {
    let (sent, its) = (payout(2300), batch(2300));
    let of_sent: &[Told<'_>] = &[("payout_id", &sent), ("batch_id", &its), ("amount", "2300")];
    let forged =
        |label: &str, by, told: &[Told<'_>]| attack(label, by, LINES.forge("r.amount = 2100", of_sent, told));
    vec![
        forged("neither paid nor failed", "outcome_is_final", &[("outcome", "'lost'")]),
        forged("paid, and failed", "failure_of_what_failed", &[("failure", "'no'")]),
        forged("another amount", "line_matches_an_item", &[("amount", "2301")]),
        forged("another batch", "line_matches_an_item", &[("batch_id", &batch(2100))]),
        attack("said twice", "settled_once", LINES.forge("r.amount = 2100", &[("outcome", "'failed'")], &[])),
    ]
}
