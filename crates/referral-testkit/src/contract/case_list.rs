//! Every case, listed once.

/// Emits one test for each case of the store's contract, on the subjects that `$make` makes: an `async fn() -> Subject`.
#[macro_export]
macro_rules! store_contract {
    ($make:path) => {
        $crate::contract_tests! { $make;
            unit_of_work {
                a_commit_makes_everything_visible,
                dropping_a_unit_stores_nothing_and_leaves_nothing_locked,
                a_unit_sees_what_it_recorded_itself,
                a_unit_sees_everything_committed_before_it_began,
                an_abandoned_call_never_leaks_into_the_next_unit,
                a_unit_with_an_abandoned_call_is_of_no_more_use,
                an_abandoned_begin_leaves_nothing_locked,
                an_abandoned_commit_is_stored_whole_or_not_at_all,
            }
            programs {
                a_program_is_stored_with_its_first_rules_and_read_back_equal,
                a_program_has_rules_from_the_instant_it_was_made,
                a_program_that_does_not_exist_is_not_found,
                a_slug_that_is_taken_changes_nothing,
                programs_are_listed_by_slug,
                one_program_never_sees_what_belongs_to_another,
            }
            rules {
                a_version_is_in_force_from_its_instant_on_and_not_before,
                of_versions_from_one_instant_the_later_is_in_force,
                the_newest_version_is_answered_in_force_or_not,
                a_version_is_published_once,
                versions_published_at_once_are_numbered_without_a_gap,
                versions_are_listed_newest_first_with_who_published_them,
                what_is_published_later_does_not_touch_a_referral,
                a_program_that_is_saved_shows_what_changed_and_keeps_the_rest,
                a_locked_program_does_not_change_until_the_unit_ends,
            }
            users {
                locking_makes_the_users_that_are_missing,
                a_user_who_exists_keeps_their_id_and_first_sight,
                a_name_is_one_user_whose_case_matters,
                locking_answers_names_first_then_ids_each_in_input_order,
                names_are_answered_in_input_order,
                facts_of_a_user_are_read_back_equal,
                facts_can_be_taken_back,
                a_user_nobody_named_is_unknown,
                an_email_belongs_to_the_first_who_ever_had_it,
                of_units_that_bring_one_mailbox_at_once_one_finds_it_free,
                one_name_met_by_many_units_at_once_is_one_user,
                a_locked_user_does_not_change_until_the_unit_ends,
            }
            codes {
                a_vanity_code_stands_beside_the_primary_one,
                what_bounds_a_code_is_replaced,
                codes_are_listed_newest_first,
                a_free_code_is_claimed_and_found_in_any_spelling,
                an_owner_who_has_a_code_keeps_it,
                a_text_that_is_taken_once_folded_changes_nothing,
                every_field_of_a_code_is_read_back_equal,
                codes_are_locked_in_input_order,
                a_use_of_a_code_is_counted,
                two_first_asks_at_once_yield_one_code,
                one_text_claimed_by_two_owners_at_once_is_one_owners,
                a_locked_code_does_not_change_until_the_unit_ends,
            }
            referrals {
                locking_answers_by_referred_user_and_leaves_out_who_has_none,
                a_locked_referral_does_not_change_until_the_unit_ends,
                ancestors_are_the_nearest_first_and_at_most_so_many,
                a_ring_is_walked_at_most_so_many_generations,
                the_nth_newest_is_exact_at_its_bounds,
                the_nth_newest_counts_when_a_referral_was_recorded_not_applied,
                those_who_wait_for_their_referrers_email_are_found,
                a_user_is_referred_at_most_once_at_whatever_concurrency,
                the_daily_limit_is_exact_at_whatever_concurrency,
                no_ring_is_closed_by_users_who_apply_each_others_codes_at_once,
            }
            claims {
                referrals_whose_window_is_over_are_claimed_and_no_others,
                one_programs_workers_claim_nothing_of_anothers,
                at_most_so_many_expired_referrals_are_claimed,
                an_expired_referral_is_claimed_until_it_is_labelled,
                two_workers_at_once_expire_each_referral_once,
                referrals_not_at_their_level_are_claimed_and_no_others,
                what_a_paused_program_withholds_is_settled_while_it_is_paused,
                only_a_referrers_email_known_to_be_unverified_keeps_a_reward_waiting,
                two_reconcilers_at_once_claim_different_referrals,
                a_story_told_honestly_leaves_nothing_unsettled,
            }
            spending {
                a_scene_makes_the_users_that_are_missing,
                a_scene_holds_the_referrals_and_what_is_known_of_the_referrers,
                a_scene_holds_the_events_already_recorded_under_the_ids_asked_for,
                what_is_told_of_a_payment_needs_no_metadata,
                an_empty_scene_is_empty,
                events_that_wait_are_found_oldest_first_from_an_instant_on,
                an_event_that_met_a_referral_does_not_wait,
                an_event_that_was_folded_in_is_still_answered_as_it_was_recorded,
                an_event_and_the_sign_up_it_waits_for_at_once_count_it_once,
            }
            refunds {
                every_field_of_a_refund_is_read_back_equal,
                a_scene_holds_the_refunds_that_name_the_ids_asked_for,
                the_refunds_of_spends_are_answered_as_a_scene_does,
                refunds_do_not_wait_for_a_sign_up_and_go_with_their_spend,
                a_refund_of_a_spend_that_waited_too_long_is_recorded_as_that_was,
                an_event_is_reported_with_all_that_decides_it,
                a_reward_is_taken_back_and_granted_again,
                what_was_used_is_owed_and_repaid_by_the_next_reward,
                events_in_any_order_and_batches_end_the_same,
                one_refund_sent_many_times_at_once_counts_once,
                spends_and_refunds_at_once_end_at_their_level,
            }
            wallets {
                wallets_are_opened_in_the_order_of_ids_empty_ones_too,
                a_wallet_is_read_back_as_the_journal_left_it,
                a_wallet_of_a_currency_with_other_digits_is_its_own,
                two_units_that_take_the_same_balance_at_once_never_overdraw,
                a_hundred_redemptions_of_one_from_ten_are_exactly_ten,
                a_posting_onto_a_stale_wallet_is_refused,
                what_was_earned_until_an_instant_includes_that_instant,
                a_user_who_never_had_anything_earned_nothing,
                the_line_of_a_transaction_is_found_with_it,
            }
            holds {
                a_held_reward_is_read_back_and_cannot_be_used,
                open_holds_are_answered_by_referral_then_age,
                holds_that_have_matured_are_claimed_and_no_others,
                one_programs_holds_are_not_claimed_for_another,
                workers_at_once_release_each_hold_once,
                a_held_reward_taken_back_leaves_its_own_hold_alone,
                a_released_reward_taken_back_is_taken_from_what_is_available,
                a_commission_taken_back_leaves_the_hold_of_the_spend_it_came_from,
                a_hold_released_by_another_unit_is_not_released_again,
            }
            commissions {
                a_commission_follows_net_spend_both_ways,
                what_is_withheld_of_a_commission_is_posted_when_nothing_stands_in_the_way,
                spends_and_refunds_at_once_post_the_commission_of_the_net,
                a_commission_step_taken_twice_is_refused,
                commissions_not_at_their_level_are_claimed_and_no_others,
                a_commission_withheld_by_a_pause_is_not_claimed_while_it_lasts,
                what_was_posted_and_is_not_due_is_claimed,
                a_commission_of_fraud_is_claimed_though_nothing_else_was_posted,
            }
            withdrawals {
                what_was_withdrawn_is_read_back_and_not_granted_again,
                what_is_withdrawn_while_it_is_held_leaves_its_own_hold_first,
                withdrawals_of_one_transaction_at_once_take_it_back_once,
                what_was_withdrawn_stays_withdrawn,
            }
            budgets {
                a_month_nobody_asked_is_untouched,
                a_month_is_read_back_as_it_was_recorded,
                a_budget_is_counted_and_closed_by_the_first_that_does_not_fit,
                what_was_granted_before_there_was_a_budget_counts_in_its_month,
                a_budget_is_never_exceeded_at_whatever_concurrency,
                a_locked_month_does_not_change_until_the_unit_ends,
                what_the_budget_withheld_is_claimed_oldest_first_and_nothing_else,
            }
            redemptions {
                a_redemption_is_found_by_its_reference_and_read_back_equal,
                a_redemption_is_locked_with_what_remains_of_it,
                a_reversal_is_found_by_its_reference_and_read_back_equal,
                a_redemption_and_a_reversal_without_words_are_read_back_equal,
                one_reference_redeemed_by_many_at_once_is_redeemed_once,
                reversals_at_once_never_give_back_more_than_was_redeemed,
            }
            payouts {
                each_version_of_a_method_is_read_back_equal,
                a_payout_is_read_back_equal_at_every_stage,
                payouts_are_locked_by_id_and_those_unknown_are_left_out,
                approved_payouts_of_a_kind_are_found_the_oldest_first,
                a_batch_is_read_back_equal_at_every_stage,
                a_second_open_payout_is_refused,
                a_hundred_payouts_of_one_balance_asked_for_at_once_are_one,
                a_payout_enters_one_batch_of_those_built_at_once,
                a_payout_settled_by_many_at_once_pays_once,
                a_locked_payout_does_not_change_until_the_unit_ends,
                payouts_are_listed_newest_first_by_user_and_status,
                batches_are_listed_newest_first_and_one_is_told_with_its_payouts,
                a_summary_is_what_one_user_was_paid_and_has_open,
            }
            idempotency {
                a_key_nobody_used_is_free_and_stays_free_until_a_reply_is_stored,
                a_reply_is_read_back_equal_under_its_key_and_no_other,
                a_reply_of_a_unit_that_was_dropped_is_not_kept,
                a_claim_waits_for_the_unit_that_holds_the_key,
                replies_recorded_before_an_instant_are_forgotten_at_most_so_many,
            }
            audit {
                an_entry_of_the_audit_log_is_read_back_equal,
                the_audit_log_is_paged_newest_first,
                the_audit_log_is_found_by_who_what_to_what_and_when,
                a_person_who_acts_is_one_user_of_the_book,
                one_programs_audit_log_is_not_anothers,
                an_entry_is_kept_only_with_the_change_it_tells_of,
                one_new_person_who_acts_in_many_units_at_once_is_one_user,
            }
            api_keys {
                a_key_is_locked_by_its_id,
                of_those_who_revoke_a_locked_key_at_once_one_finds_it_live,
                a_key_is_read_back_equal_with_any_scopes,
                keys_are_listed_newest_first,
                a_key_is_revoked_once_and_found_all_the_same,
                a_key_remembers_to_the_minute_when_it_was_used,
            }
            records {
                every_field_of_a_referral_is_read_back_equal,
                every_field_of_a_referrals_progress_is_replaced,
                what_was_granted_is_read_back_with_its_transaction,
                every_field_of_an_event_is_read_back_equal,
                recording_nothing_changes_nothing,
            }
            postings {
                every_field_of_a_transaction_is_read_back_equal,
                a_posting_to_many_users_reaches_each,
                one_unit_may_record_twice_and_open_what_it_posted,
                what_a_user_owes_is_kept_and_repaid_first,
                what_a_command_posted_is_found_by_its_natural_key,
            }
            refusals {
                a_second_referral_of_one_user_is_refused,
                a_second_event_of_one_source_is_refused,
                an_event_folded_in_twice_is_refused,
                a_second_redemption_of_one_reference_is_refused,
                a_second_reversal_of_one_reference_is_refused,
                a_reward_step_taken_twice_is_refused,
                one_command_posted_twice_is_refused,
                a_unit_that_was_refused_leaves_the_store_of_use,
            }
            batches {
                a_batch_equals_its_items_one_by_one,
            }
            floods {
                of_all_who_qualify_at_once_as_many_are_rewarded_as_fit_the_budget,
                a_payout_run_whose_every_step_is_taken_many_times_at_once_pays_each_once,
            }
            races {
                the_same_event_sent_fifty_times_at_once_counts_once,
                events_that_cross_the_threshold_at_once_grant_one_reward,
                friends_of_one_referrer_who_cross_at_once_are_rewarded_once_each,
                friends_of_many_referrers_who_cross_at_once_are_rewarded_once_each,
                overlapping_batches_in_any_rotation_all_end,
                a_verification_and_the_spend_it_releases_at_once_grant_each_promise_once,
                credits_used_while_rewards_arrive_add_up,
            }
            reports {
                a_store_that_answers_is_ready,
                reports_see_only_what_is_committed_and_wait_for_no_unit,
                a_referrers_referrals_are_counted_by_state,
                what_a_referrer_earned_is_what_was_posted,
                using_credits_does_not_change_what_was_earned,
                whether_a_user_may_use_credits_is_told_with_them,
                who_must_verify_is_told_as_the_domain_has_it,
                many_codes_and_many_accounts_are_read_at_once_in_the_order_asked,
                a_user_without_any_story_has_nothing,
            }
            snapshots {
                a_summary_comes_to_the_balance_beside_it_while_credits_move,
                an_account_is_of_one_instant_while_credits_move,
                a_users_referral_agrees_with_their_email_while_words_come_in,
                a_code_was_used_as_often_as_it_brought_somebody_while_users_sign_up,
            }
            history {
                a_history_is_answered_newest_first,
                pages_of_any_size_hold_each_line_once,
                a_page_of_a_filtered_history_is_filled,
                a_history_is_filtered_by_kind_and_time,
                a_summary_adds_up_the_history,
                a_summary_leaves_out_kinds_without_transactions,
            }
            adjustments {
                an_adjustment_is_found_by_its_reference_and_by_its_id_and_read_back_equal,
                an_adjustment_that_waits_is_posted_when_it_is_approved,
                one_reference_adjusted_by_many_at_once_is_adjusted_once,
                people_who_decide_at_once_decide_once,
                who_asked_cannot_be_recorded_as_who_decided,
                an_adjustment_decided_twice_is_refused,
                adjustments_are_listed_newest_first_and_by_what_a_filter_says,
            }
            people {
                referrals_are_listed_newest_first_by_everything_a_filter_says,
                pages_of_referrals_hold_each_once,
                a_referral_is_told_with_the_last_of_what_came_of_it,
                a_user_is_told_whole,
                a_users_file_is_of_one_instant_while_credits_move,
            }
            books {
                a_book_in_which_nothing_moved_has_an_empty_trial_balance,
                a_trial_balance_is_of_what_was_recorded_at_or_before_an_instant,
                a_trial_balance_agrees_with_what_users_have,
                a_trial_balance_is_of_one_instant_while_credits_move,
                the_line_at_an_instant_is_the_last_one_recorded_at_or_before_it,
                transactions_are_found_newest_first_with_the_names_of_their_users,
                transactions_are_found_by_everything_a_filter_says,
                a_referrals_transactions_are_found,
                pages_of_transactions_hold_each_once_whoever_is_asked_about,
                a_transaction_is_answered_with_everything_it_wrote,
                a_users_accounts_are_answered_with_their_heads,
                transfers_are_found_newest_first_and_by_everything_a_filter_says,
                pages_of_transfers_hold_each_once_whichever_account_is_asked_about,
                a_journal_holds_every_transaction_of_a_span_once_oldest_first,
                a_journals_legs_come_to_the_trial_balance,
            }
            sealing {
                what_is_posted_is_sealed_once_and_verified,
                what_is_not_sealed_yet_is_told,
                a_search_that_ends_at_its_limit_goes_on_with_its_mark,
                a_pass_that_is_not_committed_loses_nobody,
                a_late_commit_with_an_early_id_is_sealed_later,
                each_program_has_a_chain_of_its_own,
                of_sealers_at_once_each_transfer_is_sealed_by_one,
                a_block_that_does_not_follow_is_refused,
                blocks_are_read_back_equal_and_in_order,
                each_of_a_users_transfers_leads_to_the_root_of_its_block,
            }
            proof {
                an_empty_ledger_verifies,
                honest_work_verifies_with_true_counts,
                what_is_withheld_is_not_missing,
                a_reward_that_is_due_and_not_granted_is_found,
            }
            outages {
                no_unit_begins_while_the_store_is_away,
                every_report_says_that_the_store_is_away,
                a_unit_that_meets_an_outage_is_stored_whole_or_not_at_all,
                a_story_interrupted_by_outages_ends_as_if_there_had_been_none,
            }
        }
    };
}

