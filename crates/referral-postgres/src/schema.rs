//! The tables as Diesel sees them, column by column as in `migrations/postgres`. A test compares the two.
//!
//! Left out: generated columns, and tables that only statements of our own touch.

mod adjusting;
mod audit;

pub(crate) use adjusting::{adjustment_steps, adjustments};
pub(crate) use audit::audit_log;

diesel::table! {
    books (book_id) {
        book_id -> BigInt,
        slug -> Text,
        currency -> Text,
        digits -> SmallInt,
        created_at -> Timestamptz,
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
        effective_from -> Timestamptz,
    }
}

diesel::table! {
    api_keys (book_id, api_key_id) {
        book_id -> BigInt,
        api_key_id -> Uuid,
        name -> Text,
        prefix -> Text,
        hash -> Binary,
        scopes -> Text,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    idempotency_replies (book_id, caller, endpoint, key) {
        book_id -> BigInt,
        caller -> Text,
        endpoint -> Text,
        key -> Text,
        request -> Binary,
        status -> SmallInt,
        body -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    users (book_id, user_id) {
        book_id -> BigInt,
        user_id -> Uuid,
        signed_up_at -> Nullable<Timestamptz>,
        event_word_at -> Nullable<Timestamptz>,
        event_word_verified -> Nullable<Bool>,
        token_word_at -> Nullable<Timestamptz>,
        token_word_verified -> Nullable<Bool>,
        first_verified_at -> Nullable<Timestamptz>,
        email -> Nullable<Binary>,
        first_seen_at -> Timestamptz,
    }
}

diesel::table! {
    user_names (book_id, host_id) {
        book_id -> BigInt,
        host_id -> Text,
        user_id -> Uuid,
    }
}

diesel::table! {
    referral_codes (book_id, code_id) {
        book_id -> BigInt,
        code_id -> Uuid,
        owner_id -> Uuid,
        text -> Text,
        folded -> Text,
        is_primary -> Bool,
        active -> Bool,
        expires_at -> Nullable<Timestamptz>,
        max_uses -> Nullable<BigInt>,
        daily_limit -> Nullable<BigInt>,
        uses -> BigInt,
        last_used_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    referrals (book_id, referral_id) {
        book_id -> BigInt,
        referral_id -> Uuid,
        referrer_id -> Uuid,
        referred_id -> Uuid,
        code_id -> Uuid,
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
        click_id -> Nullable<Uuid>,
        clicked_at -> Nullable<Timestamptz>,
        sub_id -> Nullable<Text>,
        signed_up_at -> Nullable<Timestamptz>,
        applied_at -> Timestamptz,
        qualifies_until -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    referral_progress (book_id, referral_id) {
        book_id -> BigInt,
        referral_id -> Uuid,
        state -> Text,
        activated_at -> Nullable<Timestamptz>,
        completed_at -> Nullable<Timestamptz>,
        closed_at -> Nullable<Timestamptz>,
        review -> Text,
        case_id -> Nullable<Uuid>,
        verified_at -> Nullable<Timestamptz>,
        spend_gross -> BigInt,
        spend_refunded -> BigInt,
        welcome_status -> Text,
        welcome_reason -> Nullable<Text>,
        welcome_at -> Nullable<Timestamptz>,
        welcome_transaction -> Nullable<Uuid>,
        reward_status -> Text,
        reward_reason -> Nullable<Text>,
        reward_at -> Nullable<Timestamptz>,
        reward_transaction -> Nullable<Uuid>,
        reward_steps -> BigInt,
        reward_available_at -> Nullable<Timestamptz>,
        commission_gross -> BigInt,
        commission_refunded -> BigInt,
        commission_due -> BigInt,
        commission_posted -> BigInt,
        commission_steps -> BigInt,
        commission_reason -> Nullable<Text>,
        welcome_withdrawn -> Bool,
        reward_withdrawn -> Bool,
        commission_withdrawn -> BigInt,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    spend_events (book_id, source_id) {
        book_id -> BigInt,
        source_id -> Text,
        event_id -> Uuid,
        kind -> Text,
        refunds -> Nullable<Text>,
        reason -> Nullable<Text>,
        body_hash -> Binary,
        user_id -> Uuid,
        amount -> BigInt,
        currency -> Text,
        digits -> SmallInt,
        occurred_at -> Timestamptz,
        recorded_at -> Timestamptz,
        outcome -> Text,
        referral_id -> Nullable<Uuid>,
        counted -> BigInt,
        net_after -> Nullable<BigInt>,
        threshold -> Nullable<BigInt>,
        reward_amount -> Nullable<BigInt>,
        reward_transaction -> Nullable<Uuid>,
        withheld_amount -> Nullable<BigInt>,
        withheld_reason -> Nullable<Text>,
        over_refund -> Bool,
        commission_amount -> Nullable<BigInt>,
        commission_transaction -> Nullable<Uuid>,
    }
}

diesel::table! {
    holds (book_id, hold_id) {
        book_id -> BigInt,
        hold_id -> Uuid,
        referral_id -> Uuid,
        user_id -> Uuid,
        kind -> Text,
        source_id -> Nullable<Text>,
        amount -> BigInt,
        matures_at -> Timestamptz,
        created_at -> Timestamptz,
        steps -> BigInt,
        remaining -> BigInt,
    }
}

diesel::table! {
    ledger_transactions (book_id, transaction_id) {
        book_id -> BigInt,
        transaction_id -> Uuid,
        user_id -> Uuid,
        kind -> Text,
        referral_id -> Nullable<Uuid>,
        reverses -> Nullable<Uuid>,
        description -> Text,
        reference -> Nullable<Text>,
        reference_type -> Nullable<Text>,
        created_by -> Text,
        effective_at -> Timestamptz,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    history_lines (book_id, user_id, n) {
        book_id -> BigInt,
        user_id -> Uuid,
        n -> BigInt,
        prev_n -> Nullable<BigInt>,
        transaction_id -> Uuid,
        available_before -> BigInt,
        held_before -> BigInt,
        in_payout_before -> BigInt,
        owed_before -> BigInt,
        available_after -> BigInt,
        held_after -> BigInt,
        in_payout_after -> BigInt,
        owed_after -> BigInt,
        earned -> BigInt,
        taken -> BigInt,
        paid_out -> BigInt,
        at -> Timestamptz,
    }
}

diesel::table! {
    redemptions (book_id, redemption_id) {
        book_id -> BigInt,
        redemption_id -> Uuid,
        user_id -> Uuid,
        reference -> Text,
        asked -> BigInt,
        mode -> Text,
        redeemed -> BigInt,
        description -> Nullable<Text>,
        transaction_id -> Nullable<Uuid>,
        available -> BigInt,
        held -> BigInt,
        in_payout -> BigInt,
        owed -> BigInt,
        payable -> BigInt,
        as_of -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    redemption_reversals (book_id, redemption_id, n) {
        book_id -> BigInt,
        redemption_id -> Uuid,
        n -> BigInt,
        prev_n -> Nullable<BigInt>,
        redeemed -> BigInt,
        reference -> Text,
        asked -> Nullable<BigInt>,
        amount -> BigInt,
        remaining_before -> BigInt,
        remaining -> BigInt,
        reason -> Nullable<Text>,
        transaction_id -> Uuid,
        available -> BigInt,
        held -> BigInt,
        in_payout -> BigInt,
        owed -> BigInt,
        payable -> BigInt,
        as_of -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(referral_codes, user_names);
diesel::allow_tables_to_appear_in_same_query!(referrals, referral_progress);
diesel::allow_tables_to_appear_in_same_query!(books, programs, rule_versions, api_keys);
diesel::allow_tables_to_appear_in_same_query!(users, user_names);
diesel::allow_tables_to_appear_in_same_query!(history_lines, ledger_transactions, user_names);
