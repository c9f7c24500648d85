//! Tampering by a superuser, with triggers off and constraints dropped: `verify` finds each, by the check that is for it.

use diesel_async::SimpleAsyncConnection;
use referral_domain::ledger::{Check, Verdict};
use tokio_postgres::Client;

use super::attacks;
use crate::{PgStore, Sessions, verify};

/// A change to the database, and the check that must find it.
type Tamper = (&'static str, Check, &'static str);

const ANA: &str = "'000000000000000000000000000000a1'";
const ANA_AVAILABLE: &str = "'00000000000000000000000000000010'";
const BEN_AVAILABLE: &str = "'00000000000000000000000000000020'";

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
           balance_after, purpose) VALUES (1, $ANA, 4, 3, '00000000000000000000000000000000', 'C', 5, 1000, 1005, 'available')",
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
         DELETE FROM transfers WHERE transaction_id = '00000000000000000000000000000004'",
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
        "UPDATE ledger_transactions SET user_id = '00000000000000000000000000000000' WHERE kind = 'referral_bonus'",
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
        "UPDATE reward_steps SET referral_id = '00000000000000000000000000000000' WHERE budget_month IS NULL",
    ),
    (
        "a bonus passed off",
        Check::RewardSteps,
        "UPDATE ledger_transactions SET kind = 'referral_bonus' WHERE kind = 'credit_redemption';
         UPDATE history_lines SET taken = 2000 WHERE user_id = $USER AND n = 2;
         UPDATE history_lines SET taken = 2000, earned = 2500 + 500 WHERE user_id = $USER AND n = 3",
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
    ("spend that nobody told", Check::NetSpend, "UPDATE referral_progress SET spend_gross = 7000"),
    ("an event removed", Check::NetSpend, "DELETE FROM spend_events WHERE source_id = 'inv_1'"),
    ("a fold removed", Check::NetSpend, "DELETE FROM spend_folds"),
    (
        "a threshold raised after the reward",
        Check::DueRewards,
        "UPDATE referrals SET spend_threshold = 7000; UPDATE referral_progress SET spend_threshold = 7000",
    ),
    (
        "spend below the threshold after the reward",
        Check::DueRewards,
        "UPDATE referral_progress SET spend_gross = 4100; UPDATE spend_events SET counted = 4000 WHERE counted = 6000",
    ),
    ("a refund removed", Check::NetSpend, "DELETE FROM spend_events WHERE kind = 'R'"),
    ("a refund made for less", Check::NetSpend, "UPDATE spend_events SET amount = 900 WHERE kind = 'R'"),
    (
        "a refund put after the clawback window",
        Check::NetSpend,
        "UPDATE spend_events SET occurred_at = occurred_at + interval '60 days' WHERE kind = 'R'",
    ),
    (
        "a spend put after the window, and within the months of the commission",
        Check::NetSpend,
        "UPDATE spend_events SET occurred_at = occurred_at + interval '90 days' WHERE source_id = 'fay_1'",
    ),
    (
        "a commission that is due and not posted",
        Check::DueRewards,
        "UPDATE referral_progress SET commission_due = 600 WHERE commission_steps > 0",
    ),
    (
        "a commission on spend that nobody told",
        Check::DueRewards,
        "UPDATE referral_progress SET commission_gross = 7000 WHERE commission_steps > 0",
    ),
    (
        "a commission that was posted otherwise",
        Check::Commissions,
        "UPDATE referral_progress SET commission_steps = 3 WHERE commission_steps > 0",
    ),
    ("a commission step's amount", Check::Commissions, "UPDATE commission_steps SET amount = 700 WHERE n = 1"),
    ("the last commission step removed", Check::Commissions, "DELETE FROM commission_steps WHERE n = 2"),
    ("all commission steps removed", Check::Commissions, "DELETE FROM commission_steps"),
    (
        "a commission passed off",
        Check::Commissions,
        "UPDATE commission_steps SET transaction_id = '0000000000000000000000000000000c' WHERE n = 2",
    ),
    ("what remains of a hold", Check::Holds, "UPDATE holds SET remaining = 2000 WHERE kind = 'reward'"),
    ("a hold's amount", Check::Holds, "UPDATE holds SET amount = 2600, remaining = 2600 WHERE kind = 'reward'"),
    ("a hold's day", Check::Holds, "UPDATE holds SET matures_at = '1970-01-01' WHERE kind = 'reward'"),
    ("a hold removed", Check::Holds, "DELETE FROM holds WHERE kind = 'reward'"),
    (
        "a hold with its steps removed",
        Check::Holds,
        "DELETE FROM holds WHERE kind = 'commission'; DELETE FROM hold_steps",
    ),
    ("a step of a hold removed", Check::Holds, "DELETE FROM hold_steps"),
    ("a release passed off as a void", Check::Holds, "UPDATE hold_steps SET kind = 'void'"),
    (
        "a step of a hold made less",
        Check::Holds,
        "UPDATE hold_steps SET amount = 300, remaining = 300;
         UPDATE holds SET remaining = 300 WHERE kind = 'commission'",
    ),
    (
        "a reward no longer held",
        Check::Holds,
        "UPDATE referral_progress SET reward_status = 'granted', reward_available_at = NULL
         WHERE reward_status = 'held'",
    ),
    ("what a month gave, made less", Check::Budgets, "UPDATE budget_months SET granted = 0"),
    ("what a month gave, made more", Check::Budgets, "UPDATE budget_months SET granted = 9000"),
    ("a month removed", Check::Budgets, "DELETE FROM budget_months"),
    (
        "a reward counted in another month",
        Check::Budgets,
        "UPDATE reward_steps SET budget_month = 5 WHERE budget_month IS NOT NULL; UPDATE budget_months SET month = 5",
    ),
    ("a redemption's amount", Check::Redemptions, "UPDATE redemptions SET redeemed = 1900"),
    ("a redemption removed", Check::Redemptions, "DELETE FROM redemptions"),
    ("a reversal's amount", Check::Redemptions, "UPDATE redemption_reversals SET amount = 400"),
    ("what remains of a redemption", Check::Redemptions, "UPDATE redemption_reversals SET remaining = 1900"),
    ("a reversal removed", Check::Redemptions, "DELETE FROM redemption_reversals"),
];

