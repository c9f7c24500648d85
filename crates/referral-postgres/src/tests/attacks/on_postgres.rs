//! Attacks that only this server allows: whole tables at once, replication's rights, tables in the way, and the order of
//! statements within a transaction.

use super::Refusal::{Named, Words};
use super::honest::{ANA_AVAILABLE, posting};
use super::row::{Group, entry, id, transfer};
use super::{Attack, attack};

pub(super) fn attacks() -> Vec<Attack> {
    [whole_tables(), rights(), order()].into_iter().flatten().collect()
}

/// Every table whose rows stay, with what refuses to empty it.
const KEPT: [(&str, &str); 24] = [
    ("books", "books_stay_whole"),
    ("programs", "programs_stay_whole"),
    ("rule_versions", "rule_versions_stay_whole"),
    ("api_keys", "api_keys_stay_whole"),
    ("users", "users_stay_whole"),
    ("accounts", "accounts_stay_whole"),
    ("ledger_transactions", "ledger_transactions_stay_whole"),
    ("transfers", "transfers_stay_whole"),
    ("entries", "entries_stay_whole"),
    ("account_heads", "account_heads_stay_whole"),
    ("history_lines", "history_lines_stay_whole"),
    ("referral_codes", "referral_codes_stay_whole"),
    ("referrals", "referrals_stay_whole"),
    ("referral_progress", "referral_progress_stay_whole"),
    ("reward_steps", "reward_steps_stay_whole"),
    ("redemptions", "redemptions_stay_whole"),
    ("spend_events", "spend_events_stay_whole"),
    ("spend_folds", "spend_folds_stay_whole"),
    ("commission_steps", "commission_steps_stay_whole"),
    ("holds", "holds_stay_whole"),
    ("hold_steps", "hold_steps_stay_whole"),
    ("budget_months", "budget_months_stay_whole"),
    ("ledger_blocks", "ledger_blocks_stay_whole"),
    ("sealed_transfers", "sealed_transfers_stay_whole"),
];

/// Alone, since `CASCADE` would meet another table's trigger first.
fn whole_tables() -> Vec<Attack> {
    let leaf = [
        "account_heads",
        "spend_folds",
        "commission_steps",
        "hold_steps",
        "budget_months",
        "sealed_transfers",
    ];
    let emptied = KEPT.iter().filter(|(table, _)| leaf.contains(table));
    let empty = |(table, by): &(&'static str, &'static str)| {
        attack("empty a table", Named(by), format!("TRUNCATE {table};"))
    };
    let cascading = KEPT.iter().map(|(table, _)| {
        attack(
            "empty a table and all that needs it",
            Words("_stay_whole refuses this"),
            format!("TRUNCATE {table} CASCADE;"),
        )
    });
    emptied.map(empty).chain(cascading).collect()
}

fn rights() -> Vec<Attack> {
    let shadow = "CREATE TEMP TABLE books (book_id bigint, currency text);
      INSERT INTO books VALUES (1, 'EUR');";
    let foreign = super::honest::account(1, 0x99, super::honest::ANA, "in_payout", "EUR").insert();
    let forged = posting().leg(|row| row.with("xid", "'3'")).sql();
    vec![
        attack(
            "change a transfer as replication does",
            Named("transfers_never_change"),
            "SET LOCAL session_replication_role = replica; UPDATE transfers SET amount = 2;",
        ),
        attack(
            "delete a book's lines as replication does",
            Named("history_lines_stay"),
            "SET LOCAL session_replication_role = replica; DELETE FROM history_lines;",
        ),
        attack(
            "a currency that a temporary table vouches for",
            Named("account_in_the_books_currency"),
            format!("{shadow} {}", foreign.replace("INTO accounts", "INTO public.accounts")),
        ),
        attack("a transfer of another transaction's number", Named("transfer_of_this_unit"), forged),
    ]
}

fn order() -> Vec<Attack> {
    let mut behind = posting().sql();
    let from = behind.find("INSERT INTO account_heads").expect("it moves the head");
    let to = behind.find("INSERT INTO entries").expect("it has an entry");
    behind.replace_range(from..to, "");
    let leg = transfer(0x91, 0x90, "manual_adjustment", ("adjust", "ana-1", 1), 400);
    let leg =
        leg.set("debit_system", "'adjustment'").set("credit_account", id(ANA_AVAILABLE)).set("amount", 7);
    let more = entry(ANA_AVAILABLE, "available", 5, 0x91, 7, 1005);
    let late = Group { transaction: None, legs: vec![leg], entries: vec![more], line: None };
    vec![
        attack("an entry that leaves the head behind", Named("entries_move_the_head"), behind),
        attack("an entry after its line", Named("entries_before_their_line"), posting().sql() + &late.sql()),
    ]
}
