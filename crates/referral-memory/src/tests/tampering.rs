//! Every check of `verify` finds what it is for, and finds nothing in an honest story.

mod seals;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use referral_domain::hold::{HoldKind, HoldStepKind};
use referral_domain::id::TransactionId;
use referral_domain::ledger::{Check, Entry, Line, Purpose, Transfer, Verdict};
use referral_domain::port::Reports;
use referral_domain::referral::{Award, Progress, State as ReferralState};
use referral_domain::spend::SpendEvent;
use referral_testkit::build::{named_id, usd};
use referral_testkit::sealer::seal_in_blocks_of;

use super::story;
use crate::MemoryStore;
use crate::state::State;
use crate::table::Facts;
use crate::verify::examine;
use seals::SEALS;

/// Who tampers with what, and the check that must find it.
type Tampering = (Check, &'static str, fn(&mut State));

fn change<K: Ord + Clone + Debug, V: Clone>(
    table: &mut Facts<K, V>,
    which: impl Fn(&V) -> bool,
    change: impl FnOnce(&mut V),
) {
    change(table.tamper().values_mut().find(|row| which(row)).expect("there is such a row"));
}

fn remove<K: Ord + Clone + Debug, V: Clone>(table: &mut Facts<K, V>, which: impl Fn(&V) -> bool) {
    let key = table.iter().find(|(_, row)| which(row)).map(|(key, _)| key.clone());
    table.tamper().remove(&key.expect("there is such a row"));
}

const fn any<T>(_: &T) -> bool {
    true
}

const fn is_second_entry(entry: &Entry) -> bool {
    entry.seq == 2
}

const fn is_second_line(line: &Line) -> bool {
    line.n == 2
}

fn progress(state: &mut State, tell: impl FnOnce(&mut Progress)) {
    change(&mut state.referrals, any, |referral| tell(&mut referral.progress));
}

fn unknown() -> TransactionId {
    TransactionId::from_uuid(named_id("never posted"))
}

const TRANSFERS: &[Tampering] = &[
    (Check::TransferEntries, "a transfer of another amount", |state| {
        change(&mut state.transfers, any, |transfer| transfer.amount += 1);
    }),
    (Check::TransferEntries, "a transfer that is gone", |state| remove(&mut state.transfers, any)),
    (Check::TransferEntries, "an entry that is gone", |state| remove(&mut state.entries, any)),
    (Check::TransferEntries, "an entry of another amount", |state| {
        change(&mut state.entries, any, |entry| entry.amount += 1);
    }),
    (Check::TransferEntries, "an entry written twice", |state| {
        let twin = state.entries.rows().next().expect("an entry").clone();
        let (book, account, _) = *state.entries.iter().next().expect("an entry").0;
        state.entries.tamper().insert((book, account, 99), twin);
    }),
    (Check::TransferEntries, "a transfer whose sides are swapped", |state| {
        change(&mut state.transfers, any, |transfer: &mut Transfer| {
            std::mem::swap(&mut transfer.debit, &mut transfer.credit);
        });
    }),
    (Check::Zero, "a transfer of another amount", |state| {
        change(&mut state.transfers, any, |transfer| transfer.amount += 1);
    }),
    (Check::Zero, "money out of nowhere", |state| {
        change(&mut state.account_heads, any, |head| head.balance += 1);
    }),
];

const CHAINS: &[Tampering] = &[
    (Check::EntryChain, "a gap", |state| remove(&mut state.entries, is_second_entry)),
    (Check::EntryChain, "an entry that begins elsewhere", |state| {
        change(&mut state.entries, is_second_entry, |entry| {
            entry.balance_before += 1;
            entry.balance_after += 1;
        });
    }),
    (Check::EntryChain, "a wrong sum", |state| {
        change(&mut state.entries, |entry| entry.seq == 3, |entry| entry.balance_after += 1);
    }),
    (Check::Heads, "a head of another balance", |state| {
        change(&mut state.account_heads, any, |head| head.balance += 1);
    }),
    (Check::Heads, "a head left behind", |state| {
        change(&mut state.account_heads, |head| head.seq > 1, |head| head.seq -= 1);
    }),
    (Check::Heads, "a head that is gone", |state| {
        remove(&mut state.account_heads, any);
    }),
    (Check::Heads, "a truncated chain", |state| {
        remove(&mut state.entries, |entry| entry.seq == 3);
    }),
    (Check::Bounds, "a balance below zero", |state| {
        change(&mut state.entries, any, |entry| entry.balance_after = -1);
    }),
    (Check::Bounds, "an account of another purpose", |state| {
        change(&mut state.accounts, any, |account| {
            account.purpose = Purpose::Owed;
        });
    }),
    (Check::Bounds, "a line that shows less than nothing", |state| {
        change(&mut state.lines, any, |line| line.after.held = -1);
    }),
    (Check::Bounds, "a line that shows debts beside money", |state| {
        change(&mut state.lines, any, |line| line.after.owed = 1);
    }),
];

const LINES: &[Tampering] = &[
    (Check::Lines, "a line that is gone", |state| remove(&mut state.lines, is_second_line)),
    (Check::Lines, "the last line gone", |state| remove(&mut state.lines, |line| line.n == 3)),
    (Check::Lines, "a line that begins elsewhere", |state| {
        change(&mut state.lines, is_second_line, |line| line.before.available += 1);
    }),
    (Check::Lines, "a line that ends elsewhere", |state| {
        change(&mut state.lines, |line| line.n == 3, |line| line.after.available += 1);
    }),
    (Check::Lines, "more earned than posted", |state| {
        change(&mut state.lines, any, |line| line.earned += 1);
    }),
    (Check::Lines, "more taken than posted", |state| change(&mut state.lines, any, |line| line.taken += 1)),
    (Check::Lines, "a line at another instant", |state| {
        change(&mut state.lines, any, |line| line.at = line.at.plus_micros(-1));
    }),
    (Check::Lines, "a history out of order", |state| {
        let first = state.lines.rows().find(|line| line.n == 1).expect("a line").clone();
        let its = |line: &Line| line.n == 2 && line.user == first.user;
        let second = state.lines.rows().find(|line| its(line)).expect("a line").transaction;
        change(&mut state.lines, its, |line| line.at = first.at);
        change(&mut state.transactions, |row| row.id == second, |row| row.recorded_at = first.at);
    }),
    (Check::Lines, "a transaction that is gone", |state| remove(&mut state.transactions, any)),
    (Check::Lines, "another user's transaction", |state| {
        let other = state.lines.rows().last().expect("a line").user;
        change(&mut state.transactions, |row| row.user != other, |row| row.user = other);
    }),
    (Check::Lines, "a head that moved alone", |state| {
        change(&mut state.account_heads, any, |head| head.balance += 1);
    }),
];

const REWARDS: &[Tampering] = &[
    (Check::RewardSteps, "a step that is gone", |state| remove(&mut state.reward_steps, any)),
    (Check::RewardSteps, "a step of another amount", |state| {
        change(&mut state.reward_steps, any, |step| step.amount += 1);
    }),
    (Check::RewardSteps, "a step of an unknown transaction", |state| {
        change(&mut state.reward_steps, any, |step| step.transaction = unknown());
        progress(state, |progress| {
            progress.reward = Award::Granted { at: progress.updated_at, transaction: unknown() };
        });
    }),
    (Check::RewardSteps, "a step of nobody's referral", |state| {
        remove(&mut state.referral_ids, any);
    }),
    (Check::RewardSteps, "a step that was miscounted", |state| {
        progress(state, |progress| progress.reward_steps = 3);
    }),
    (Check::RewardSteps, "a reward granted by another transaction", |state| {
        progress(state, |progress| {
            progress.reward = Award::Granted { at: progress.updated_at, transaction: unknown() };
        });
    }),
    (Check::RewardSteps, "a reward of which another was promised", |state| {
        change(&mut state.referrals, any, |referral| referral.facts.terms.referrer_reward += 1);
    }),
    (Check::RewardSteps, "a reward that forgot its step", |state| {
        progress(state, |progress| progress.reward = Award::NotDue);
    }),
    (Check::RewardSteps, "a welcome credit nobody posted", |state| {
        progress(state, |progress| {
            progress.welcome = Award::Granted { at: progress.updated_at, transaction: unknown() };
        });
    }),
    (Check::DueRewards, "due and forgotten", |state| {
        progress(state, |progress| progress.reward = Award::NotDue);
    }),
    (Check::DueRewards, "granted below the threshold", |state| {
        progress(state, |progress| progress.spend.gross = 49_99);
    }),
    (Check::DueRewards, "granted though it was withdrawn", |state| {
        progress(state, |progress| progress.withdrawn.reward = true);
    }),
    (Check::DueRewards, "more commission due than was promised", |state| {
        progress(state, |progress| progress.commission.due += 1);
    }),
    (Check::DueRewards, "granted though it is fraud", |state| {
        progress(state, |progress| {
            let (activated_at, closed_at) = (progress.state.activated_at(), progress.updated_at);
            progress.state = ReferralState::Fraud { activated_at, closed_at };
        });
    }),
];

const REDEMPTIONS: &[Tampering] = &[
    (Check::Redemptions, "more redeemed than posted", |state| {
        change(&mut state.redemptions, any, |redemption| redemption.redeemed += 1);
    }),
    (Check::Redemptions, "a redemption without its transaction", |state| {
        change(&mut state.redemptions, any, |redemption| redemption.transaction = None);
    }),
    (Check::Redemptions, "a redemption of another kind of transaction", |state| {
        let bonus = state.reward_steps.rows().next().expect("a step").transaction;
        change(&mut state.redemptions, any, |redemption| redemption.transaction = Some(bonus));
    }),
    (Check::Redemptions, "more given back than was redeemed", |state| {
        change(&mut state.reversals, any, |reversal| reversal.amount = 10_01);
    }),
    (Check::Redemptions, "more given back than posted", |state| {
        change(&mut state.reversals, any, |reversal| reversal.amount += 1);
    }),
    (Check::Redemptions, "a reversal of nothing", |state| remove(&mut state.redemptions, any)),
    (Check::Payouts, "money said to be paid out", story::pay_out),
    (Check::Adjustments, "an adjustment nobody asked for", story::adjust),
];

/// What can be wrong with a story in which things are held, refunded, and paid by the share.
const HELD: &[Tampering] = &[
    (Check::Lines, "more paid out than posted", |state| {
        change(&mut state.lines, any, |line| line.paid_out += 1);
    }),
    (Check::Holds, "a hold that is gone", |state| remove(&mut state.holds, any)),
    (Check::Holds, "a hold of another amount", |state| {
        change(&mut state.holds, any, |hold| hold.amount += 1);
    }),
    (Check::Holds, "a hold of which more remains", |state| {
        change(&mut state.holds, any, |hold| hold.remaining += 1);
    }),
    (Check::Holds, "a hold of another kind", |state| {
        change(
            &mut state.holds,
            |hold| hold.kind == HoldKind::Reward,
            |hold| hold.kind = HoldKind::Commission,
        );
    }),
    (Check::Holds, "a step that is gone", |state| remove(&mut state.hold_steps, any)),
    (Check::Holds, "a step that took more", |state| {
        change(&mut state.hold_steps, any, |step| {
            (step.amount, step.remaining) = (step.amount + 1, step.remaining - 1)
        });
    }),
    (Check::Holds, "a void told as a release", |state| {
        change(&mut state.hold_steps, any, |step| step.kind = HoldStepKind::Release);
    }),
    (Check::Commissions, "more commission than was posted", |state| {
        progress(state, |progress| progress.commission.posted += 1);
    }),
    (Check::Commissions, "a commission that moved once more", |state| {
        progress(state, |progress| progress.commission.steps += 1);
    }),
    (Check::NetSpend, "more spent than told", |state| progress(state, |progress| progress.spend.gross += 1)),
    (Check::NetSpend, "a refund that is not taken off", |state| {
        progress(state, |progress| progress.spend.refunded = 0);
    }),
    (Check::NetSpend, "a refund of less", |state| {
        let less = |event: &mut SpendEvent| event.amount = usd(4_99);
        change(&mut state.spend_events, |event| event.refund.is_some(), less);
    }),
    (Check::NetSpend, "spend the commission never saw", |state| {
        progress(state, |progress| progress.commission.gross += 1);
    }),
    (Check::Budgets, "a budget that gave more than was granted", |state| {
        change(&mut state.budget_months, any, |budget| budget.granted += 1);
    }),
];

fn tamperings() -> impl Iterator<Item = &'static Tampering> {
    [TRANSFERS, CHAINS, LINES, REWARDS, REDEMPTIONS, SEALS].into_iter().flatten()
}

