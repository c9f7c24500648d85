//! How a case becomes a test.

/// Emits one test a case; see [`store_contract!`](crate::store_contract).
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($make:path; $($group:ident { $($case:ident),+ $(,)? })+) => {$(
        mod $group {
            #[allow(unused_imports, reason = "the maker may be named by its full path")]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    $crate::contract::run($make(), $crate::contract::$group::$case).await;
                }
            )+
        }
    )+};
}
