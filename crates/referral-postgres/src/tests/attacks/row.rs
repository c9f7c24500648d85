//! Rows in the making, as SQL: what an attacker with a shell on the database would write.

/// An id whose last byte is this.
pub(super) fn id(n: u8) -> String {
    format!("'{n:032x}'")
}

/// A row to insert; values are SQL.
#[derive(Clone)]
pub(super) struct Row {
    table: &'static str,
    columns: Vec<(&'static str, String)>,
}

impl Row {
    pub(super) fn new<const N: usize>(table: &'static str, columns: [(&'static str, &str); N]) -> Self {
        let columns = columns.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        Self { table, columns }
    }

    /// With another value.
    pub(super) fn set(mut self, name: &'static str, value: impl ToString) -> Self {
        let found = self.columns.iter_mut().find(|(column, _)| *column == name);
        found.unwrap_or_else(|| panic!("{} has no {name}", self.table)).1 = value.to_string();
        self
    }

    /// With one more column.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.columns.push((name, value.to_owned()));
        self
    }

    pub(super) fn insert(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        let values: Vec<_> = self.columns.iter().map(|(_, value)| value.as_str()).collect();
        format!("INSERT INTO {} ({}) VALUES ({});", self.table, names.join(", "), values.join(", "))
    }

    fn value(&self, name: &str) -> &str {
        let found = self.columns.iter().find(|(column, _)| *column == name);
        &found.unwrap_or_else(|| panic!("{} has no {name}", self.table)).1
    }

    /// Moves the head to this entry, unless it is further already.
    fn head(&self) -> String {
        let [account, seq, balance] = ["account_id", "seq", "balance_after"].map(|name| self.value(name));
        format!(
            "INSERT INTO account_heads AS h VALUES (1, {account}, {seq}, {balance}) ON CONFLICT (book_id, account_id)
               DO UPDATE SET seq = excluded.seq, balance = excluded.balance WHERE h.seq < excluded.seq;"
        )
    }
}

/// One side of a transfer.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Account(u8),
    System(&'static str),
}

/// A business transaction with everything that belongs to it.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) transaction: Option<Row>,
    pub(super) legs: Vec<Row>,
    pub(super) entries: Vec<Row>,
    pub(super) line: Option<Row>,
}

impl Group {
    pub(super) fn transaction(mut self, change: impl FnOnce(Row) -> Row) -> Self {
        self.transaction = self.transaction.map(change);
        self
    }

    pub(super) fn leg(mut self, change: impl FnOnce(Row) -> Row) -> Self {
        self.legs[0] = change(self.legs[0].clone());
        self
    }

    pub(super) fn entry(mut self, change: impl FnOnce(Row) -> Row) -> Self {
        self.entries[0] = change(self.entries[0].clone());
        self
    }

    pub(super) fn line(mut self, change: impl FnOnce(Row) -> Row) -> Self {
        self.line = self.line.map(change);
        self
    }

    /// In the order that the schema asks for: heads move before the entries they point at.
    pub(super) fn sql(&self) -> String {
        let first = self.transaction.iter().chain(&self.legs).map(Row::insert);
        let heads = self.entries.iter().map(Row::head);
        let rest = self.entries.iter().chain(&self.line).map(Row::insert);
        first.chain(heads).chain(rest).collect::<Vec<_>>().join("\n")
    }
}

pub(super) fn transaction(n: u8, user: u8, kind: &str, at: i64) -> Row {
    Row::new(
        "ledger_transactions",
        [
            ("book_id", "1"),
            ("transaction_id", &id(n)),
            ("user_id", &id(user)),
            ("kind", &format!("'{kind}'")),
            ("referral_id", "NULL"),
            ("reverses", "NULL"),
            ("description", "'because'"),
            ("reference", "NULL"),
            ("reference_type", "NULL"),
            ("created_by", "'system'"),
            ("effective_at", &at.to_string()),
            ("recorded_at", &at.to_string()),
        ],
    )
}

pub(super) fn transfer(n: u8, of: u8, kind: &str, origin: (&str, &str, u8), at: i64) -> Row {
    Row::new(
        "transfers",
        [
            ("book_id", "1"),
            ("transfer_id", &id(n)),
            ("transaction_id", &id(of)),
            ("kind", &format!("'{kind}'")),
            ("origin", &format!("'{}'", origin.0)),
            ("origin_id", &format!("'{}'", origin.1)),
            ("leg", &origin.2.to_string()),
            ("debit_account", "NULL"),
            ("debit_system", "NULL"),
            ("credit_account", "NULL"),
            ("credit_system", "NULL"),
            ("currency", "'USD'"),
            ("amount", "0"),
            ("referral_id", "NULL"),
            ("effective_at", &at.to_string()),
            ("recorded_at", &at.to_string()),
        ],
    )
}

/// A transfer's sides and amount.
pub(super) fn moving(row: Row, debit: Side, credit: Side, amount: i64) -> Row {
    let row = match debit {
        Side::Account(n) => row.set("debit_account", id(n)),
        Side::System(name) => row.set("debit_system", format!("'{name}'")),
    };
    let row = match credit {
        Side::Account(n) => row.set("credit_account", id(n)),
        Side::System(name) => row.set("credit_system", format!("'{name}'")),
    };
    row.set("amount", amount)
}

/// An entry with what was there before it; a positive amount enters, a negative one leaves.
pub(super) fn entry(account: u8, purpose: &str, seq: i64, transfer: u8, moved: i64, before: i64) -> Row {
    Row::new(
        "entries",
        [
            ("book_id", "1"),
            ("account_id", &id(account)),
            ("seq", &seq.to_string()),
            ("prev_seq", &previous(seq)),
            ("transfer_id", &id(transfer)),
            ("side", if moved > 0 { "'C'" } else { "'D'" }),
            ("amount", &moved.abs().to_string()),
            ("balance_before", &before.to_string()),
            ("balance_after", &(before + moved).to_string()),
            ("purpose", &format!("'{purpose}'")),
        ],
    )
}

fn previous(n: i64) -> String {
    if n == 1 { "NULL".to_owned() } else { (n - 1).to_string() }
}

/// A line with available and owed before and after it.
pub(super) fn line(user: u8, n: i64, of: u8, before: [i64; 2], after: [i64; 2], at: i64) -> Row {
    Row::new(
        "history_lines",
        [
            ("book_id", "1"),
            ("user_id", &id(user)),
            ("n", &n.to_string()),
            ("prev_n", &previous(n)),
            ("transaction_id", &id(of)),
            ("available_before", &before[0].to_string()),
            ("held_before", "0"),
            ("in_payout_before", "0"),
            ("owed_before", &before[1].to_string()),
            ("available_after", &after[0].to_string()),
            ("held_after", "0"),
            ("in_payout_after", "0"),
            ("owed_after", &after[1].to_string()),
            ("earned", "0"),
            ("taken", "0"),
            ("paid_out", "0"),
            ("at", &at.to_string()),
        ],
    )
}
