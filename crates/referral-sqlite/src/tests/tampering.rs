//! Tampering with triggers dropped, keys off and checks ignored: `verify` finds each, by the check that is for it.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use referral_domain::ledger::{Check, Verdict};
use referral_testkit::sealer::seal_in_blocks_of;

use super::{FILE, attacks, lines};
use crate::{SqliteStore, verify};

/// A change to the file, and the check that must find it.
type Tamper = (&'static str, Check, &'static str);

const ANA: &str = "x'000000000000000000000000000000a1'";
const ANA_AVAILABLE: &str = "x'00000000000000000000000000000010'";
const BEN: &str = "x'000000000000000000000000000000b1'";
const BEN_OWED: &str = "x'00000000000000000000000000000023'";
const NONE: &str = "x'0000000000000000000000000000ffff'";
const HASH: &str = "x'0707070707070707070707070707070707070707070707070707070707070707'";
const TIME: &str = "5";
const BEN_AVAILABLE: &str = "x'00000000000000000000000000000020'";

/// Ben's last transaction and everything of it.
macro_rules! cut {
    () => {
        "DELETE FROM transfers WHERE transaction_id = $LEG7; DELETE FROM entries WHERE transfer_id IN ($LEG7, $LEG8);
         DELETE FROM ledger_transactions WHERE transaction_id = $LEG7;
         DELETE FROM history_lines WHERE transaction_id = $LEG7;
         DELETE FROM adjustment_steps WHERE transaction_id = $LEG7; DELETE FROM adjustments WHERE reference = 'ben-2';
         UPDATE account_heads SET seq = 1, balance = -200 WHERE account_id = $OWED;
         UPDATE account_heads SET seq = 2, balance = 0 WHERE account_id = $BEN"
    };
}
const CUT: &str = cut!();

