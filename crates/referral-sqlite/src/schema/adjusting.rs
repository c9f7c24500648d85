//! Adjustments.

use super::audit::audit_log;
use super::user_names;

diesel::table! {
    adjustments (book_id, adjustment_id) {
        book_id -> BigInt,
        adjustment_id -> Binary,
        user_id -> Binary,
        reference -> Text,
        amount -> BigInt,
        reason -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    adjustment_steps (book_id, adjustment_id, n) {
        book_id -> BigInt,
        adjustment_id -> Binary,
        n -> BigInt,
        prev_n -> Nullable<BigInt>,
        prev_status -> Nullable<Text>,
        status -> Text,
        audit_id -> Binary,
        note -> Nullable<Text>,
        transaction_id -> Nullable<Binary>,
        at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(adjustments, adjustment_steps);
diesel::allow_tables_to_appear_in_same_query!(adjustment_steps, audit_log);
diesel::allow_tables_to_appear_in_same_query!(adjustment_steps, user_names);