#[cfg(test)]
mod tests {
    /// The source of each group of cases.
    macro_rules! sources {
        ($($group:ident),+ $(,)?) => {
            [$((stringify!($group), include_str!(concat!(stringify!($group), ".rs")))),+]
        };
    }

    #[test]
    fn every_case_is_listed_and_so_is_every_group() {
        let list = concat!(include_str!("limiter_list.rs"), include_str!("case_list.rs"));
        let list = list.split("mod tests").next().unwrap();
        let groups = sources!(
            adjustments,
            api_keys,
            audit,
            batches,
            books,
            budgets,
            claims,
            codes,
            commissions,
            floods,
            history,
            holds,
            idempotency,
            limiter,
            outages,
            payouts,
            people,
            postings,
            programs,
            proof,
            races,
            records,
            redemptions,
            referrals,
            refunds,
            refusals,
            reports,
            rules,
            sealing,
            snapshots,
            spending,
            unit_of_work,
            users,
            wallets,
            withdrawals,
        );
        let mut cases = 0;
        for (group, source) in groups {
            let (_, block) = list.split_once(&format!(" {group} {{\n")).expect(group);
            let block = block.split('}').next().unwrap();
            for case in source.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
                let name = case.split('(').next().unwrap();
                assert!(block.contains(&format!(" {name},\n")), "{group}::{name} is not listed");
                cases += 1;
            }
        }
        println!("groups={} cases={cases}", groups.len());
        let modules = include_str!("mod.rs").matches("\npub mod ").count();
        assert_eq!(modules, groups.len(), "each module of cases is looked at");
    }
}
