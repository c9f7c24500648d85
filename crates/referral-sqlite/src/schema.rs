//! The tables as Diesel sees them, column by column as in `migrations/sqlite`. A test compares the two.
//!
//! Left out: generated columns, and tables that only statements of our own touch.

mod adjusting;
mod audit;

pub(crate) use adjusting::{adjustment_steps, adjustments};
pub(crate) use audit::audit_log;

mod money;

pub(crate) use money::{
    account_heads, accounts, budget_months, commission_steps, entries, history_lines, holds,
    ledger_transactions, redemption_reversals, redemptions, reward_steps, transfers,
};

diesel::table! {
    books (book_id) {
        book_id -> BigInt,
        slug -> Text,
        currency -> Text,
        digits -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    programs (book_id) {
        book_id -> BigInt,
        name -> Text,
        landing_url -> Text,
        status -> Text,
    }
}

diesel::table! {
    rule_versions (book_id, version) {
        book_id -> BigInt,
        version -> BigInt,
        rules -> Text,
        effective_from -> BigInt,
    }
}

diesel::table! {
    api_keys (book_id, api_key_id) {
        book_id -> BigInt,
        api_key_id -> Binary,
        name -> Text,
        prefix -> Text,
        hash -> Binary,
        scopes -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    idempotency_replies (book_id, caller, endpoint, key) {
        book_id -> BigInt,
        caller -> Text,
        endpoint -> Text,
        key -> Text,
        request -> Binary,
        status -> BigInt,
        body -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    users (book_id, user_id) {
        book_id -> BigInt,
        user_id -> Binary,
        signed_up_at -> Nullable<BigInt>,
        event_word_at -> Nullable<BigInt>,
        event_word_verified -> Nullable<Bool>,
        token_word_at -> Nullable<BigInt>,
        token_word_verified -> Nullable<Bool>,
        first_verified_at -> Nullable<BigInt>,
        email -> Nullable<Binary>,
        first_seen_at -> BigInt,
    }
}

diesel::table! {
    user_names (book_id, host_id) {
        book_id -> BigInt,
        host_id -> Text,
        user_id -> Binary,
    }
}

diesel::table! {
    user_emails (book_id, email, user_id) {
        book_id -> BigInt,
        email -> Binary,
        user_id -> Binary,
        first_seen_at -> BigInt,
        rowid -> BigInt,
    }
}

diesel::table! {
    referral_codes (book_id, code_id) {
        book_id -> BigInt,
        code_id -> Binary,
        owner_id -> Binary,
        text -> Text,
        folded -> Text,
        is_primary -> Bool,
        active -> Bool,
        expires_at -> Nullable<BigInt>,
        max_uses -> Nullable<BigInt>,
        daily_limit -> Nullable<BigInt>,
        uses -> BigInt,
        last_used_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    referrals (book_id, referral_id) {
        book_id -> BigInt,
        referral_id -> Binary,
        referrer_id -> Binary,
        referred_id -> Binary,
        code_id -> Binary,
        code_text -> Text,
        rule_version -> BigInt,
        referrer_reward -> BigInt,
        welcome_credit -> BigInt,
        spend_threshold -> BigInt,
        qualification_window_days -> BigInt,
        clawback_window_days -> BigInt,
        hold_days -> BigInt,
        commission_rate -> Nullable<BigInt>,
        commission_months -> Nullable<BigInt>,
        commission_cap -> Nullable<BigInt>,
        source -> Text,
        click_id -> Nullable<Binary>,
        clicked_at -> Nullable<BigInt>,
        sub_id -> Nullable<Text>,
        signed_up_at -> Nullable<BigInt>,
        applied_at -> BigInt,
        qualifies_until -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    referral_progress (book_id, referral_id) {
        book_id -> BigInt,
        referral_id -> Binary,
        state -> Text,
        activated_at -> Nullable<BigInt>,
        completed_at -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        review -> Text,
        case_id -> Nullable<Binary>,
        verified_at -> Nullable<BigInt>,
        spend_gross -> BigInt,
        spend_refunded -> BigInt,
        welcome_status -> Text,
        welcome_reason -> Nullable<Text>,
        welcome_at -> Nullable<BigInt>,
        welcome_transaction -> Nullable<Binary>,
        reward_status -> Text,
        reward_reason -> Nullable<Text>,
        reward_at -> Nullable<BigInt>,
        reward_transaction -> Nullable<Binary>,
        reward_steps -> BigInt,
        reward_available_at -> Nullable<BigInt>,
        commission_gross -> BigInt,
        commission_refunded -> BigInt,
        commission_due -> BigInt,
        commission_posted -> BigInt,
        commission_steps -> BigInt,
        commission_reason -> Nullable<Text>,
        welcome_withdrawn -> Bool,
        reward_withdrawn -> Bool,
        commission_withdrawn -> BigInt,
        updated_at -> BigInt,
        last_event -> Nullable<Text>,
    }
}

diesel::table! {
    spend_events (book_id, source_id) {
        book_id -> BigInt,
        source_id -> Text,
        event_id -> Binary,
        kind -> Text,
        refunds -> Nullable<Text>,
        reason -> Nullable<Text>,
        body_hash -> Binary,
        user_id -> Binary,
        amount -> BigInt,
        currency -> Text,
        digits -> BigInt,
        occurred_at -> BigInt,
        recorded_at -> BigInt,
        outcome -> Text,
        referral_id -> Nullable<Binary>,
        counted -> BigInt,
        net_after -> Nullable<BigInt>,
        threshold -> Nullable<BigInt>,
        reward_amount -> Nullable<BigInt>,
        reward_transaction -> Nullable<Binary>,
        withheld_amount -> Nullable<BigInt>,
        withheld_reason -> Nullable<Text>,
        over_refund -> Bool,
        commission_amount -> Nullable<BigInt>,
        commission_transaction -> Nullable<Binary>,
        previous_event -> Nullable<Text>,
    }
}

diesel::table! {
    spend_event_details (book_id, source_id) {
        book_id -> BigInt,
        source_id -> Text,
        payment -> Nullable<Binary>,
        metadata -> Nullable<Text>,
    }
}

diesel::table! {
    spend_folds (book_id, source_id) {
        book_id -> BigInt,
        source_id -> Text,
        referral_id -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(books, programs, rule_versions, api_keys);
diesel::allow_tables_to_appear_in_same_query!(users, user_names, user_emails);
diesel::allow_tables_to_appear_in_same_query!(referrals, referral_progress);
diesel::allow_tables_to_appear_in_same_query!(spend_events, spend_event_details);
diesel::allow_tables_to_appear_in_same_query!(history_lines, user_names);
diesel::allow_tables_to_appear_in_same_query!(ledger_transactions, user_names);
diesel::allow_tables_to_appear_in_same_query!(referral_codes, user_names);
