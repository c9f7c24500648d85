//! Attacks on the audit log.

use super::Refusal::Named;
use super::honest::{ANA, DAN};
use super::row::{Row, id};
use super::{Attack, attack};

/// The entry of the honest book.
const ENTRY: u8 = 0xaa;

fn entry(n: u8) -> Row {
    Row::new(
        "audit_log",
        [
            ("book_id", "1"),
            ("audit_id", &id(n)),
            ("actor_kind", "'staff'"),
            ("user_id", &id(ANA)),
            ("actor_id", "NULL"),
            ("action", "'code.update'"),
            ("subject", "'code_1'"),
            ("before", "NULL"),
            ("after", "'{}'"),
            ("at", "400"),
        ],
    )
}

/// What was honestly done: Ana changed a code.
pub(super) fn honest() -> String {
    entry(ENTRY).insert()
}

pub(super) fn attacks() -> Vec<Attack> {
    [on_what_is_there(), on_who(), on_what()].into_iter().flatten().collect()
}

fn on_what_is_there() -> Vec<Attack> {
    vec![
        attack("another's deed", Named("audit_log_never_change"), "UPDATE audit_log SET subject = 'code_2';"),
        attack("forget a deed", Named("audit_log_stay"), "DELETE FROM audit_log;"),
        attack("forget all", Named("audit_log_stay_whole"), "TRUNCATE audit_log, adjustment_steps;"),
        attack("one entry twice", Named("audited_once"), entry(ENTRY).insert()),
    ]
}

fn on_who() -> Vec<Attack> {
    let by = |kind: &str| entry(1).set("actor_kind", kind);
    let is_no_user = Named("a_person_is_a_user");
    let is_named = Named("no_person_is_named");
    vec![
        attack(
            "an unknown kind of actor",
            Named("actor_kind_known"),
            by("'ghost'").set("user_id", "NULL").insert(),
        ),
        attack("a person who is nobody", is_no_user, by("'user'").set("user_id", "NULL").insert()),
        attack("a key that is a person", is_no_user, by("'key'").set("actor_id", "'key_1'").insert()),
        attack("a person named here", is_named, by("'staff'").set("actor_id", "'u_ana'").insert()),
        attack("a key that is not told", is_named, by("'key'").set("user_id", "NULL").insert()),
        attack(
            "a key without an id",
            Named("actor_id_given"),
            by("'key'").set("user_id", "NULL").set("actor_id", "''").insert(),
        ),
        attack(
            "another program's person",
            Named("audit_of_a_user"),
            entry(1).set("user_id", id(DAN)).insert(),
        ),
        attack(
            "an entry of no program",
            Named("audit_log_of_a_book"),
            by("'key'").set("book_id", 9).set("user_id", "NULL").set("actor_id", "'key_1'").insert(),
        ),
    ]
}

fn on_what() -> Vec<Attack> {
    let form = Named("action_form");
    vec![
        attack("an action without a verb", form, entry(1).set("action", "'code'").insert()),
        attack("an action in capitals", form, entry(1).set("action", "'Code.Update'").insert()),
        attack(
            "an entry about nothing",
            Named("audit_subject_given"),
            entry(1).set("subject", "''").insert(),
        ),
        attack(
            "a list of what was before",
            Named("before_is_an_object"),
            entry(1).set("before", "'[]'").insert(),
        ),
        attack(
            "a number of what is after",
            Named("after_is_an_object"),
            entry(1).set("after", "'1'").insert(),
        ),
    ]
}
