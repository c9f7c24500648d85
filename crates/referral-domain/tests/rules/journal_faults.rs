//! The journal: what cannot be posted, and that a posting which fails leaves nothing behind.

use referral_domain::ledger::{Balances, Journal, LedgerFault, Posting, Purpose, TransactionKind, Wallet};

use crate::journal::{Order, carry_out, owing};
use crate::made::{ANA, BEN, BOOK, NOW, usd};

fn holding(available: i64) -> Wallet {
    let mut wallet = Wallet::empty(BOOK, ANA, usd());
    wallet.head_mut(Purpose::Available).balance = available;
    wallet
}

/// Asks for one posting to Ana; answers the fault, after making sure that nothing else came of it.
fn fault(wallet: Wallet, signed: i64) -> Option<LedgerFault> {
    let order = Order { number: 1, user: ANA, signed, kind: TransactionKind::ReferralBonus };
    let mut journal = Journal::open(vec![wallet.clone()], NOW);
    let fault = carry_out(&mut journal, &order).err();
    if fault.is_some() {
        assert_eq!(journal.wallet(ANA), Some(&wallet));
        assert_eq!(journal.finish(), Posting::default());
    }
    fault
}

#[test]
fn more_than_is_available_cannot_be_taken() {
    assert_eq!(fault(holding(100), -100), None);
    assert_eq!(fault(holding(100), -101), Some(LedgerFault::Overdraft));
    assert_eq!(fault(holding(0), -1), Some(LedgerFault::Overdraft));
    assert_eq!(fault(owing(ANA, 50), -1), Some(LedgerFault::Overdraft));
}

#[test]
fn what_is_held_or_in_payout_is_not_available() {
    for purpose in [Purpose::Held, Purpose::InPayout] {
        let mut wallet = Wallet::empty(BOOK, ANA, usd());
        wallet.head_mut(purpose).balance = 100;
        assert_eq!(fault(wallet, -1), Some(LedgerFault::Overdraft), "{purpose}");
    }
}

#[test]
fn a_balance_beyond_64_bits_is_refused() {
    assert_eq!(fault(holding(i64::MAX - 1), 1), None);
    assert_eq!(fault(holding(i64::MAX), 1), Some(LedgerFault::Overflow));
}

#[test]
fn earnings_beyond_64_bits_are_refused() {
    use TransactionKind::{ManualAdjustment, ReferralBonus};
    let mut journal = Journal::open(vec![holding(0)], NOW);
    for (number, signed, kind) in [(1, i64::MAX, ReferralBonus), (2, -i64::MAX, ManualAdjustment)] {
        assert_eq!(carry_out(&mut journal, &Order { number, user: ANA, signed, kind }), Ok(()));
    }
    let twice = Order { number: 3, user: ANA, signed: 1, kind: ReferralBonus };
    assert_eq!(carry_out(&mut journal, &twice), Err(LedgerFault::Overflow), "more than can be counted");
}

#[test]
fn nothing_cannot_be_posted() {
    let mut journal = Journal::open(vec![owing(ANA, 50)], NOW);
    for amount in [0, -1, i64::MIN] {
        let (heading, ids) =
            (crate::journal::heading(1, TransactionKind::WelcomeCredit), &mut crate::made::ids(1));
        let from = referral_domain::ledger::SystemAccount::WelcomeExpense;
        assert_eq!(journal.credit(heading.clone(), ANA, amount, from, ids), Err(LedgerFault::NotPositive));
        assert_eq!(journal.debit(heading, ANA, amount, from, ids), Err(LedgerFault::NotPositive));
    }
    assert_eq!(journal.finish(), Posting::default());
}

#[test]
fn a_wallet_that_is_not_locked_cannot_be_posted_to() {
    let mut journal = Journal::open(vec![holding(100)], NOW);
    for signed in [5, -5] {
        let order = Order { number: 1, user: BEN, signed, kind: TransactionKind::WelcomeCredit };
        assert_eq!(carry_out(&mut journal, &order), Err(LedgerFault::NotLocked));
    }
    assert_eq!((journal.balances(BEN), journal.wallet(BEN)), (Err(LedgerFault::NotLocked), None));
    assert_eq!(journal.balances(ANA), Ok(Balances { available: 100, ..Balances::default() }));
}

#[test]
fn what_was_posted_before_a_fault_stands() {
    let order = |number, signed| Order { number, user: ANA, signed, kind: TransactionKind::WelcomeCredit };
    let mut journal = Journal::open(vec![holding(0)], NOW);
    assert_eq!(carry_out(&mut journal, &order(1, 30)), Ok(()));
    assert_eq!(carry_out(&mut journal, &order(2, -31)), Err(LedgerFault::Overdraft));
    assert_eq!(carry_out(&mut journal, &order(3, -30)), Ok(()));
    let lines: Vec<_> = journal.finish().lines.iter().map(|line| (line.n, line.after.available)).collect();
    assert_eq!(lines, [(1, 30), (2, 0)]);
}
