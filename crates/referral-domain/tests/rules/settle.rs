//! Settling: what is due is granted once, or withheld with the gravest reason why not.

use proptest::prelude::*;
use referral_domain::grant;
use referral_domain::hold::Holds;
use referral_domain::id::TransactionId;
use referral_domain::ledger::{
    Journal, Origin, Party, ReferenceType, SystemAccount, TransactionKind, Wallet,
};
use referral_domain::referral::{Award, Referral, Review, SpendTotals, State, StateName, WithheldReason};
use referral_domain::settle::{Circumstances, Grant, Promise, is_reward_due, resettle, settle};
use referral_domain::user::EmailStatus;
use uuid::Uuid;

use crate::made::{ANA, BEN, BOOK, NOW, clear, days, ids, plenty, referral, source, untouched, usd};

fn with(change: impl FnOnce(&mut Referral)) -> Referral {
    let mut referral = referral();
    change(&mut referral);
    referral
}

/// Verified now, and 50.00 spent: everything is due.
fn earned() -> Referral {
    with(|it| {
        it.progress.verified_at = Some(NOW);
        it.progress.spend.gross = 5_000;
    })
}

fn settled(mut referral: Referral, seen: &Circumstances) -> (Referral, Vec<Grant>) {
    let grants = settle(&mut referral, seen, &mut plenty(), &mut ids(100));
    (referral, grants)
}

fn granted(transaction: u128) -> Award {
    Award::Granted { at: NOW, transaction: TransactionId::from_uuid(Uuid::from_u128(transaction)) }
}

#[test]
fn what_is_due_is_granted_to_whom_it_was_promised() {
    let (after, grants) = settled(earned(), &clear(NOW));
    let told: Vec<_> = grants.iter().map(|it| (it.promise, it.to, it.amount, it.effective_at)).collect();
    let reward = Promise::Reward { step: 1, threshold: 5_000 };
    assert_eq!(told, [(Promise::Welcome, BEN, 1_000, NOW), (reward, ANA, 2_500, NOW)]);
    assert_eq!((after.progress.welcome, after.progress.reward), (granted(101), granted(102)));
    assert_eq!((after.progress.reward_steps, after.progress.state.name()), (1, StateName::Completed));
    assert!(grants.iter().all(|it| it.referral == after.facts.id && it.cause.is_none()));
}

#[test]
fn an_amount_of_nothing_is_never_granted() {
    let mut free = earned();
    (free.facts.terms.referrer_reward, free.facts.terms.welcome_credit) = (0, 0);
    let (after, grants) = settled(free, &clear(NOW));
    assert_eq!((grants, after.progress.reward_steps), (vec![], 0));
    assert_eq!((after.progress.welcome, after.progress.reward), (Award::NotDue, Award::NotDue));
}

#[test]
fn what_is_withheld_says_the_gravest_reason_and_grants_nothing() {
    use WithheldReason::{EmailNotVerified, ProgramPaused, ReferrerEmailNotVerified, UnderReview};
    for bits in 1..16_u8 {
        let [unverified, reviewed, paused, referrer] = [1, 2, 4, 8].map(|bit| bits & bit != 0);
        let mut due = earned();
        due.progress.state = State::Active { activated_at: NOW };
        due.progress.verified_at = (!unverified).then_some(NOW);
        due.progress.review = if reviewed { Review::Open } else { Review::Cleared };
        let known = if referrer { EmailStatus::Unverified } else { EmailStatus::Verified(NOW) };
        let (after, grants) = settled(due, &Circumstances { paused, referrer: known, ..clear(NOW) });
        let reasons = [(unverified, EmailNotVerified), (reviewed, UnderReview), (paused, ProgramPaused)];
        let gravest = reasons.into_iter().find_map(|(stands, reason)| stands.then_some(reason));
        assert_eq!(after.progress.welcome.reason(), gravest, "{bits:04b}");
        assert_eq!(
            after.progress.reward.reason(),
            Some(gravest.unwrap_or(ReferrerEmailNotVerified)),
            "{bits:04b}"
        );
        let welcome = u8::from(gravest.is_none());
        assert_eq!(
            grants.len(),
            usize::from(welcome),
            "the referrer's e-mail does not hold the welcome credit"
        );
        assert!(grants.iter().all(|grant| grant.to == BEN));
    }
}

