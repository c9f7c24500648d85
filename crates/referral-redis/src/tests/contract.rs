//! Every promise of the limiter, on both.

mod single {
    use referral_testkit::contract::limiter::Limited;

    async fn limiter() -> Limited {
        crate::tests::fresh(&crate::tests::shared())
    }

    referral_testkit::limiter_contract!(limiter);
}

mod clustered {
    use referral_testkit::contract::limiter::Limited;

    async fn limiter() -> Limited {
        crate::tests::fresh(&crate::tests::cluster().urls())
    }

    referral_testkit::limiter_contract!(limiter);
}
