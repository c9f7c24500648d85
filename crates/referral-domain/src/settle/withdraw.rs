//! Withdrawing what a rule granted: an operator takes it back, and the level does not give it again.

use super::{
    Circumstances, Grant, Promise, Resettled, Withdrawal, commission_due, gained, grant, is_fraud, settle,
};
use crate::budget::Budget;
use crate::referral::Referral;
use crate::retraction::Entitlement;

/// Takes back what an order names, for good, and brings the referral to the level that is left; `None`, and nothing is
/// changed, when that is not posted any more: taken back before, by an event, or as fraud.
///
/// A welcome credit or a reward is taken back whole, when the order names the transaction that posted it. Of a commission
/// as much is taken back as the transaction gave, at most what is posted, and what it comes to is lower by as much from
/// then on. Nothing stands in the way of that: neither a review nor a pause. The grant that takes back says so
/// [`by_hand`](Grant::by_hand).
///
/// ```
/// # use referral_domain::{apply::*, budget::*, code::*, id::*, money::*, program::*, reference::*, referral::*, time::*, user::*};
/// # use uuid::Uuid;
/// # let (book, usd, now) = (BookId(7), Currency::parse("USD")?, Timestamp::from_micros(1_769_862_896_000_000));
/// # let user = |n| UserId::from_uuid(Uuid::from_u128(n));
/// # let host = |name| HostId::parse(name).expect("a user id");
/// # let (ana, mut ben) = (UserFacts::first_seen(user(1), host("u_ana"), now), UserFacts::first_seen(user(2), host("u_ben"), now));
/// # ben.hear_sign_up(now);
/// # let program = Program::default_program(book, usd, "https://app.example.com".into(), now).expect("a slug");
/// # let text = CodeText::parse("K7WQ2M9X").expect("a code");
/// # let code = Code::primary(book, CodeId::from_uuid(Uuid::from_u128(3)), ana.id, text, now);
/// # let attribution = Attribution { source: Source::Typed, click: None, clicked_at: None, sub_id: None };
/// # let scene = ApplyScene {
/// #     program, promised: None, code: Some(code), referred: ben, referrer: Some(ana), existing: None, email_owner: None,
/// #     ancestors: vec![], crowding: None, parked: vec![], refunds: Default::default(),
/// # };
/// # let mut budget = Budget::unbounded(now.month());
/// # let (mut last, order) = (10, ApplyOrder { applied_at: now, attribution });
/// # let mut ids = || { last += 1; Uuid::from_u128(last) };
/// # let Applied::New(new) = referral_domain::apply::decide(&order, scene, &mut budget, now, &mut ids)? else { panic!("new") };
/// use referral_domain::{retraction::Entitlement, settle::{Circumstances, Grant, Withdrawal, settle, withdraw}};
/// let mut referral = new.referral;
/// (referral.progress.spend.gross, referral.progress.verified_at) = (6_000, Some(now));
/// let seen = Circumstances { paused: false, referrer: EmailStatus::Unknown, spent_at: None, now };
/// settle(&mut referral, &seen, &mut budget, &mut ids);
/// let of = referral.progress.reward.transaction().expect("granted");
/// let order = Withdrawal { of, reason: "Granted by mistake".into() };
/// let done = withdraw(&mut referral, Entitlement::Reward, &order, &seen, &mut budget, &mut ids).expect("it is posted");
/// assert_eq!(done.grants.iter().map(Grant::signed).collect::<Vec<_>>(), [-2_500]);
/// assert!(settle(&mut referral, &seen, &mut budget, &mut ids).is_empty(), "it is not granted again");
/// assert_eq!(referral.progress.reward, Award::Retracted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn withdraw(
    referral: &mut Referral,
    what: Entitlement,
    order: &Withdrawal,
    seen: &Circumstances,
    budget: &mut Budget,
    ids: &mut dyn FnMut() -> uuid::Uuid,
) -> Option<Resettled> {
    let before = referral.progress.clone();
    let stands = match what {
        Entitlement::Welcome => before.welcome.transaction() == Some(order.of),
        Entitlement::Reward => before.reward.transaction() == Some(order.of),
        Entitlement::Commission(_) => before.commission.posted > 0,
    };
    if !stands || is_fraud(&before) {
        return None;
    }
    let withdrawn = &mut referral.progress.withdrawn;
    let mut grants = Vec::new();
    match what {
        Entitlement::Welcome => withdrawn.welcome = true,
        Entitlement::Reward => withdrawn.reward = true,
        Entitlement::Commission(given) => grants.push(lower(referral, given, seen, ids)),
    }
    grants.extend(settle(referral, seen, budget, ids));
    let taken = grants.iter_mut().find(|grant| takes_back(what, grant.promise))?;
    taken.by_hand = Some(order.clone());
    let day = gained(&referral.facts, &before, &referral.progress, &grants, seen.now);
    Some(Resettled { changed: true, grants, day })
}

const fn takes_back(what: Entitlement, promise: Promise) -> bool {
    match what {
        Entitlement::Welcome => matches!(promise, Promise::WelcomeRetraction { .. }),
        Entitlement::Reward => matches!(promise, Promise::RewardRetraction { .. }),
        Entitlement::Commission(_) => matches!(promise, Promise::CommissionRetraction { .. }),
    }
}

/// Lowers a commission at once, by what is posted of so much; what is withheld of it stays withheld.
fn lower(
    referral: &mut Referral,
    given: i64,
    seen: &Circumstances,
    ids: &mut dyn FnMut() -> uuid::Uuid,
) -> Grant {
    let progress = &mut referral.progress;
    let amount = given.min(progress.commission.posted);
    progress.withdrawn.commission = progress.withdrawn.commission.saturating_add(amount);
    progress.commission.posted -= amount;
    progress.commission.steps += 1;
    let (step, posted) = (progress.commission.steps, progress.commission.posted);
    referral.progress.commission.due = commission_due(referral);
    grant(&referral.facts, Promise::CommissionRetraction { step, posted }, amount, seen.now, ids)
}