#[test]
fn what_was_withheld_is_granted_when_nothing_stands_in_the_way_any_more() {
    let paused = Circumstances { paused: true, ..clear(NOW) };
    let unverified = Circumstances { referrer: EmailStatus::Unverified, ..clear(NOW) };
    for seen in [paused, unverified] {
        let (held, early) = settled(earned(), &seen);
        let (after, late) = settled(held, &clear(days(1)));
        assert_eq!(early.len() + late.len(), 2);
        assert!(after.progress.welcome.is_posted() && after.progress.reward.is_posted());
    }
    let (mut open, none) =
        settled(with(|it| *it = Referral { progress: open_review(), ..earned() }), &clear(NOW));
    assert_eq!(none, []);
    open.progress.review = Review::Cleared;
    assert_eq!(settled(open, &clear(NOW)).1.len(), 2);
}

fn open_review() -> referral_domain::referral::Progress {
    referral_domain::referral::Progress { review: Review::Open, ..earned().progress }
}

#[test]
fn losing_verification_retracts_nothing_and_grants_nothing_new() {
    let mut active = with(|it| it.progress.verified_at = Some(NOW));
    let first = resettle(&mut active, EmailStatus::Verified(NOW), &clear(NOW), &mut plenty(), &mut ids(100));
    assert_eq!(first.grants.len(), 1);
    active.progress.spend.gross = 5_000;
    let lost = resettle(&mut active, EmailStatus::Unverified, &clear(days(1)), &mut plenty(), &mut ids(200));
    assert_eq!((lost.grants, active.progress.welcome), (vec![], granted(101)));
    assert_eq!(active.progress.reward.reason(), Some(WithheldReason::EmailNotVerified));
    let back =
        resettle(&mut active, EmailStatus::Verified(days(2)), &clear(days(2)), &mut plenty(), &mut ids(300));
    assert_eq!(back.grants.iter().map(|it| it.amount).collect::<Vec<_>>(), [2_500]);
}

#[test]
fn fraud_is_final() {
    let closed = |activated_at| State::Fraud { activated_at, closed_at: NOW };
    for state in [closed(None), closed(Some(NOW))] {
        let (after, grants) = settled(with(|it| *it = at_state(state)), &clear(days(1)));
        assert_eq!((after.progress.state, grants), (state, vec![]));
        assert_eq!((after.progress.welcome, after.progress.reward), (Award::NotDue, Award::NotDue));
    }
}

fn at_state(state: State) -> Referral {
    let mut due = earned();
    due.progress.state = state;
    due
}

#[test]
fn resettling_says_what_changed_and_counts_it_on_the_day_it_was_found() {
    let mut pending = with(|it| it.progress.spend.gross = 5_000);
    let done =
        resettle(&mut pending, EmailStatus::Verified(NOW), &clear(days(3)), &mut plenty(), &mut ids(100));
    assert!(done.changed && done.grants.len() == 2);
    let day = done.day;
    assert_eq!((day.day, day.referrer, day.code), (days(3).day(), ANA, pending.facts.code));
    assert_eq!(
        (day.verified_signups, day.conversions, day.earned, day.revenue, day.signups),
        (1, 1, 2_500, 0, 0)
    );
    let again =
        resettle(&mut pending, EmailStatus::Verified(NOW), &clear(days(4)), &mut plenty(), &mut ids(200));
    assert!(!again.changed && again.grants.is_empty());
    assert_eq!((again.day.verified_signups, again.day.conversions, again.day.earned), (0, 0, 0));
}

#[test]
fn a_reward_is_posted_as_a_bonus_with_its_step_and_its_cause() {
    let (_, mut grants) = settled(earned(), &clear(NOW));
    grants[1].cause = Some(source("inv_9"));
    let mut journal =
        Journal::open(vec![Wallet::empty(BOOK, ANA, usd()), Wallet::empty(BOOK, BEN, usd())], NOW);
    let steps: Vec<_> = grants
        .iter()
        .map(|it| grant::post(&mut journal, &mut Holds::default(), it, usd(), &mut ids(500)).expect("posted"))
        .collect();
    let step = steps[1].step.clone().expect("a reward is a step");
    assert_eq!(
        (&steps[0].step, step.n, step.amount, step.transaction),
        (&None, 1, 2_500, grants[1].transaction)
    );
    let posted = journal.finish();
    let lines: Vec<_> = posted.transactions.iter().map(|it| (it.kind, it.description.as_str())).collect();
    let welcome = (TransactionKind::WelcomeCredit, "Welcome credit: your e-mail is verified");
    assert_eq!(lines, [welcome, (TransactionKind::ReferralBonus, "Reward: a friend reached 50.00 USD")]);
    let bonus = &posted.transactions[1];
    assert_eq!(
        (bonus.reference.as_deref(), bonus.reference_type),
        (Some("inv_9"), Some(ReferenceType::Event))
    );
    let keys: Vec<_> =
        posted.transfers.iter().map(|it| (it.origin, it.origin_id.clone(), it.debit)).collect();
    let id = grants[0].referral.to_string();
    let from = |account| Party::System(account);
    assert_eq!(keys[0], (Origin::Welcome, id.clone(), from(SystemAccount::WelcomeExpense)));
    assert_eq!(keys[1], (Origin::Reward, format!("{id}:1"), from(SystemAccount::RewardExpense)));
}