const TAMPERS: &[Tamper] = &[
    ("a transfer's amount", Check::TransferEntries, "UPDATE transfers SET amount = 2600 WHERE amount = 2500"),
    (
        "a transfer's side",
        Check::TransferEntries,
        "UPDATE transfers SET credit_account = $BEN WHERE amount = 2500",
    ),
    ("an entry removed", Check::TransferEntries, "DELETE FROM entries WHERE account_id = $ANA AND seq = 3"),
    ("a transfer removed", Check::TransferEntries, "DELETE FROM transfers WHERE amount = 2500"),
    (
        "an entry's amount",
        Check::TransferEntries,
        "UPDATE entries SET amount = 1 WHERE account_id = $ANA AND seq = 1",
    ),
    (
        "an entry inserted",
        Check::TransferEntries,
        "INSERT INTO entries (book_id, account_id, seq, prev_seq, transfer_id, side, amount, balance_before,
           balance_after, purpose) VALUES (1, $ANA, 4, 3, zeroblob(16), 'C', 5, 1000, 1005, 'available')",
    ),
    (
        "two entries swapped",
        Check::EntryChain,
        "UPDATE entries SET seq = 9 WHERE account_id = $ANA AND seq = 2;
         UPDATE entries SET seq = 2 WHERE account_id = $ANA AND seq = 3;
         UPDATE entries SET seq = 3 WHERE account_id = $ANA AND seq = 9",
    ),
    (
        "a balance",
        Check::EntryChain,
        "UPDATE entries SET balance_after = 9999 WHERE account_id = $ANA AND seq = 3",
    ),
    (
        "a sum beyond 64 bits",
        Check::EntryChain,
        "UPDATE entries SET balance_before = 9223372036854775807 WHERE seq = 3",
    ),
    ("a head's balance", Check::Heads, "UPDATE account_heads SET balance = 9999 WHERE account_id = $ANA"),
    (
        "a head set back",
        Check::Heads,
        "UPDATE account_heads SET seq = 1, balance = 2500 WHERE account_id = $ANA",
    ),
    ("a head removed", Check::Heads, "DELETE FROM account_heads WHERE account_id = $ANA"),
    (
        "the end of a chain cut off with its transfer",
        Check::Heads,
        "DELETE FROM entries WHERE account_id = $ANA AND seq = 3;
         DELETE FROM transfers WHERE transaction_id = x'00000000000000000000000000000004'",
    ),
    (
        "an overdraft that adds up",
        Check::Bounds,
        "UPDATE entries SET amount = 3000, balance_after = -500 WHERE account_id = $ANA AND seq = 2;
         UPDATE transfers SET amount = 3000 WHERE amount = 2000;
         UPDATE entries SET balance_before = -500, balance_after = 0 WHERE account_id = $ANA AND seq = 3;
         UPDATE account_heads SET balance = 0 WHERE account_id = $ANA",
    ),
    (
        "an account's purpose",
        Check::Bounds,
        "UPDATE accounts SET purpose = 'in_payout' WHERE account_id = $ANA",
    ),
    (
        "owed beside available",
        Check::Bounds,
        "UPDATE history_lines SET owed_after = 5 WHERE user_id = $USER AND n = 3",
    ),
    ("money from nowhere", Check::Zero, "UPDATE transfers SET debit_system = NULL WHERE amount = 2500"),
    (
        "a line's balance",
        Check::Lines,
        "UPDATE history_lines SET available_after = 9 WHERE user_id = $USER AND n = 3",
    ),
    (
        "a line's earnings",
        Check::Lines,
        "UPDATE history_lines SET earned = 9000 WHERE user_id = $USER AND n = 2",
    ),
    (
        "what was taken, made more",
        Check::Lines,
        "UPDATE history_lines SET taken = 500 WHERE user_id = $USER AND n = 3",
    ),
    (
        "what was paid out, made more",
        Check::Lines,
        "UPDATE history_lines SET paid_out = 500 WHERE user_id = $USER AND n = 3",
    ),
    ("a line's time", Check::Lines, "UPDATE history_lines SET at = 50 WHERE user_id = $USER AND n = 2"),
    ("a line removed", Check::Lines, "DELETE FROM history_lines WHERE user_id = $USER AND n = 3"),
    ("a history removed", Check::Lines, "DELETE FROM history_lines WHERE user_id = $USER"),
    (
        "two lines swapped",
        Check::Lines,
        "UPDATE history_lines SET n = 9 WHERE user_id = $USER AND n = 2;
         UPDATE history_lines SET n = 2 WHERE user_id = $USER AND n = 3;
         UPDATE history_lines SET n = 3 WHERE user_id = $USER AND n = 9",
    ),
    (
        "a transaction's user",
        Check::Lines,
        "UPDATE ledger_transactions SET user_id = zeroblob(16) WHERE kind = 'referral_bonus'",
    ),
    (
        "a transaction's time",
        Check::Lines,
        "UPDATE ledger_transactions SET recorded_at = 1 WHERE kind = 'referral_bonus'",
    ),
    ("a transaction removed", Check::Lines, "DELETE FROM ledger_transactions WHERE kind = 'referral_bonus'"),
    ("a step's amount", Check::RewardSteps, "UPDATE reward_steps SET amount = 2600"),
    ("a step removed", Check::RewardSteps, "DELETE FROM reward_steps"),
    (
        "a step of another referral",
        Check::RewardSteps,
        "UPDATE reward_steps SET referral_id = zeroblob(16) WHERE amount = 2500",
    ),
    (
        "a bonus passed off",
        Check::RewardSteps,
        "UPDATE ledger_transactions SET kind = 'referral_bonus' WHERE kind = 'credit_redemption';
         UPDATE history_lines SET taken = 2000 WHERE user_id = $USER AND n = 2;
         UPDATE history_lines SET earned = 2500 + 500, taken = 2000 WHERE user_id = $USER AND n = 3",
    ),
    (
        "a reward forgotten",
        Check::RewardSteps,
        "UPDATE referral_progress SET reward_status = 'not_due', reward_at = NULL, reward_transaction = NULL",
    ),
    (
        "a welcome credit of another amount",
        Check::RewardSteps,
        "UPDATE referral_progress SET welcome_credit = 900",
    ),
    (
        "a welcome credit forgotten",
        Check::RewardSteps,
        "UPDATE referral_progress SET welcome_status = 'not_due', welcome_at = NULL, welcome_transaction = NULL",
    ),
    (
        "another reward promised than was granted",
        Check::RewardSteps,
        "UPDATE referrals SET referrer_reward = 9900; UPDATE referral_progress SET referrer_reward = 9900",
    ),
    ("a threshold in one place", Check::NetSpend, "UPDATE referrals SET spend_threshold = 1"),
    ("spend that nobody told", Check::NetSpend, "UPDATE referral_progress SET spend_gross = 7000"),
    ("an event removed", Check::NetSpend, "DELETE FROM spend_events WHERE source_id = 'inv_1'"),
    (
        "an event that its chain does not name",
        Check::NetSpend,
        "UPDATE referral_progress SET last_event = NULL",
    ),
    (
        "a chain that names what is not there",
        Check::NetSpend,
        "UPDATE spend_events SET previous_event = 'inv_0' WHERE referral_id IS NOT NULL",
    ),
    ("a fold removed", Check::NetSpend, "DELETE FROM spend_folds"),
    ("a refund removed", Check::NetSpend, "DELETE FROM spend_events WHERE kind = 'R'"),
    (
        "a refund too late to weigh",
        Check::NetSpend,
        "UPDATE spend_events SET occurred_at = 90 + 60 * 86400000000 WHERE kind = 'R'",
    ),
    (
        "a commission on more",
        Check::NetSpend,
        "UPDATE referral_progress SET commission_gross = 7000, commission_refunded = 2000 WHERE commission_posted > 0",
    ),
    (
        "a threshold raised after the reward",
        Check::DueRewards,
        "UPDATE referrals SET spend_threshold = 7000; UPDATE referral_progress SET spend_threshold = 7000",
    ),
    (
        "spend below the threshold after the reward",
        Check::DueRewards,
        "UPDATE referral_progress SET spend_gross = 4100",
    ),
    ("a redemption's amount", Check::Redemptions, "UPDATE redemptions SET redeemed = 1900"),
    ("a redemption removed", Check::Redemptions, "DELETE FROM redemptions"),
    ("a reversal's amount", Check::Redemptions, "UPDATE redemption_reversals SET amount = 400"),
    ("what remains of a redemption", Check::Redemptions, "UPDATE redemption_reversals SET remaining = 1900"),
    ("a reversal removed", Check::Redemptions, "DELETE FROM redemption_reversals"),
    (
        "money said to be paid out",
        Check::Payouts,
        "UPDATE transfers SET credit_system = 'payout_clearing' WHERE credit_system = 'redemption'",
    ),
    (
        "an adjustment's amount",
        Check::Adjustments,
        "UPDATE adjustments SET amount = -1100 WHERE amount = -1200",
    ),
    (
        "an amount, changed wherever it stands",
        Check::Seals,
        "UPDATE transfers SET amount = 50 WHERE transfer_id = $LEG8;
         UPDATE adjustments SET amount = 250 WHERE reference = 'ben-2';
         UPDATE entries SET amount = 50, balance_after = 50 WHERE transfer_id = $LEG8;
         UPDATE account_heads SET balance = 50 WHERE account_id = $BEN;
         UPDATE history_lines SET available_after = 50 WHERE user_id = $BUSER AND n = 3",
    ),
    (
        "a time, changed wherever it stands",
        Check::Seals,
        "UPDATE transfers SET effective_at = 299 WHERE transaction_id = $LEG7;
         UPDATE ledger_transactions SET effective_at = 299 WHERE transaction_id = $LEG7",
    ),
    (
        "what a leg is",
        Check::Seals,
        "UPDATE transfers SET kind = 'manual_adjustment' WHERE transfer_id = $LEG7",
    ),
    ("a natural key", Check::Seals, "UPDATE transfers SET origin_id = 'ben-3' WHERE transaction_id = $LEG7"),
    (
        "two sealed transfers swapped",
        Check::Seals,
        "UPDATE transfers SET transfer_id = $NONE WHERE transfer_id = $LEG5;
         UPDATE transfers SET transfer_id = $LEG5 WHERE transfer_id = $LEG6;
         UPDATE transfers SET transfer_id = $LEG6 WHERE transfer_id = $NONE;
         UPDATE entries SET transfer_id = $NONE WHERE transfer_id = $LEG5;
         UPDATE entries SET transfer_id = $LEG5 WHERE transfer_id = $LEG6;
         UPDATE entries SET transfer_id = $LEG6 WHERE transfer_id = $NONE",
    ),
    ("the end cut off with everything of it", Check::Seals, CUT),
    (
        "the end cut off with its seals",
        Check::Seals,
        concat!(cut!(), "; DELETE FROM sealed_transfers WHERE transfer_id IN ($LEG7, $LEG8)"),
    ),
    (
        "a transfer and its leaf",
        Check::Seals,
        "UPDATE transfers SET kind = 'manual_adjustment' WHERE transfer_id = $LEG7;
         UPDATE sealed_transfers SET leaf = $HASH WHERE transfer_id = $LEG7",
    ),
    (
        "two places swapped",
        Check::Seals,
        "UPDATE sealed_transfers SET position = 99 WHERE transfer_id = $LEG1;
         UPDATE sealed_transfers SET position = 0 WHERE n = 1 AND position = 1;
         UPDATE sealed_transfers SET position = 1 WHERE position = 99",
    ),
    (
        "a place in a block that is not there",
        Check::Seals,
        "UPDATE sealed_transfers SET n = 9 WHERE transfer_id = $LEG8",
    ),
    ("a block's root", Check::Seals, "UPDATE ledger_blocks SET root = $HASH WHERE n = 1"),
    ("a block's hash", Check::Seals, "UPDATE ledger_blocks SET hash = $HASH WHERE n = 1"),
    ("a block's size", Check::Seals, "UPDATE ledger_blocks SET transfers = 4 WHERE n = 1"),
    ("a block's time", Check::Seals, "UPDATE ledger_blocks SET sealed_at = $TIME WHERE n = 1"),
    ("a link", Check::Seals, "UPDATE ledger_blocks SET prev_hash = $HASH WHERE n = 2"),
    ("a block removed", Check::Seals, "DELETE FROM ledger_blocks WHERE n = 1"),
    ("the last block removed", Check::Seals, "DELETE FROM ledger_blocks WHERE n = 4"),
    (
        "a block inserted",
        Check::Seals,
        "INSERT INTO ledger_blocks (book_id, n, prev_n, prev_hash, root, transfers, hash, sealed_at)
           VALUES (1, 5, 4, $HASH, $HASH, 1, $HASH, $TIME)",
    ),
    (
        "a hold's amount",
        Check::Holds,
        "UPDATE holds SET amount = 2000, remaining = 2000 WHERE kind = 'reward'",
    ),
    ("a hold removed", Check::Holds, "DELETE FROM holds WHERE kind = 'reward'"),
    ("a hold let go", Check::Holds, "UPDATE holds SET remaining = 0 WHERE kind = 'reward'"),
    ("a hold that matures earlier", Check::Holds, "UPDATE holds SET matures_at = 1"),
    ("a step of a hold removed", Check::Holds, "DELETE FROM hold_steps WHERE kind = 'release'"),
    ("a step of a hold of less", Check::Holds, "UPDATE hold_steps SET amount = 50 WHERE kind = 'void'"),
    ("a release passed off", Check::Holds, "UPDATE hold_steps SET kind = 'void' WHERE kind = 'release'"),
    (
        "a held reward said to be granted",
        Check::Holds,
        "UPDATE referral_progress SET reward_status = 'granted' WHERE reward_status = 'held'",
    ),
    (
        "a commission's step",
        Check::Commissions,
        "UPDATE commission_steps SET amount = 700, posted = 700 WHERE n = 1",
    ),
    ("a commission's end removed", Check::Commissions, "DELETE FROM commission_steps WHERE n = 2"),
    (
        "a commission forgotten",
        Check::Commissions,
        "UPDATE referral_progress SET commission_posted = 0, commission_steps = 0",
    ),
    (
        "more commission due than was promised",
        Check::Commissions,
        "UPDATE referral_progress SET commission_due = 900 WHERE commission_posted > 0",
    ),
    (
        "a commission that was not withdrawn",
        Check::Commissions,
        "UPDATE referral_progress SET commission_withdrawn = 100 WHERE commission_posted > 0",
    ),
    ("a budget given again", Check::Budgets, "UPDATE budget_months SET granted = 0"),
    ("a budget that gave more", Check::Budgets, "UPDATE budget_months SET granted = 9000"),
    ("a month removed", Check::Budgets, "DELETE FROM budget_months"),
    (
        "a grant counted in another month",
        Check::Budgets,
        "UPDATE reward_steps SET budget_month = 1 WHERE budget_month IS NOT NULL",
    ),
];

