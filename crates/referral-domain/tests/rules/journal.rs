//! The journal: whatever is posted, the chains hold, the sums are zero and no balance goes below it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use referral_domain::id::{AccountId, TransactionId, UserId};
use referral_domain::ledger::{
    CreatedBy, EntrySide, Head, Heading, Journal, LedgerFault, Origin, Party, Posting, Purpose,
    SystemAccount, TransactionKind, Wallet, account_id,
};
use referral_domain::time::Timestamp;
use uuid::Uuid;

use crate::made::{ANA, BEN, BOOK, NOW, ids, usd};

/// One command to the journal, numbered so that its rows can be told apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) number: u128,
    pub(crate) user: UserId,
    /// Positive credits, negative debits.
    pub(crate) signed: i64,
    pub(crate) kind: TransactionKind,
}

pub(crate) fn heading(number: u128, kind: TransactionKind) -> Heading {
    Heading {
        id: TransactionId::from_uuid(Uuid::from_u128(number)),
        kind,
        origin: Origin::Redeem,
        origin_id: format!("order:{number}"),
        referral: None,
        reverses: None,
        description: "A test".into(),
        reference: None,
        reference_type: None,
        created_by: CreatedBy::System,
        effective_at: NOW,
    }
}

pub(crate) fn carry_out(journal: &mut Journal, order: &Order) -> Result<(), LedgerFault> {
    let (heading, mut ids) = (heading(order.number, order.kind), ids(order.number * 10));
    match order.signed {
        credit @ 0.. => journal.credit(heading, order.user, credit, SystemAccount::RewardExpense, &mut ids),
        debit => journal.debit(heading, order.user, -debit, SystemAccount::Redemption, &mut ids),
    }
}

/// A wallet in which someone owes so much, as a refund of a later issue leaves it.
pub(crate) fn owing(user: UserId, owed: i64) -> Wallet {
    let mut wallet = Wallet::empty(BOOK, user, usd());
    let head = wallet.head_mut(Purpose::Owed);
    (head.balance, head.seq) = (-owed, i64::from(owed > 0));
    wallet
}

fn orders() -> impl Strategy<Value = Vec<Order>> {
    let amount = prop_oneof![-40..60_i64, -3_000..3_000_i64];
    let kinds = vec![
        TransactionKind::ReferralBonus,
        TransactionKind::WelcomeCredit,
        TransactionKind::CreditRedemption,
    ];
    let order = (any::<bool>(), amount, proptest::sample::select(kinds));
    proptest::collection::vec(order, 0..14).prop_map(|drawn| {
        let numbered = drawn.into_iter().zip(1_u128..);
        let order =
            |((ana, signed, kind), number)| Order { number, user: if ana { ANA } else { BEN }, signed, kind };
        numbered.map(order).collect()
    })
}

fn start(owed: i64) -> Vec<Wallet> {
    vec![owing(ANA, owed), Wallet::empty(BOOK, BEN, usd())]
}

/// Posts what can be posted; answers the rows and the wallets.
fn posted(wallets: Vec<Wallet>, orders: &[Order]) -> (Posting, Vec<Wallet>) {
    let mut journal = Journal::open(wallets, NOW);
    for order in orders {
        let before = journal.wallet(order.user).cloned();
        if carry_out(&mut journal, order).is_err() {
            assert_eq!(journal.wallet(order.user).cloned(), before, "a refused posting changes nothing");
        }
    }
    let wallets = [ANA, BEN].map(|user| journal.wallet(user).cloned().expect("locked")).to_vec();
    (journal.finish(), wallets)
}

fn heads(wallets: &[Wallet]) -> BTreeMap<AccountId, Head> {
    wallets.iter().flat_map(|wallet| wallet.heads).map(|head| (head.account, head)).collect()
}

/// What each party gained.
fn gains(posting: &Posting) -> BTreeMap<String, i64> {
    let mut gains = BTreeMap::new();
    let mut move_by = |party: Party, amount: i64| *gains.entry(format!("{party:?}")).or_insert(0) += amount;
    for transfer in &posting.transfers {
        move_by(transfer.debit, -transfer.amount);
        move_by(transfer.credit, transfer.amount);
    }
    gains
}