/// The story, its transfers sealed in blocks of two.
async fn sealed() -> MemoryStore {
    let store = story::told().await.store;
    assert_eq!(seal_in_blocks_of(&store, 2).await, 4);
    store
}

#[tokio::test]
async fn an_honest_story_is_verified_and_everything_is_looked_at() {
    let store = sealed().await;
    let Verdict::Verified(counts) = store.verify().await.expect("a verdict") else {
        panic!("an honest story is not verified")
    };
    assert_eq!((counts.books, counts.accounts, counts.referrals), (1, 2, 1));
    assert_eq!((counts.blocks, counts.sealed, counts.unsealed.len(), counts.heads.len()), (2, 4, 0, 1));
    assert_eq!((counts.transactions, counts.transfers, counts.entries, counts.lines), (4, 4, 4, 4));
}

#[tokio::test]
async fn each_check_finds_what_it_is_for() {
    let honest = sealed().await.committed().expect("the store answers");
    let held = story::held().await;
    let mut found = BTreeMap::new();
    let both = tamperings().map(|it| (it, &honest)).chain(HELD.iter().map(|it| (it, &held)));
    for ((check, what, tamper), honest) in both {
        let mut state = honest.clone();
        assert_eq!(examine(&state, *check), Ok(()), "before: {what}");
        tamper(&mut state);
        let broken = examine(&state, *check).expect_err(what);
        assert_eq!(broken.check, *check, "{what}");
        assert_ne!(broken.expected, broken.found, "{what}");
        *found.entry(*check).or_insert(0) += 1;
    }
    println!("tamperings={} found={}", tamperings().count() + HELD.len(), found.values().sum::<i32>());
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), Check::ALL.iter().collect(), "every check is tried");
}

#[tokio::test]
async fn a_store_that_was_tampered_with_says_so() {
    let store = sealed().await;
    let honest = store.committed().expect("the store answers");
    for (_, what, tamper) in tamperings() {
        let mut state = honest.clone();
        tamper(&mut state);
        store.publish(state);
        let verdict = store.verify().await.expect("a verdict");
        assert!(matches!(verdict, Verdict::Broken { .. }), "{what}: {verdict:?}");
    }
}
