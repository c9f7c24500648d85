//! The rules of referrals, rewards and the ledger. Pure: no I/O, no clock, no chance.
//!
//! A rule is a total function: what is locked and asked goes in, what is to be recorded comes out as a value. Every id
//! and instant is an argument. [`apply`] makes a referral, [`spend`] counts what its referred user spent, [`settle`]
//! says what is due and what is to be taken back, [`commission`], [`hold`] and [`budget`] are its parts, [`grant`] and [`ledger::Journal`] post it,
//! [`credit`] says how it may be used, and [`explain`] why an event was paid or was not. [`port`] is what the use
//! cases ask of a store, and [`port::Changes`] what they have it record.
//!
//! # Invariants
//!
//! Each with the tests that fail when it breaks: `cargo test -p referral-domain --test rules <name>` for the rules
//! here; `contract::<name>` is a case of `referral-testkit`, run by every store; `sqlite` is the schema's own refusal.
//!
//! | | invariant | tests |
//! |---|---|---|
//! | I1 | Each transfer moves a positive amount between two accounts of one currency; all accounts sum to zero. | `journal::each_transfer_is_positive_and_all_parties_sum_to_zero`, `journal_faults::nothing_cannot_be_posted`; `contract::proof::honest_work_verifies_with_true_counts` |
//! | I2 | Ledger rows are never changed or deleted, through any path the service has. | no port can; `contract::refusals::one_command_posted_twice_is_refused`; `sqlite`: the attacks on the schema |
//! | I3 | `available`, `held`, `in payout` and `owed` are never negative. | `journal::no_balance_is_ever_negative_nor_is_anything_available_while_something_is_owed`, `journal_faults::more_than_is_available_cannot_be_taken`, `hold::what_was_released_and_used_becomes_owed_and_no_other_hold_pays_for_it`; `contract::wallets::two_units_that_take_the_same_balance_at_once_never_overdraw` |
//! | I4 | A cached balance equals the fold of its entries. | `journal::entries_chain_and_the_head_is_their_fold`, `journal::history_lines_follow_one_another_and_end_in_the_wallet`; `contract::wallets::a_posting_onto_a_stale_wallet_is_refused` |
//! | I5 | A reward is posted at most once at a time, under any concurrency, retry, crash or replay. | `settle::settling_twice_grants_nothing_more`, `spend::telling_everything_again_changes_nothing`; `contract::races::events_that_cross_the_threshold_at_once_grant_one_reward`, `contract::refusals::a_reward_step_taken_twice_is_refused` |
//! | I6 | The same event twice equals once; another body under the same id changes nothing and is refused. | `spend::the_same_event_again_gets_the_first_answer_and_changes_nothing`, `spend::another_body_under_the_same_id_is_a_conflict_and_changes_nothing`; `contract::races::the_same_event_sent_fifty_times_at_once_counts_once` |
//! | I7 | Any order of the same spends, refunds and verifications ends in the same net, due state and money. | `level_refunds::any_order_and_batching_of_spends_refunds_and_verifications_ends_the_same`, `level::any_order_of_the_same_spends_and_verifications_ends_the_same`, `level::every_order_of_a_story_ends_in_one_reward`, `level::spends_told_before_the_sign_up_end_as_if_told_after_it`, `user::any_order_of_the_same_tales_ends_the_same` |
//! | I8 | A user is referred at most once per program. | `apply::each_refusal_is_reached_and_of_two_the_first_is_told`, `apply::the_same_code_again_answers_the_same_referral_whatever_has_changed_since`; `contract::referrals::a_user_is_referred_at_most_once_at_whatever_concurrency` |
//! | I9 | Nothing is granted from a referral under review, nor from one whose referred user is not verified, nor to a user whose e-mail is known to be unverified. | `settle::nothing_is_granted_that_must_not_be`, `settle::what_is_withheld_says_the_gravest_reason_and_grants_nothing`, `settle_window::a_verification_after_the_window_never_activates`, `credit::who_may_redeem` |
//! | I10 | No referrer gains more than the daily limit of referrals in any rolling 24 hours, over all their codes. | `apply_window::a_referrer_at_the_limit_is_told_from_when_the_next_one_fits`, `apply::a_code_with_its_own_daily_limit_overrides_the_programs`; `contract::referrals::the_daily_limit_is_exact_at_whatever_concurrency` |
//! | I11 | What was acknowledged is stored, after any crash. | `contract::outages::a_unit_that_meets_an_outage_is_stored_whole_or_not_at_all`, and the black-box test that kills the server |
//! | I12 | A payout pays at most once; paid payouts equal what left `in payout`. | `contract::payouts::a_payout_settled_by_many_at_once_pays_once`, `contract::payouts::a_payout_enters_one_batch_of_those_built_at_once`; the `payouts` check of `ledger verify` |
//! | I13 | Day rows equal a recomputation from events. | `tracking::merging_keeps_every_sum_and_leaves_one_row_a_key`, `level::every_order_of_a_story_ends_in_one_reward` (its counts); the recomputation over a store comes with tracking |
//! | I14 | One user can never read or change another's data; one program never another's. | `contract::programs::one_program_never_sees_what_belongs_to_another`; the coverage tables of `referral-http` |
//! | I15 | Rules in force when a code was applied decide that referral, whatever is published later. | `apply::a_referral_pins_what_was_promised_when_the_code_was_applied`, `apply::each_referral_is_judged_by_the_terms_it_pinned_whatever_the_others_say` |
//! | I16 | Monthly rewards never exceed the program's budget. | `hold::the_first_reward_that_does_not_fit_closes_its_month_to_later_ones`; `contract::budgets::a_budget_is_never_exceeded_at_whatever_concurrency`, `contract::floods::of_all_who_qualify_at_once_as_many_are_rewarded_as_fit_the_budget` |
//! | I17 | No ring of referrals exists. | `apply::each_refusal_is_reached_and_of_two_the_first_is_told` (`referral-cycle`); `contract::referrals::no_ring_is_closed_by_users_who_apply_each_others_codes_at_once` |

pub mod adjustment;
pub mod apply;
pub mod audit;
pub mod auth;
pub mod budget;
pub mod chart;
pub mod code;
pub mod commission;
pub mod credit;
pub mod explain;
pub mod grant;
pub mod hold;
pub mod identity;
pub mod payout;
pub mod port;
pub mod program;
pub mod referral;
pub mod retraction;
pub mod rules;
pub mod settle;
pub mod spend;
pub mod statement;
pub mod tracking;
pub mod trial_balance;
pub mod user;

pub use referral_ledger::{id, ledger, money, reference, time};
