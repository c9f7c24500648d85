//! Attacks on accounts, transactions, transfers, entries and heads.

use super::Refusal::{Check, Key, Sqlite, Trigger, Unique};
use super::honest::{ANA, ANA_AVAILABLE, ANA_HELD, BEN, BEN_OWED, DAN_AVAILABLE, account, posting};
use super::row::{Group, Row, entry, id, line, transfer};
use super::{Attack, attack};

const NATURAL: &str = "transfers.book_id, transfers.origin, transfers.origin_id, transfers.leg";
const CHAIN: &str = "book_id, account_id, prev_seq, balance_before";

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
    let group = "transfers_leg_same_group";
    vec![
        forged("one command posted twice", Unique(NATURAL), |it| it.leg(same)),
        forged("a replay that splits otherwise", Trigger(group), |it| it.leg(|row| same(row).set("leg", 1))),
        attack("a late leg of an old group", Trigger(group), late.insert()),
        forged("a leg without leg 0", Trigger(group), |it| it.leg(|row| row.set("leg", 1))),
        forged("a leg beyond the last", Trigger(group), |it| it.leg(|row| row.set("leg", 16))),
        attack(
            "a transaction without a leg",
            Key("ledger_transactions", "book_id, transaction_id, first_leg"),
            Group { legs: Vec::new(), ..unmoved() }.sql(),
        ),
        attack(
            "a transaction without a line",
            Key("ledger_transactions", "book_id, transaction_id"),
            Group { line: None, ..posting() }.sql(),
        ),
        attack(
            "a leg of no transaction",
            Key("transfers", "book_id, transaction_id"),
            Group { transaction: None, line: None, ..posting() }.sql(),
        ),
        forged("a transaction that reverses itself", Check("reverses_another"), |it| {
            it.transaction(|row| row.set("reverses", id(0x90)))
        }),
        forged(
            "a transaction that reverses nothing",
            Key("ledger_transactions", "book_id, reverses"),
            |it| it.transaction(|row| row.set("reverses", id(0x99))),
        ),
        forged("a transaction of an unknown kind", Check("transaction_kind_known"), |it| {
            it.transaction(|row| row.set("kind", "'gift'"))
        }),
        forged("a reference without its type", Check("reference_typed"), |it| {
            it.transaction(|row| row.set("reference", "'order:9'"))
        }),
    ]
}

fn sides() -> Vec<Attack> {
    let to = |account: u8| move |row: Row| row.set("credit_account", id(account));
    vec![
        attack(
            "a transfer without its entry",
            Key("transfers", "book_id, transfer_id, need_credit"),
            unmoved().sql(),
        ),
        forged(
            "one of two user sides missing",
            Key("transfers", "book_id, transfer_id, need_credit"),
            |it| {
                let from_ana =
                    |row: Row| row.set("debit_system", "NULL").set("debit_account", id(ANA_AVAILABLE));
                let leaving = |_: Row| entry(ANA_AVAILABLE, "available", 4, 0x90, -5, 1000);
                it.leg(|row| from_ana(to(ANA_HELD)(row)))
                    .entry(leaving)
                    .line(|row| row.set("available_after", 995))
            },
        ),
        forged("another currency", Key("transfers", "book_id, credit_account, currency"), |it| {
            it.leg(|row| row.set("currency", "'EUR'"))
        }),
        attack(
            "another book's account",
            Key("transfers", "book_id, credit_account, currency"),
            unmoved().leg(to(DAN_AVAILABLE)).sql(),
        ),
        forged("from an account to itself", Check("not_to_itself"), |it| {
            it.leg(|row| row.set("debit_system", "NULL").set("debit_account", id(ANA_AVAILABLE)))
        }),
        forged("from an unknown system account", Check("debit_system_known"), |it| {
            it.leg(|row| row.set("debit_system", "'petty_cash'"))
        }),
        forged("from system to system", Check("a_user_side"), |it| {
            it.leg(|row| row.set("credit_account", "NULL").set("credit_system", "'write_off'"))
        }),
        forged("from nowhere", Check("debit_one_kind"), |it| it.leg(|row| row.set("debit_system", "NULL"))),
        forged("to an account and a system account", Check("credit_one_kind"), |it| {
            it.leg(|row| row.set("credit_system", "'write_off'"))
        }),
    ]
}

