//! Every case of the limiter, listed once.

/// Emits one test for each case of the limiter's contract, on what `$make` makes: an `async fn() -> Limited`.
#[macro_export]
macro_rules! limiter_contract {
    ($make:path) => {
        $crate::contract_tests! { $make;
            limiter {
                as_many_are_admitted_as_the_quota_says,
                it_is_told_exactly_when_an_ask_fits_again,
                the_longest_wait_of_all_quotas_is_told,
                a_burst_that_straddles_two_windows_is_no_larger,
                no_window_holds_more_than_its_quota_and_nothing_that_fits_is_refused,
                an_ask_is_counted_under_every_key_or_under_none,
                being_refused_does_not_put_off_the_next_admission,
                keys_know_nothing_of_each_other,
                a_quota_of_nothing_admits_nothing,
                what_is_released_can_be_used_again,
                releasing_twice_takes_back_once,
                two_asks_of_one_instant_are_released_apart,
                releasing_what_no_window_holds_any_more_changes_nothing,
                asks_at_once_are_admitted_exactly_as_often_as_the_quota_says,
            }
        }
    };
}