fn any_state() -> impl Strategy<Value = State> {
    let at = |active: bool| active.then_some(NOW);
    prop_oneof![
        Just(State::Pending),
        Just(State::Active { activated_at: NOW }),
        Just(State::Completed { activated_at: NOW, completed_at: NOW }),
        any::<bool>().prop_map(move |it| State::Expired { activated_at: at(it), closed_at: days(90) }),
        any::<bool>().prop_map(move |it| State::Fraud { activated_at: at(it), closed_at: NOW }),
    ]
}

fn any_referral() -> impl Strategy<Value = Referral> {
    let award = || {
        proptest::sample::select(vec![
            Award::NotDue,
            Award::Withheld(WithheldReason::ProgramPaused),
            granted(9),
        ])
    };
    let gross = proptest::sample::select(vec![0, 4_999, 5_000, 9_000]);
    let verified =
        proptest::sample::select(vec![None, Some(days(-9)), Some(NOW), Some(days(90)), Some(days(99))]);
    (any_state(), 0..4_usize, verified, gross, award(), award(), 0..3_u32).prop_map(
        |(state, review, verified_at, gross, welcome, reward, reward_steps)| {
            let (review, spend) = (Review::ALL[review], SpendTotals { gross, refunded: 0 });
            let progress = referral_domain::referral::Progress {
                state,
                review,
                verified_at,
                spend,
                welcome,
                reward,
                reward_steps,
                ..untouched()
            };
            Referral { progress, ..referral() }
        },
    )
}

fn any_view() -> impl Strategy<Value = Circumstances> {
    let known = vec![EmailStatus::Unknown, EmailStatus::Unverified, EmailStatus::Verified(NOW)];
    (any::<bool>(), proptest::sample::select(known)).prop_map(|(paused, referrer)| Circumstances {
        paused,
        referrer,
        ..clear(days(100))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn settling_twice_grants_nothing_more(start in any_referral(), seen in any_view()) {
        let (once, grants) = settled(start.clone(), &seen);
        prop_assert_eq!(settled(once.clone(), &seen), (once.clone(), vec![]));
        let turned = |before: Award, after: Award| usize::from(before.is_posted() != after.is_posted());
        let news = turned(start.progress.welcome, once.progress.welcome)
            + turned(start.progress.reward, once.progress.reward);
        prop_assert_eq!(grants.len(), news, "one for each award that was granted or taken back");
    }

    #[test]
    fn nothing_is_granted_that_must_not_be(start in any_referral(), seen in any_view()) {
        let (after, grants) = settled(start.clone(), &seen);
        let Referral { facts, progress } = &start;
        let closed = matches!(progress.state, State::Fraud { .. });
        let barred = closed || seen.paused || progress.review == Review::Open || progress.verified_at.is_none();
        let granted: Vec<_> = grants.iter().filter(|grant| !grant.promise.is_taken_back()).collect();
        prop_assert!(!barred || granted.is_empty());
        for grant in granted {
            prop_assert!(grant.amount > 0);
            let payable = seen.referrer != EmailStatus::Unverified && start.reached();
            prop_assert!(grant.to != facts.referrer || payable);
        }
        prop_assert_eq!(&after.facts, facts);
        prop_assert_eq!((after.progress.spend, after.progress.review), (progress.spend, progress.review));
    }

    #[test]
    fn what_was_granted_is_taken_back_exactly_when_it_is_not_due(start in any_referral(), seen in any_view()) {
        let (settled, _) = settled(start.clone(), &seen);
        let fraud = matches!(start.progress.state, State::Fraud { .. });
        let due = is_reward_due(&settled);
        let (before, after) = (start.progress, settled.progress);
        let kept = |award: Award, due: bool| if due { award } else { Award::Retracted };
        prop_assert!(!before.welcome.is_posted() || after.welcome == kept(before.welcome, !fraud && after.state.activated_at().is_some()));
        prop_assert!(!before.reward.is_posted() || after.reward == kept(before.reward, due));
    }
}
