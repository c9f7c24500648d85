//! Applying a code: each refusal, which of two is told, and what a new referral begins with.

use referral_domain::apply::{
    Applied, ApplyOrder, ApplyRefusal, ApplyScene, NewReferral, daily_limit, decide,
};
use referral_domain::code::{Code, Unusable};
use referral_domain::id::{CodeId, UserId};
use referral_domain::identity::IdentityKey;
use referral_domain::program::ProgramStatus;
use referral_domain::referral::{Referral, Source, StateName};
use referral_domain::spend::Outcome;
use referral_domain::user::Word;
use uuid::Uuid;

use crate::made::{ANA, BEN, NOW, attribution, code, days, ids, paid, plenty, program, referral};
use crate::world::{World, named, order, scene, user};

type Change = fn(&mut ApplyScene, &mut ApplyOrder);

pub(crate) fn applied(scene: ApplyScene) -> Result<NewReferral, ApplyRefusal> {
    applied_at(scene, order(NOW))
}

pub(crate) fn applied_at(scene: ApplyScene, order: ApplyOrder) -> Result<NewReferral, ApplyRefusal> {
    match decide(&order, scene, &mut plenty(), NOW, &mut ids(100))? {
        Applied::New(new) => Ok(*new),
        Applied::Again(old) => panic!("referred before: {old:?}"),
    }
}

/// Changes the code, where another change has not taken it away.
fn on_code(scene: &mut ApplyScene, change: fn(&mut Code)) {
    scene.code.iter_mut().for_each(change);
}

fn another_code() -> Option<Referral> {
    let mut old = referral();
    old.facts.code = CodeId::from_uuid(Uuid::from_u128(77));
    Some(old)
}

fn one_mailbox(scene: &mut ApplyScene, _: &mut ApplyOrder) {
    let hash = IdentityKey::new(&[7; 32]).expect("32 bytes").email("ben@example.com");
    scene.referred.email = hash;
    if let Some(referrer) = &mut scene.referrer {
        referrer.email = hash;
    }
}

fn somebodys_mailbox(scene: &mut ApplyScene, _: &mut ApplyOrder) {
    scene.email_owner.get_or_insert(UserId::from_uuid(Uuid::from_u128(55)));
}

/// Every refusal with what brings it about, in the order in which they are told.
fn refusals() -> Vec<(ApplyRefusal, Change)> {
    vec![
        (ApplyRefusal::CodeUnknown, |scene, _| scene.code = None),
        (ApplyRefusal::AlreadyReferred, |scene, _| scene.existing = another_code()),
        (ApplyRefusal::ProgramPaused, |scene, _| scene.program.status = ProgramStatus::Paused),
        (ApplyRefusal::Code(Unusable::Inactive), |scene, _| on_code(scene, |code| code.active = false)),
        (ApplyRefusal::Code(Unusable::Expired), |scene, _| {
            on_code(scene, |code| code.expires_at = Some(NOW))
        }),
        (ApplyRefusal::Code(Unusable::Exhausted), |scene, _| on_code(scene, |code| code.max_uses = Some(0))),
        (ApplyRefusal::SelfReferral, |scene, _| scene.referred.id = ANA),
        (ApplyRefusal::SameEmail, one_mailbox),
        (ApplyRefusal::AlreadyReferred, somebodys_mailbox),
        (ApplyRefusal::ReferralCycle, |scene, _| {
            scene.ancestors = vec![UserId::from_uuid(Uuid::nil()), ANA, BEN]
        }),
        (ApplyRefusal::TimeOutOfRange, |_, order| order.applied_at = days(1)),
        (ApplyRefusal::ApplyWindowOver, |scene, _| scene.referred.signed_up_at = Some(days(-31))),
        (ApplyRefusal::ReferrerLimit { free_at: days(0) }, |scene, _| scene.crowding = Some(days(-1))),
    ]
}

fn refused(changes: &[Change]) -> Option<ApplyRefusal> {
    let (mut scene, mut order) = (scene(), order(NOW));
    changes.iter().for_each(|change| change(&mut scene, &mut order));
    applied_at(scene, order).err()
}

#[test]
fn each_refusal_is_reached_and_of_two_the_first_is_told() {
    let all = refusals();
    let mut pairs = 0;
    for (at, (first, cause)) in all.iter().enumerate() {
        assert_eq!(refused(&[*cause]), Some(*first));
        for (second, other) in &all[at..] {
            assert_eq!(refused(&[*cause, *other]), Some(*first), "not {second}");
            assert_eq!(refused(&[*other, *cause]), Some(*first), "not {second}");
            pairs += 1;
        }
    }
    println!("apply: refusals={} pairs={pairs}", all.len());
}