/// Takes away everything by which the schema would refuse.
async fn disarm(client: &Client) {
    let disarming = "DO $$ DECLARE r record; BEGIN
        FOR r IN SELECT conrelid::regclass AS t, conname AS name FROM pg_constraint
          WHERE contype IN ('c', 'f') AND conrelid <> 0 AND connamespace = 'public'::regnamespace LOOP
          EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', r.t, r.name);
        END LOOP;
        FOR r IN SELECT tablename AS t FROM pg_tables WHERE schemaname = 'public' LOOP
          EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', r.t);
        END LOOP;
      END $$";
    client.batch_execute(disarming).await.expect("disarmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tampering_is_found_by_the_check_that_is_for_it() {
    let (client, database) = attacks::an_honest_book().await;
    disarm(&client).await;
    let store = PgStore::open(&database.url(), Sessions::default()).expect("a store");
    let mut conn = store.patient().await.expect("a session").conn;
    let honest = verify::verdict(&conn).await.expect("it can be read");
    let mut missed = Vec::new();
    for (what, check, sql) in TAMPERS {
        let sql = sql.replace("$ANA", ANA_AVAILABLE).replace("$BEN", BEN_AVAILABLE).replace("$USER", ANA);
        let tampered = conn.batch_execute(&format!("BEGIN; {sql};")).await;
        tampered.unwrap_or_else(|error| panic!("{what}: {error}"));
        match verify::verdict(&conn).await.expect("it can be read") {
            Verdict::Broken { first, .. } if first.check == *check => {
                println!(
                    "{what}: {} at {}: expected {}, found {}",
                    first.check, first.place, first.expected, first.found
                );
                assert_ne!(first.expected, first.found, "{what}");
            }
            other => missed.push(format!("{what}: {other:?} instead of {check}")),
        }
        conn.batch_execute("ROLLBACK").await.expect("rolled back");
    }
    println!("tampers tried={} found={}", TAMPERS.len(), TAMPERS.len() - missed.len());
    assert!(missed.is_empty(), "{missed:#?}");
    let found: Vec<_> =
        Check::ALL.iter().filter(|check| TAMPERS.iter().any(|tamper| tamper.1 == **check)).collect();
    assert_eq!(found.len(), Check::ALL.len(), "each check finds something: {found:?}");
    assert_eq!(verify::verdict(&conn).await.expect("it can be read"), honest, "and nothing was left behind");
}
