//! A program in memory: three people who may be referred, and all that was decided about them so far.

use std::collections::BTreeMap;

use referral_domain::apply::{self, Applied, ApplyOrder, ApplyScene};
use referral_domain::id::{ReferralId, UserId};
use referral_domain::money::Money;
use referral_domain::reference::{HostId, SourceId};
use referral_domain::referral::{Award, AwardStatus, Referral, StateName, WithheldReason};
use referral_domain::settle::{Grant, Promise, resettle};
use referral_domain::spend::{
    Answer, EventCommand, Outcome, RefundCommand, RefundFact, SpendCommand, SpendDecision, SpendEvent,
    SpendScene, decide,
};
use referral_domain::time::Timestamp;
use referral_domain::tracking::DayDelta;
use referral_domain::user::{EmailStatus, UserFacts, Word};
use uuid::Uuid;

use crate::made::{
    ANA, BEN, NOW, ana, attribution, ben, clear, code, events, host, ids, plenty, program, referral, rules,
    usd,
};

/// What is stored, and nothing else: equal worlds stored equal things.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct World {
    pub(crate) referrals: BTreeMap<UserId, Referral>,
    pub(crate) ben: UserFacts,
    pub(crate) ana: EmailStatus,
    pub(crate) known: BTreeMap<SourceId, SpendEvent>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) days: Vec<DayDelta>,
    pub(crate) now: Timestamp,
    pub(crate) drawn: u128,
}

/// What must not depend on the order of arrival.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ending {
    pub(crate) net: i64,
    pub(crate) state: StateName,
    pub(crate) welcome: (AwardStatus, Option<WithheldReason>),
    pub(crate) reward: (AwardStatus, Option<WithheldReason>),
    /// Welcome credits and rewards posted, in cents.
    pub(crate) posted: (Vec<i64>, Vec<i64>),
    /// Revenue, earned, verified sign-ups and conversions of Ana's day rows.
    pub(crate) counted: [i64; 4],
}

impl World {
    /// Nobody applied a code yet.
    pub(crate) fn new() -> Self {
        let (referrals, known) = (BTreeMap::new(), BTreeMap::new());
        let (grants, days, ana) = (Vec::new(), Vec::new(), EmailStatus::Unknown);
        Self { referrals, ben: ben(), ana, known, grants, days, now: NOW, drawn: 1_000 }
    }

    /// Ben has applied Ana's code.
    pub(crate) fn referred() -> Self {
        let mut world = Self::new();
        world.referrals.insert(BEN, referral());
        world
    }

    /// Eva was referred too, Zoe was not.
    pub(crate) fn crowded() -> Self {
        let mut world = Self::referred();
        let mut evas = referral();
        evas.facts.id = ReferralId::from_uuid(Uuid::from_u128(40));
        evas.facts.referred = user("u_eva");
        world.referrals.insert(user("u_eva"), evas);
        world
    }

    pub(crate) fn ben(&self) -> &Referral {
        &self.referrals[&BEN]
    }

    pub(crate) fn ben_mut(&mut self) -> &mut Referral {
        self.referrals.get_mut(&BEN).expect("Ben was referred")
    }

    fn drawing(&mut self) -> impl FnMut() -> Uuid + use<> {
        self.drawn += 1_000;
        ids(self.drawn)
    }

    fn scene(&self) -> SpendScene {
        SpendScene {
            users: ["u_ben", "u_eva", "u_zoe"].into_iter().map(|name| (host(name), user(name))).collect(),
            referrals: self.referrals.clone(),
            referrers: BTreeMap::from([(ANA, self.ana)]),
            known: self.known.clone(),
            refunds: self.refunds(),
        }
    }

    fn refunds(&self) -> BTreeMap<SourceId, Vec<RefundFact>> {
        let mut refunds = BTreeMap::<_, Vec<_>>::new();
        for event in self.known.values() {
            if let (Some(of), Some(fact)) = (&event.refund, RefundFact::of(event)) {
                refunds.entry(of.spend.clone()).or_default().push(fact);
            }
        }
        refunds
    }

    /// Decides the commands as one batch, with ids from `ids`, and stores what came of it.
    pub(crate) fn tell_with(&mut self, told: &[EventCommand], ids: &mut dyn FnMut() -> Uuid) -> Vec<Answer> {
        let rules = rules(false, usd());
        let decision = decide(&rules, told, self.scene(), &mut plenty(), self.now, ids);
        let decision = decision.expect("times in range");
        let SpendDecision { answers, events, referrals, grants, days } = decision;
        self.known.extend(events.into_iter().map(|event| (event.source.clone(), event)));
        self.referrals.extend(referrals.into_iter().map(|referral| (referral.facts.referred, referral)));
        self.grants.extend(grants);
        self.days.extend(days);
        answers
    }