#[test]
fn who_signed_up_at_a_time_nobody_told_is_refused_only_where_the_program_asks() {
    let mut untold = scene();
    untold.referred.signed_up_at = None;
    assert_eq!(applied(untold.clone()).err(), Some(ApplyRefusal::SignupTimeUnknown));
    untold.program.rules.policy.require_signup_time = false;
    assert_eq!(applied(untold).expect("not asked").referral.facts.signed_up_at, None);
}

#[test]
fn a_code_whose_owner_is_gone_is_unknown() {
    assert_eq!(applied(ApplyScene { referrer: None, ..scene() }).err(), Some(ApplyRefusal::CodeUnknown));
}

#[test]
fn a_mailbox_the_referrer_ever_had_is_the_same_mailbox() {
    assert_eq!(
        applied(ApplyScene { email_owner: Some(ANA), ..scene() }).err(),
        Some(ApplyRefusal::SameEmail)
    );
    assert!(applied(scene()).is_ok(), "two people of whom no address is known are not one");
}

#[test]
fn the_same_code_again_answers_the_same_referral_whatever_has_changed_since() {
    for (reason, cause) in refusals().into_iter().skip(2) {
        let (mut later, mut order) = (scene(), order(NOW));
        cause(&mut later, &mut order);
        later.existing = Some(referral());
        let again = decide(&order, later, &mut plenty(), days(200), &mut || panic!("nothing new is made"));
        assert_eq!(again, Ok(Applied::Again(Box::new(referral()))), "in spite of {reason}");
    }
}

#[test]
fn a_referral_pins_what_was_promised_when_the_code_was_applied() {
    let mut promised = scene();
    promised.program.rules.terms.spend_threshold = 700;
    promised.program.rules.terms.qualification_window_days = 7;
    let new = applied_at(promised.clone(), order(days(-1))).expect("nothing refuses");
    let facts = &new.referral.facts;
    assert_eq!((facts.terms, facts.rule_version), (promised.program.rules.terms, 3));
    assert_eq!((facts.applied_at, facts.qualifies_until, facts.created_at), (days(-1), days(6), NOW));
    assert_eq!(
        (facts.referrer, facts.referred, facts.code, &facts.code_text),
        (ANA, BEN, code().id, &code().text)
    );
    assert_eq!((facts.book, facts.signed_up_at), (promised.program.book, Some(days(-1))));
}

#[test]
fn each_referral_is_judged_by_the_terms_it_pinned_whatever_the_others_say() {
    let mut world = World::crowded();
    let evas = world.referrals.get_mut(&user("u_eva")).expect("Eva was referred");
    evas.facts.terms.spend_threshold = 700;
    world.spend(&[paid("ben", 700, NOW), named(paid("eva", 700, NOW), "u_eva")]);
    let outcomes: Vec<_> = world.known.values().map(|event| event.outcome).collect();
    assert_eq!(outcomes, [Outcome::Counted, Outcome::ThresholdCrossed]);
}

#[test]
fn a_new_referral_uses_the_code_once_and_counts_one_sign_up() {
    let attribution = referral_domain::referral::Attribution {
        source: Source::Cookie,
        sub_id: Some("spring".into()),
        ..attribution()
    };
    let order = ApplyOrder { attribution: attribution.clone(), ..order(NOW) };
    let new = applied_at(scene(), order).expect("nothing refuses");
    assert_eq!((new.code.uses, new.code.last_used_at), (1, Some(NOW)));
    assert_eq!(Code { uses: 0, last_used_at: None, ..new.code }, code());
    assert_eq!(
        (new.referral.facts.attribution, new.referral.progress.state.name()),
        (attribution, StateName::Pending)
    );
    assert_eq!((new.grants, new.folded), (vec![], vec![]));
    let day = new.day;
    assert_eq!(
        (day.signups, day.verified_signups, day.conversions, day.revenue, day.earned),
        (1, 0, 0, 0, 0)
    );
    assert_eq!((day.referrer, day.day), (ANA, NOW.day()));
}

#[test]
fn someone_verified_already_is_active_and_welcomed_at_once() {
    let mut known = scene();
    known.referred.hear_event(Word { at: days(-1), verified: true });
    let new = applied(known).expect("nothing refuses");
    assert_eq!(new.referral.progress.state.name(), StateName::Active);
    assert_eq!(new.grants.iter().map(|it| (it.to, it.amount)).collect::<Vec<_>>(), [(BEN, 1_000)]);
    assert_eq!((new.day.verified_signups, new.day.earned), (1, 0), "a welcome credit is not the referrer's");
}

#[test]
fn a_code_with_its_own_daily_limit_overrides_the_programs() {
    let program = program();
    assert_eq!(daily_limit(&program, &code()), 10);
    for own in [0, 3, 99] {
        assert_eq!(daily_limit(&program, &Code { daily_limit: Some(own), ..code() }), own);
    }
}