fn amounts() -> Vec<Attack> {
    let of = |amount: i64| move |it: Group| it.leg(|row| row.set("amount", amount));
    let most = "9223372036854775807";
    vec![
        forged("nothing", Check("transfer_amount_positive"), of(0)),
        forged("less than nothing", Check("transfer_amount_positive"), of(-5)),
        forged("an entry of nothing", Check("entry_amount_positive"), |it| {
            it.entry(|row| row.set("amount", 0).set("balance_after", 1000))
        }),
        forged("an overflow into a float", Check("entry_sum"), |it| {
            let whole = |row: Row| row.set("amount", most).set("balance_after", most);
            it.leg(|row| row.set("amount", most)).entry(whole)
        }),
        forged("a float", Sqlite("cannot store REAL value in INTEGER column transfers.amount"), |it| {
            it.leg(|row| row.set("amount", "0.5"))
        }),
        forged("a word", Sqlite("cannot store TEXT value in INTEGER column transfers.amount"), |it| {
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
        attack("an overdraft", Check("entry_bounds"), taking(1001, 0, "available").sql()),
        forged("owing less than nothing", Check("entry_bounds"), owed),
        attack(
            "an available balance passed off as owed",
            Key("entries", "book_id, account_id, purpose"),
            Group { line: None, ..over }.sql(),
        ),
        forged("a lie about the balance before", Key("entries", CHAIN), |it| {
            it.entry(|row| row.set("balance_before", 99).set("balance_after", 104))
                .line(|row| row.set("available_after", 104))
        }),
        forged("a wrong sum", Check("entry_sum"), |it| it.entry(|row| row.set("balance_after", 1006))),
        forged(
            "an entry of another amount",
            Key("entries", "book_id, transfer_id, credit_account, amount"),
            |it| {
                it.entry(|row| row.set("amount", 6).set("balance_after", 1006))
                    .line(|row| row.set("available_after", 1006))
            },
        ),
        forged("the wrong side", Key("entries", "book_id, transfer_id, debit_account, amount"), |it| {
            it.entry(|row| row.set("side", "'D'").set("balance_after", 995))
                .line(|row| row.set("available_after", 995))
        }),
        forged(
            "an entry on another account",
            Key("entries", "book_id, transfer_id, credit_account, amount"),
            |it| {
                it.entry(|_| entry(ANA_HELD, "held", 1, 0x90, 5, 0))
                    .line(|row| row.set("available_after", 1000).set("held_after", 5))
            },
        ),
    ]
}

fn chains() -> Vec<Attack> {
    let second = entry(ANA_AVAILABLE, "available", 4, 4, 500, 1000);
    vec![
        forged("a fork", Unique("entries.book_id, entries.account_id, entries.seq"), |it| {
            it.entry(|_| entry(ANA_AVAILABLE, "available", 2, 0x90, 5, 2500))
        }),
        forged("a gap", Key("entries", CHAIN), |it| it.entry(|row| row.set("seq", 5).set("prev_seq", 4))),
        forged("a step back", Check("entry_follows"), |it| {
            it.entry(|row| row.set("seq", 5).set("prev_seq", 3))
        }),
        forged("a restart with a billion", Check("entry_follows"), |it| {
            let rich =
                |row: Row| row.set("balance_before", 1_000_000_000).set("balance_after", 1_000_000_005);
            it.entry(|row| rich(row.set("seq", 8).set("prev_seq", "NULL")))
        }),
        attack(
            "a second entry of one side",
            Unique("entries.book_id, entries.transfer_id, entries.side"),
            second.insert(),
        ),
        attack("change an entry", Trigger("entries_never_change"), "UPDATE entries SET side = side;"),
        attack("delete an entry", Trigger("entries_stay"), "DELETE FROM entries WHERE seq = 3;"),
        attack(
            "replace an entry",
            Trigger("entries_stay"),
            entry(ANA_AVAILABLE, "available", 1, 2, 2500, 0).replace(),
        ),
    ]
}

fn heads() -> Vec<Attack> {
    let of_ana = format!("WHERE account_id = {}", id(ANA_AVAILABLE));
    let set = |values: &str| format!("UPDATE account_heads SET {values} {of_ana};");
    let forward = "account_heads_move_forward";
    let replaced =
        format!("INSERT OR REPLACE INTO account_heads VALUES (1, {}, 1, 2500);", id(ANA_AVAILABLE));
    vec![
        attack(
            "a head that is no entry",
            Key("account_heads", "book_id, account_id, seq, balance"),
            set("seq = 9"),
        ),
        attack("a head set back", Trigger(forward), set("seq = 1, balance = 2500")),
        attack("a head with another balance", Trigger(forward), set("balance = 9")),
        attack(
            "a head given away",
            Trigger(forward),
            set(&format!("seq = 9, account_id = {}", id(ANA_HELD))),
        ),
        attack("delete a head", Trigger("account_heads_stay"), "DELETE FROM account_heads;"),
        attack("replace a head", Trigger("account_heads_stay"), replaced),
        attack(
            "a head before the first entry",
            Check("head_seq_positive"),
            format!("INSERT INTO account_heads VALUES (1, {}, 0, 0);", id(ANA_HELD)),
        ),
    ]
}

fn accounts() -> Vec<Attack> {
    let twin = "accounts.book_id, accounts.user_id, accounts.purpose, accounts.currency";
    vec![
        attack("a twin account", Unique(twin), account(1, 0x99, ANA, "available", "USD").insert()),
        attack(
            "an account in another currency",
            Key("accounts", "book_id, currency"),
            account(1, 0x99, ANA, "available", "EUR").insert(),
        ),
        attack(
            "an account for a new purpose",
            Check("purpose_known"),
            account(1, 0x99, ANA, "lent", "USD").insert(),
        ),
        attack(
            "an account of nobody",
            Key("accounts", "book_id, user_id"),
            account(1, 0x99, 0, "held", "USD").insert(),
        ),
        attack("change an account", Trigger("accounts_never_change"), "UPDATE accounts SET created_at = 9;"),
        attack(
            "delete an account",
            Trigger("accounts_stay"),
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
            Trigger("transfers_never_change"),
            "UPDATE transfers SET effective_at = 9;",
        ),
        attack(
            "change a transfer's amount",
            Trigger("transfers_never_change"),
            "UPDATE transfers SET amount = 1 WHERE leg = 1;",
        ),
        attack("delete a transfer", Trigger("transfers_stay"), "DELETE FROM transfers;"),
        attack("replace a transfer", Trigger("transfers_stay"), replaced.replace()),
        attack(
            "upsert a transfer",
            Trigger("transfers_never_change"),
            replaced.insert().replace(';', " ON CONFLICT DO UPDATE SET amount = 1;"),
        ),
        attack(
            "change a transaction",
            Trigger("ledger_transactions_never_change"),
            "UPDATE ledger_transactions SET description = 'nothing to see';",
        ),
        attack(
            "delete a transaction",
            Trigger("ledger_transactions_stay"),
            "DELETE FROM ledger_transactions;",
        ),
        attack(
            "a second line of one transaction",
            Unique("history_lines.book_id, history_lines.transaction_id"),
            posting().sql() + &line(BEN, 4, 0x90, [100, 0], [100, 0], 400).insert(),
        ),
    ]
}
