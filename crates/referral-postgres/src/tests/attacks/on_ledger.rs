//! Attacks on accounts, transactions, transfers, entries and heads.

use super::Refusal::{Named, Words};
use super::honest::{ANA, ANA_AVAILABLE, ANA_HELD, BEN, BEN_OWED, DAN_AVAILABLE, account, posting};
use super::row::{Group, Row, entry, id, line, transfer};
use super::{Attack, attack};

pub(super) fn attacks() -> Vec<Attack> {
    [natural_keys(), sides(), amounts(), entries(), chains(), heads(), accounts(), immutable()]
        .into_iter()
        .flatten()
        .collect()
}

fn forged(label: &'static str, by: super::Refusal, change: impl FnOnce(Group) -> Group) -> Attack {
    attack(label, by, change(posting()).sql())
}

/// A posting that leaves Ana's balance alone, for attacks that write no entry.
fn unmoved() -> Group {
    let mut group = posting().line(|row| row.set("available_after", 1000));
    group.entries.clear();
    group
}

fn natural_keys() -> Vec<Attack> {
    let same = |row: Row| row.set("origin", "'reward'").set("origin_id", "'50:1'");
    let late = transfer(0x91, 5, "manual_adjustment", ("adjust", "ben-1", 2), 200);
    let late =
        late.set("debit_system", "'adjustment'").set("credit_account", id(ANA_AVAILABLE)).set("amount", 5);
    let group = "leg_same_group";
    vec![
        forged("one command posted twice", Named("transfer_natural"), |it| it.leg(same)),
        forged("a replay that splits otherwise", Named(group), |it| it.leg(|row| same(row).set("leg", 1))),
        attack("a late leg of an old group", Named(group), late.insert()),
        forged("a leg without leg 0", Named(group), |it| it.leg(|row| row.set("leg", 1))),
        forged("a leg beyond the last", Named("leg_bounds"), |it| it.leg(|row| row.set("leg", 16))),
        attack(
            "a transaction without a leg",
            Named("transaction_has_leg_0"),
            Group { legs: Vec::new(), ..unmoved() }.sql(),
        ),
        attack(
            "a transaction without a line",
            Named("transaction_has_a_line"),
            Group { line: None, ..posting() }.sql(),
        ),
        attack(
            "a leg of no transaction",
            Named("leg_of_a_transaction"),
            Group { transaction: None, line: None, ..posting() }.sql(),
        ),
        forged("a transaction that reverses itself", Named("reverses_another"), |it| {
            it.transaction(|row| row.set("reverses", id(0x90)))
        }),
        forged("a transaction that reverses nothing", Named("reverses_a_transaction"), |it| {
            it.transaction(|row| row.set("reverses", id(0x99)))
        }),
        forged("a transaction of an unknown kind", Named("transaction_kind_known"), |it| {
            it.transaction(|row| row.set("kind", "'gift'"))
        }),
        forged("a reference without its type", Named("reference_typed"), |it| {
            it.transaction(|row| row.set("reference", "'order:9'"))
        }),
    ]
}

fn sides() -> Vec<Attack> {
    let to = |account: u8| move |row: Row| row.set("credit_account", id(account));
    vec![
        attack("a transfer without its entry", Named("credit_has_an_entry"), unmoved().sql()),
        forged("one of two user sides missing", Named("credit_has_an_entry"), |it| {
            let from_ana = |row: Row| row.set("debit_system", "NULL").set("debit_account", id(ANA_AVAILABLE));
            let leaving = |_: Row| entry(ANA_AVAILABLE, "available", 4, 0x90, -5, 1000);
            it.leg(|row| from_ana(to(ANA_HELD)(row)))
                .entry(leaving)
                .line(|row| row.set("available_after", 995))
        }),
        forged("another currency", Named("credit_account_fk"), |it| {
            it.leg(|row| row.set("currency", "'EUR'"))
        }),
        attack("another book's account", Named("credit_account_fk"), unmoved().leg(to(DAN_AVAILABLE)).sql()),
        forged("from an account to itself", Named("not_to_itself"), |it| {
            it.leg(|row| row.set("debit_system", "NULL").set("debit_account", id(ANA_AVAILABLE)))
        }),
        forged("from an unknown system account", Named("debit_system_known"), |it| {
            it.leg(|row| row.set("debit_system", "'petty_cash'"))
        }),
        forged("from system to system", Named("a_user_side"), |it| {
            it.leg(|row| row.set("credit_account", "NULL").set("credit_system", "'write_off'"))
        }),
        forged("from nowhere", Named("debit_one_kind"), |it| it.leg(|row| row.set("debit_system", "NULL"))),
        forged("to an account and a system account", Named("credit_one_kind"), |it| {
            it.leg(|row| row.set("credit_system", "'write_off'"))
        }),
    ]
}

