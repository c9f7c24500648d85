//! The ledger's tables, and those of what posts to it.

diesel::table! {
    accounts (book_id, account_id) {
        book_id -> BigInt,
        account_id -> Binary,
        user_id -> Binary,
        purpose -> Text,
        currency -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    account_heads (book_id, account_id) {
        book_id -> BigInt,
        account_id -> Binary,
        seq -> BigInt,
        balance -> BigInt,
    }
}

diesel::table! {
    ledger_transactions (book_id, transaction_id) {
        book_id -> BigInt,
        transaction_id -> Binary,
        user_id -> Binary,
        kind -> Text,
        referral_id -> Nullable<Binary>,
        reverses -> Nullable<Binary>,
        description -> Text,
        reference -> Nullable<Text>,
        reference_type -> Nullable<Text>,
        created_by -> Text,
        effective_at -> BigInt,
        recorded_at -> BigInt,
    }
}

diesel::table! {
    transfers (book_id, transfer_id) {
        book_id -> BigInt,
        transfer_id -> Binary,
        transaction_id -> Binary,
        kind -> Text,
        origin -> Text,
        origin_id -> Text,
        leg -> BigInt,
        debit_account -> Nullable<Binary>,
        debit_system -> Nullable<Text>,
        credit_account -> Nullable<Binary>,
        credit_system -> Nullable<Text>,
        currency -> Text,
        amount -> BigInt,
        referral_id -> Nullable<Binary>,
        effective_at -> BigInt,
        recorded_at -> BigInt,
    }
}

diesel::table! {
    entries (book_id, account_id, seq) {
        book_id -> BigInt,
        account_id -> Binary,
        seq -> BigInt,
        prev_seq -> Nullable<BigInt>,
        transfer_id -> Binary,
        side -> Text,
        amount -> BigInt,
        balance_before -> BigInt,
        balance_after -> BigInt,
        purpose -> Text,
    }
}

diesel::table! {
    history_lines (book_id, user_id, n) {
        book_id -> BigInt,
        user_id -> Binary,
        n -> BigInt,
        prev_n -> Nullable<BigInt>,
        transaction_id -> Binary,
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
        at -> BigInt,
    }
}

diesel::table! {
    reward_steps (book_id, referral_id, n) {
        book_id -> BigInt,
        referral_id -> Binary,
        n -> BigInt,
        prev_n -> Nullable<BigInt>,
        kind -> Text,
        amount -> BigInt,
        transaction_id -> Binary,
        at -> BigInt,
        budget_month -> Nullable<BigInt>,
    }
}

diesel::table! {
    commission_steps (book_id, referral_id, n) {
        book_id -> BigInt,
        referral_id -> Binary,
        n -> BigInt,
        prev_n -> Nullable<BigInt>,
        amount -> BigInt,
        posted_before -> BigInt,
        posted -> BigInt,
        transaction_id -> Binary,
        at -> BigInt,
    }
}

diesel::table! {
    holds (book_id, hold_id) {
        book_id -> BigInt,
        hold_id -> Binary,
        referral_id -> Binary,
        user_id -> Binary,
        kind -> Text,
        source_id -> Nullable<Text>,
        amount -> BigInt,
        matures_at -> BigInt,
        created_at -> BigInt,
        steps -> BigInt,
        remaining -> BigInt,
    }
}

diesel::table! {
    budget_months (book_id, month) {
        book_id -> BigInt,
        month -> BigInt,
        granted -> BigInt,
        closed_under -> Nullable<BigInt>,
    }
}

diesel::table! {
    redemptions (book_id, redemption_id) {
        book_id -> BigInt,
        redemption_id -> Binary,
        user_id -> Binary,
        reference -> Text,
        asked -> BigInt,
        mode -> Text,
        redeemed -> BigInt,
        description -> Nullable<Text>,
        transaction_id -> Nullable<Binary>,
        available -> BigInt,
        held -> BigInt,
        in_payout -> BigInt,
        owed -> BigInt,
        payable -> BigInt,
        as_of -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    redemption_reversals (book_id, redemption_id, n) {
        book_id -> BigInt,
        redemption_id -> Binary,
        n -> BigInt,
        prev_n -> Nullable<BigInt>,
        redeemed -> BigInt,
        reference -> Text,
        asked -> Nullable<BigInt>,
        amount -> BigInt,
        remaining_before -> BigInt,
        remaining -> BigInt,
        reason -> Nullable<Text>,
        transaction_id -> Binary,
        available -> BigInt,
        held -> BigInt,
        in_payout -> BigInt,
        owed -> BigInt,
        payable -> BigInt,
        as_of -> BigInt,
        created_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(accounts, account_heads);
diesel::allow_tables_to_appear_in_same_query!(history_lines, ledger_transactions);