/// The SQL with what its names stand for.
fn named(sql: &str) -> String {
    let names = [
        ("$ANA", ANA_AVAILABLE),
        ("$BUSER", BEN),
        ("$BEN", BEN_AVAILABLE),
        ("$USER", ANA),
        ("$OWED", BEN_OWED),
        ("$HASH", HASH),
        ("$TIME", TIME),
        ("$NONE", NONE),
    ];
    let sql = names.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(name, value));
    (0..10).fold(sql, |sql, n| sql.replace(&format!("$LEG{n}"), &format!("x'{n:032x}'")))
}

/// Takes away everything by which the schema would refuse.
pub(super) fn disarm(conn: &mut SqliteConnection) {
    conn.batch_execute("PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON").expect("disarmed");
    for trigger in lines(conn, "SELECT name AS line FROM sqlite_schema WHERE type = 'trigger'") {
        conn.batch_execute(&format!("DROP TRIGGER {trigger}")).expect("a trigger is dropped");
    }
}

#[tokio::test]
async fn every_tampering_is_found_by_the_check_that_is_for_it() {
    let (mut conn, folder) = attacks::an_honest_book().await;
    let store = SqliteStore::open(folder.path().join(FILE)).expect("a store");
    assert_eq!(seal_in_blocks_of(&store, 3).await, 12);
    drop(store);
    disarm(&mut conn);
    let honest = verify::verify(&mut conn).expect("it can be read");
    let mut missed = Vec::new();
    for (what, check, sql) in TAMPERS {
        let sql = named(sql);
        conn.batch_execute(&format!("BEGIN; {sql};")).unwrap_or_else(|error| panic!("{what}: {error}"));
        match verify::verify(&mut conn).expect("it can be read") {
            Verdict::Broken { first, .. } if first.check == *check => {
                println!(
                    "{what}: {} at {}: expected {}, found {}",
                    first.check, first.place, first.expected, first.found
                );
                assert_ne!(first.expected, first.found, "{what}");
            }
            other => missed.push(format!("{what}: {other:?} instead of {check}")),
        }
        conn.batch_execute("ROLLBACK").expect("rolled back");
    }
    println!("tampers tried={} found={}", TAMPERS.len(), TAMPERS.len() - missed.len());
    assert!(missed.is_empty(), "{missed:#?}");
    let found: Vec<_> =
        Check::ALL.iter().filter(|check| TAMPERS.iter().any(|tamper| tamper.1 == **check)).collect();
    assert_eq!(found.len(), Check::ALL.len(), "each check finds something: {found:?}");
    assert_eq!(verify::verify(&mut conn).expect("it can be read"), honest, "and nothing was left behind");
}