fn amounts() -> Vec<Attack> {
    let of = |amount: i64| move |it: Group| it.leg(|row| row.set("amount", amount));
    let most = "9223372036854775807";
    vec![
        forged("nothing", Named("transfer_amount_positive"), of(0)),
        forged("less than nothing", Named("transfer_amount_positive"), of(-5)),
        forged("an entry of nothing", Named("entry_amount_positive"), |it| {
            it.entry(|row| row.set("amount", 0).set("balance_after", 1000))
        }),
        forged("an overflow", Words("bigint out of range"), |it| {
            let whole = |row: Row| row.set("amount", most).set("balance_after", most);
            it.leg(|row| row.set("amount", most)).entry(whole)
        }),
        forged("a word", Words("invalid input syntax for type bigint"), |it| {
            it.leg(|row| row.set("amount", "'much'"))
        }),
    ]
}

fn taking(amount: i64, after: i64, purpose: &str) -> Group {
    let leg = |row: Row| {
        let row = row.set("debit_system", "NULL").set("debit_account", id(ANA_AVAILABLE));
        row.set("credit_account", "NULL").set("credit_system", "'redemption'").set("amount", amount)
    };
    let gone = entry(ANA_AVAILABLE, purpose, 4, 0x90, -amount, 1000);
    posting().leg(leg).entry(|_| gone).line(|row| row.set("available_after", after))
}

fn entries() -> Vec<Attack> {
    let owed = |it: Group| {
        let it = it.leg(|row| row.set("credit_account", id(BEN_OWED)));
        it.entry(|_| entry(BEN_OWED, "owed", 3, 0x90, 5, 0))
    };
    let over = taking(1001, -1, "owed").line(|row| row.set("available_after", 0));
    vec![
        attack("an overdraft", Named("entry_bounds"), taking(1001, 0, "available").sql()),
        forged("owing less than nothing", Named("entry_bounds"), owed),
        attack(
            "an available balance passed off as owed",
            Named("entry_purpose"),
            Group { line: None, ..over }.sql(),
        ),
        forged("a lie about the balance before", Named("entry_chain"), |it| {
            it.entry(|row| row.set("balance_before", 99).set("balance_after", 104))
                .line(|row| row.set("available_after", 104))
        }),
        forged("a wrong sum", Named("entry_sum"), |it| it.entry(|row| row.set("balance_after", 1006))),
        forged("an entry of another amount", Named("entry_credit"), |it| {
            it.entry(|row| row.set("amount", 6).set("balance_after", 1006))
                .line(|row| row.set("available_after", 1006))
        }),
        forged("the wrong side", Named("entry_debit"), |it| {
            it.entry(|row| row.set("side", "'D'").set("balance_after", 995))
                .line(|row| row.set("available_after", 995))
        }),
        forged("an entry on another account", Named("entry_credit"), |it| {
            it.entry(|_| entry(ANA_HELD, "held", 1, 0x90, 5, 0))
                .line(|row| row.set("available_after", 1000).set("held_after", 5))
        }),
    ]
}