#[test]
fn what_is_owed_is_repaid_first_and_the_rest_becomes_available() {
    for (owed, credited, available, left, legs) in [
        (1_000, 2_500, 1_500, 0, 2),
        (1_000, 1_000, 0, 0, 1),
        (1_000, 400, 0, 600, 1),
        (0, 2_500, 2_500, 0, 1),
    ] {
        let order = Order { number: 1, user: ANA, signed: credited, kind: TransactionKind::ReferralBonus };
        let (posting, wallets) = posted(start(owed), &[order]);
        let balances = wallets[0].balances();
        assert_eq!(
            (balances.available, balances.owed),
            (available, left),
            "{owed} owed, {credited} credited"
        );
        assert_eq!(posting.transfers.len(), legs);
        assert_eq!(
            posting.transfers.iter().map(|it| it.leg).collect::<Vec<_>>(),
            (0..legs as u8).collect::<Vec<_>>()
        );
        let repayment = posting.transfers[0].kind == TransactionKind::OwedRepayment;
        assert_eq!(repayment, owed > 0);
        assert_eq!(posting.lines[0].earned, credited, "earned whole, even where a part repaid");
    }
}

#[test]
fn only_rewards_and_commissions_count_as_earned() {
    for kind in TransactionKind::ALL {
        let (posting, _) = posted(start(0), &[Order { number: 1, user: ANA, signed: 70, kind: *kind }]);
        let earns = matches!(kind, TransactionKind::ReferralBonus | TransactionKind::AffiliateCommission);
        assert_eq!(posting.lines[0].earned, if earns { 70 } else { 0 }, "{kind}");
    }
}

#[test]
fn an_account_is_made_by_its_first_entry_and_never_again() {
    let order = |number, signed| Order { number, user: ANA, signed, kind: TransactionKind::WelcomeCredit };
    let (posting, wallets) = posted(start(0), &[order(1, 10), order(2, 10), order(3, -5)]);
    let made: Vec<_> = posting.accounts.iter().map(|it| (it.user, it.purpose, it.currency)).collect();
    assert_eq!(made, [(ANA, Purpose::Available, usd())]);
    let later = posted(wallets, &[order(4, 10)]).0;
    assert_eq!(later.accounts, []);
}