    pub(crate) fn tell(&mut self, told: &[EventCommand]) -> Vec<Answer> {
        let mut ids = self.drawing();
        self.tell_with(told, &mut ids)
    }

    pub(crate) fn spend(&mut self, told: &[SpendCommand]) -> Vec<Answer> {
        self.tell(&events(told))
    }

    pub(crate) fn refund(&mut self, told: &[RefundCommand]) -> Vec<Answer> {
        self.tell(&events(told))
    }

    /// An event tells whether Ben's e-mail is verified.
    pub(crate) fn hear(&mut self, at: Timestamp, verified: bool) {
        self.ben.hear_event(Word { at, verified });
        self.look_again(false);
    }

    /// Settles Ben's referral after something outside it changed.
    pub(crate) fn look_again(&mut self, paused: bool) {
        let mut ids = self.drawing();
        let seen = referral_domain::settle::Circumstances { paused, referrer: self.ana, ..clear(self.now) };
        let Some(referral) = self.referrals.get_mut(&BEN) else { return };
        let done = resettle(referral, self.ben.email_status(), &seen, &mut plenty(), &mut ids);
        self.grants.extend(done.grants);
        self.days.push(done.day);
    }

    /// Ben applies Ana's code.
    pub(crate) fn apply(&mut self) {
        let parked = |event: &&SpendEvent| {
            event.outcome == Outcome::NotReferred && event.refund.is_none() && event.user == BEN
        };
        let scene = ApplyScene {
            parked: self.known.values().filter(parked).cloned().collect(),
            refunds: self.refunds(),
            referred: self.ben.clone(),
            ..scene()
        };
        let mut ids = self.drawing();
        let applied =
            apply::decide(&order(NOW), scene, &mut plenty(), self.now, &mut ids).expect("nothing refuses");
        let Applied::New(new) = applied else { panic!("Ben was referred before") };
        self.referrals.insert(BEN, new.referral);
        self.grants.extend(new.grants);
        self.days.push(new.day);
    }

    pub(crate) fn ending(&self) -> Ending {
        let progress = &self.ben().progress;
        let award = |award: Award| (award.status(), award.reason());
        let (mut welcomes, mut rewards) = (Vec::new(), Vec::new());
        for grant in &self.grants {
            match grant.promise {
                Promise::Welcome | Promise::WelcomeRetraction { .. } => welcomes.push(grant.signed()),
                Promise::Reward { .. } | Promise::RewardRetraction { .. } => rewards.push(grant.signed()),
                Promise::Commission { .. } | Promise::CommissionRetraction { .. } => {}
            }
        }
        let counted = self.days.iter().fold([0; 4], |[revenue, earned, verified, converted], day| {
            let DayDelta { verified_signups, conversions, .. } = day;
            [revenue + day.revenue, earned + day.earned, verified + verified_signups, converted + conversions]
        });
        Ending {
            net: progress.spend.net(),
            state: progress.state.name(),
            welcome: award(progress.welcome),
            reward: award(progress.reward),
            posted: (welcomes, rewards),
            counted,
        }
    }
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::from_uuid(Uuid::from_u128(match name {
        "u_ben" => 2,
        "u_eva" => 20,
        _ => 30,
    }))
}

pub(crate) fn named(command: SpendCommand, name: &str) -> SpendCommand {
    SpendCommand { user: HostId::parse(name).expect("a user id"), ..command }
}

pub(crate) fn costing(command: SpendCommand, amount: Money) -> SpendCommand {
    SpendCommand { amount, ..command }
}

/// Nothing refuses Ben's application of Ana's code.
pub(crate) fn scene() -> ApplyScene {
    ApplyScene {
        promised: None,
        program: program(),
        code: Some(code()),
        referred: ben(),
        referrer: Some(ana()),
        existing: None,
        email_owner: None,
        ancestors: Vec::new(),
        crowding: None,
        parked: Vec::new(),
        refunds: BTreeMap::new(),
    }
}

pub(crate) fn order(applied_at: Timestamp) -> ApplyOrder {
    ApplyOrder { applied_at, attribution: attribution() }
}