fn chains() -> Vec<Attack> {
    let second = entry(ANA_AVAILABLE, "available", 4, 4, 500, 1000);
    vec![
        forged("a fork", Named("entry_seq"), |it| {
            it.entry(|_| entry(ANA_AVAILABLE, "available", 2, 0x90, 5, 2500))
        }),
        forged("a gap", Named("entry_chain"), |it| it.entry(|row| row.set("seq", 5).set("prev_seq", 4))),
        forged("a step back", Named("entry_follows"), |it| {
            it.entry(|row| row.set("seq", 5).set("prev_seq", 3))
        }),
        forged("a restart with a billion", Named("entry_follows"), |it| {
            let rich =
                |row: Row| row.set("balance_before", 1_000_000_000).set("balance_after", 1_000_000_005);
            it.entry(|row| rich(row.set("seq", 8).set("prev_seq", "NULL")))
        }),
        attack("a second entry of one side", Named("entry_once"), second.insert()),
        attack("change an entry", Named("entries_never_change"), "UPDATE entries SET side = side;"),
        attack("delete an entry", Named("entries_stay"), "DELETE FROM entries WHERE seq = 3;"),
    ]
}

fn heads() -> Vec<Attack> {
    let of_ana = format!("WHERE account_id = {}", id(ANA_AVAILABLE));
    let set = |values: &str| format!("UPDATE account_heads SET {values} {of_ana};");
    let forward = "account_heads_move_forward";
    vec![
        attack("a head that is no entry", Named("head_is_an_entry"), set("seq = 9")),
        attack("a head set back", Named(forward), set("seq = 1, balance = 2500")),
        attack("a head with another balance", Named(forward), set("balance = 9")),
        attack("a head given away", Named(forward), set(&format!("seq = 9, account_id = {}", id(ANA_HELD)))),
        attack("delete a head", Named("account_heads_stay"), "DELETE FROM account_heads;"),
        attack(
            "a head before the first entry",
            Named("head_seq_positive"),
            format!("INSERT INTO account_heads VALUES (1, {}, 0, 0);", id(ANA_HELD)),
        ),
    ]
}

fn accounts() -> Vec<Attack> {
    vec![
        attack(
            "a twin account",
            Named("one_account_a_purpose"),
            account(1, 0x99, ANA, "available", "USD").insert(),
        ),
        attack(
            "an account in another currency",
            Named("account_in_the_books_currency"),
            account(1, 0x99, ANA, "available", "EUR").insert(),
        ),
        attack(
            "an account for a new purpose",
            Named("purpose_known"),
            account(1, 0x99, ANA, "lent", "USD").insert(),
        ),
        attack(
            "an account of nobody",
            Named("accounts_book_id_user_id_fkey"),
            account(1, 0x99, 0, "held", "USD").insert(),
        ),
        attack("change an account", Named("accounts_never_change"), "UPDATE accounts SET created_at = 9;"),
        attack(
            "delete an account",
            Named("accounts_stay"),
            format!("DELETE FROM accounts WHERE account_id = {};", id(ANA_HELD)),
        ),
    ]
}

fn immutable() -> Vec<Attack> {
    let replaced = transfer(1, 1, "welcome_credit", ("welcome", "50", 0), 100);
    let replaced =
        replaced.set("debit_system", "'adjustment'").set("credit_account", id(0x20)).set("amount", 1);
    vec![
        attack(
            "change when a transfer took effect",
            Named("transfers_never_change"),
            "UPDATE transfers SET effective_at = 9;",
        ),
        attack(
            "change a transfer's amount",
            Named("transfers_never_change"),
            "UPDATE transfers SET amount = 1 WHERE leg = 1;",
        ),
        attack("delete a transfer", Named("transfers_stay"), "DELETE FROM transfers;"),
        attack(
            "upsert a transfer",
            Named("transfers_never_change"),
            replaced.insert().replace(';', " ON CONFLICT (book_id, transfer_id) DO UPDATE SET amount = 1;"),
        ),
        attack(
            "change a transaction",
            Named("ledger_transactions_never_change"),
            "UPDATE ledger_transactions SET description = 'nothing to see';",
        ),
        attack("delete a transaction", Named("ledger_transactions_stay"), "DELETE FROM ledger_transactions;"),
        attack(
            "a second line of one transaction",
            Named("line_once"),
            posting().sql() + &line(BEN, 4, 0x90, [100, 0], [100, 0], 400).insert(),
        ),
    ]
}