#[test]
fn an_accounts_id_follows_from_what_it_is_for_ever() {
    let id = account_id(BOOK, ANA, Purpose::Available, usd());
    assert_eq!(id.to_string(), "acc_d300934d-7918-8d4b-ba6b-7101d3adc86c", "stored accounts would be lost");
    let euro = referral_domain::money::Currency::parse("EUR").expect("ISO 4217");
    let mut all: Vec<_> = Purpose::ALL.iter().map(|purpose| account_id(BOOK, ANA, *purpose, usd())).collect();
    all.push(account_id(BOOK, BEN, Purpose::Available, usd()));
    all.push(account_id(BOOK, ANA, Purpose::Available, euro));
    all.push(account_id(referral_domain::id::BookId(8), ANA, Purpose::Available, usd()));
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn a_users_transactions_are_recorded_one_after_another_even_when_the_clock_stands_or_goes_back() {
    let order = |number| Order { number, user: ANA, signed: 5, kind: TransactionKind::WelcomeCredit };
    let (_, wallets) = posted(start(0), &[order(1), order(2)]);
    let mut journal = Journal::open(wallets, NOW.plus_micros(-50));
    carry_out(&mut journal, &order(3)).expect("posted");
    let at: Timestamp = journal.wallet(ANA).and_then(|it| it.last.as_ref()).expect("a line").at;
    assert_eq!(at, NOW.plus_micros(2));
    assert_eq!(journal.finish().transactions[0].recorded_at, at);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn each_transfer_is_positive_and_all_parties_sum_to_zero(orders in orders(), owed in 0..2_000_i64) {
        let (before, (posting, after)) = (start(owed), posted(start(owed), &orders));
        prop_assert!(posting.transfers.iter().all(|transfer| transfer.amount > 0));
        let gains = gains(&posting);
        prop_assert_eq!(gains.values().sum::<i64>(), 0);
        let (before, after) = (heads(&before), heads(&after));
        for (account, head) in after {
            let gained = gains.get(&format!("{:?}", Party::Account(account))).copied().unwrap_or(0);
            prop_assert_eq!(head.balance - before[&account].balance, gained);
        }
    }

    #[test]
    fn no_balance_is_ever_negative_nor_is_anything_available_while_something_is_owed(
        orders in orders(), owed in 0..2_000_i64,
    ) {
        for line in posted(start(owed), &orders).0.lines {
            for balances in [line.before, line.after] {
                let all = [balances.available, balances.held, balances.in_payout, balances.owed];
                prop_assert!(all.iter().all(|balance| *balance >= 0), "{line:?}");
                prop_assert!(balances.available == 0 || balances.owed == 0, "{line:?}");
            }
        }
    }

    #[test]
    fn entries_chain_and_the_head_is_their_fold(orders in orders(), owed in 0..2_000_i64) {
        let (posting, wallets) = posted(start(owed), &orders);
        let mut folded = heads(&start(owed));
        for entry in &posting.entries {
            let head = folded.get_mut(&entry.account).expect("an account of the wallets");
            let signed = if entry.side == EntrySide::Credit { entry.amount } else { -entry.amount };
            prop_assert_eq!((entry.seq, entry.balance_before), (head.seq + 1, head.balance));
            prop_assert_eq!(entry.balance_after, entry.balance_before + signed);
            (head.seq, head.balance) = (entry.seq, entry.balance_after);
        }
        prop_assert_eq!(folded, heads(&wallets));
    }

    #[test]
    fn every_user_side_of_a_transfer_has_its_entry(orders in orders(), owed in 0..2_000_i64) {
        let posting = posted(start(owed), &orders).0;
        let mut entries = posting.entries.iter();
        for transfer in &posting.transfers {
            for (party, side) in [(transfer.debit, EntrySide::Debit), (transfer.credit, EntrySide::Credit)] {
                let Party::Account(account) = party else { continue };
                let entry = entries.next().expect("an entry");
                prop_assert_eq!((entry.account, entry.side), (account, side));
                prop_assert_eq!((entry.transfer, entry.amount), (transfer.id, transfer.amount));
            }
        }
        prop_assert!(entries.next().is_none());
    }

    #[test]
    fn history_lines_follow_one_another_and_end_in_the_wallet(orders in orders(), owed in 0..2_000_i64) {
        let (posting, wallets) = posted(start(owed), &orders);
        for (wallet, first) in wallets.iter().zip(start(owed)) {
            let mut end = (0, first.balances(), None, 0);
            for line in posting.lines.iter().filter(|line| line.user == wallet.user) {
                prop_assert_eq!((line.n, line.before), (end.0 + 1, end.1));
                prop_assert!(Some(line.at) > end.2 && line.earned >= end.3);
                end = (line.n, line.after, Some(line.at), line.earned);
            }
            prop_assert_eq!(wallet.balances(), end.1);
            prop_assert_eq!(wallet.last.as_ref().map_or(0, |line| line.n), end.0);
        }
        prop_assert_eq!(posting.lines.len(), posting.transactions.len());
    }

    #[test]
    fn a_batch_equals_its_items_one_by_one(orders in orders(), owed in 0..2_000_i64) {
        let (whole, end) = posted(start(owed), &orders);
        let (mut single, mut wallets) = (Posting::default(), start(owed));
        for order in &orders {
            let (one, after) = posted(wallets, std::slice::from_ref(order));
            wallets = after;
            single.accounts.extend(one.accounts);
            single.transactions.extend(one.transactions);
            single.transfers.extend(one.transfers);
            single.entries.extend(one.entries);
            single.lines.extend(one.lines);
        }
        prop_assert_eq!((whole, end), (single, wallets));
    }
}
