//! The audit log.

use super::user_names;

diesel::table! {
    audit_log (book_id, audit_id) {
        book_id -> BigInt,
        audit_id -> Binary,
        actor_kind -> Text,
        user_id -> Nullable<Binary>,
        actor_id -> Nullable<Text>,
        action -> Text,
        subject -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(audit_log, user_names);
