//! Attacks on the rows of payouts, their batches and what banks said, in SQL that both databases read.
//!
//! Each forges a row: it is one of the [story's](super::tell), but for what is told. It must be refused by the constraint
//! or trigger that it names, and by nothing before it.

mod batches;

use batches::{batch_steps, batches, items, lines};

/// An attack, and what must refuse it.
#[derive(Clone, Debug)]
pub struct Attack {
    /// What is tried.
    pub label: String,
    /// The constraint or trigger that refuses it.
    pub by: &'static str,
    /// How.
    pub sql: String,
}

fn attack(label: &str, by: &'static str, sql: impl Into<String>) -> Attack {
    Attack { label: label.to_owned(), by, sql: sql.into() }
}

/// The tables that are attacked here.
pub const TABLES: [&str; 7] = [
    "payout_methods",
    "payouts",
    "payout_steps",
    "payout_batches",
    "batch_steps",
    "batch_items",
    "settlement_lines",
];

/// A table as a forger sees it: its name and the columns that are not computed.
struct Table(&'static str, &'static [&'static str]);

const METHODS: Table = Table(
    "payout_methods",
    &["book_id", "user_id", "n", "prev_n", "kind", "label", "digest", "sealed", "changed_at"],
);
const PAYOUTS: Table =
    Table("payouts", &["book_id", "payout_id", "user_id", "n", "prev_n", "method_n", "kind", "amount"]);
const STEPS: Table = Table(
    "payout_steps",
    &[
        "book_id",
        "payout_id",
        "user_id",
        "payout_n",
        "n",
        "prev_n",
        "prev_status",
        "status",
        "batch_id",
        "transaction_id",
        "cancelled_by",
        "reason_code",
        "reason",
        "at",
    ],
);
const BATCHES: Table = Table(
    "payout_batches",
    &["book_id", "batch_id", "kind", "count", "total", "made_by_kind", "made_by", "left_out"],
);
const BATCH_STEPS: Table = Table(
    "batch_steps",
    &[
        "book_id",
        "batch_id",
        "n",
        "prev_n",
        "prev_status",
        "status",
        "manifest",
        "format",
        "maker_kind",
        "maker",
        "actor_kind",
        "actor_id",
        "at",
    ],
);
const ITEMS: Table = Table(
    "batch_items",
    &["book_id", "batch_id", "payout_id", "step_n", "user_id", "method_n", "kind", "amount", "digest"],
);
const LINES: Table =
    Table("settlement_lines", &["book_id", "payout_id", "batch_id", "outcome", "amount", "failure", "at"]);

/// What is told of a row in place of what stands.
type Told<'a> = (&'static str, &'a str);

impl Table {
    /// A row like one that stands, but for what is told.
    fn forge(&self, which: &str, told: &[Told<'_>], more: &[Told<'_>]) -> String {
        let Self(table, columns) = self;
        let value = |column: &&'static str| {
            let said = told.iter().chain(more).rev().find(|(name, _)| name == column);
            said.map_or(format!("r.{column}"), |(_, value)| (*value).to_owned())
        };
        let values: Vec<_> = columns.iter().map(value).collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        format!("INSERT INTO {table} ({columns}) SELECT {values} FROM {table} AS r WHERE {which};")
    }
}

/// A payout of the story, by its amount.
fn payout(amount: u32) -> String {
    format!("(SELECT p.payout_id FROM payouts AS p WHERE p.amount = {amount})")
}

/// The batch it is in.
fn batch(amount: u32) -> String {
    format!("(SELECT i.batch_id FROM batch_items AS i WHERE i.amount = {amount})")
}

/// Its step of this number.
fn step(amount: u32, n: u32) -> String {
    format!("r.n = {n} AND r.payout_id = {}", payout(amount))
}

fn batch_step(amount: u32, n: u32) -> String {
    format!("r.n = {n} AND r.batch_id = {}", batch(amount))
}

/// A transaction that no payout posted.
const OTHER_TRANSACTION: &str =
    "(SELECT s.transaction_id FROM adjustment_steps AS s WHERE s.transaction_id IS NOT NULL
  ORDER BY s.transaction_id LIMIT 1)";
/// An id that is neither a payout's nor a batch's.
const NOBODY: &str = "(SELECT l.audit_id FROM audit_log AS l ORDER BY l.audit_id LIMIT 1)";
const DIGEST: &str = "(SELECT m.digest FROM payout_methods AS m ORDER BY m.user_id LIMIT 1)";
const SHORT: &str = "(SELECT substr(m.digest, 1, 31) FROM payout_methods AS m ORDER BY m.user_id LIMIT 1)";

/// Every attack: the constraints of each table, then its guards.
#[must_use]
pub fn attacks() -> Vec<Attack> {
    let guards = GUARDS.iter().map(|(by, sql)| attack(&format!("{by}: {sql}"), by, *sql));
    let rows =
        [methods(), payouts(), steps(), steps_in_batches(), batches(), batch_steps(), items(), lines()];
    rows.into_iter().flatten().chain(guards).collect()
}

/// Ids of another form: on SQLite a column may hold any bytes.
#[must_use]
pub fn half_ids() -> Vec<Attack> {
    let payout: &[Told<'_>] = &[("payout_id", "substr(r.payout_id, 1, 15)"), ("n", "2"), ("prev_n", "1")];
    let batch: &[Told<'_>] = &[("batch_id", "substr(r.batch_id, 1, 15)")];
    vec![
        attack("half an id of a payout", "payout_id_form", PAYOUTS.forge("r.amount = 2100", payout, &[])),
        attack("half an id of a batch", "batch_id_form", BATCHES.forge("r.total = 2500", batch, &[])),
    ]
}

/// What is there neither changes nor goes; wherever nothing else refers to it, nothing but the guard refuses.
const GUARDS: &[(&str, &str)] = &[
    (
        "payout_methods_stay",
        "DELETE FROM payout_methods
           WHERE NOT EXISTS (SELECT 1 FROM payouts AS p WHERE p.user_id = payout_methods.user_id);",
    ),
    ("payouts_stay", "DELETE FROM payouts WHERE amount = 2700;"),
    ("payout_steps_stay", "DELETE FROM payout_steps WHERE status = 'cancelled';"),
    ("payout_batches_stay", "DELETE FROM payout_batches WHERE total = 2500;"),
    ("batch_steps_stay", "DELETE FROM batch_steps WHERE status = 'settled';"),
    ("batch_items_stay", "DELETE FROM batch_items WHERE amount = 2500;"),
    ("settlement_lines_stay", "DELETE FROM settlement_lines;"),
    (
        "payout_methods_are_only_erased",
        "UPDATE payout_methods SET digest = (SELECT s.manifest FROM batch_steps AS s WHERE s.manifest IS NOT NULL
           ORDER BY s.batch_id LIMIT 1);",
    ),
    ("payout_methods_are_only_erased", "UPDATE payout_methods SET sealed = digest;"),
    ("payouts_never_change", "UPDATE payouts SET amount = amount + 1 WHERE amount = 2250;"),
    (
        "payout_steps_never_change",
        "UPDATE payout_steps SET at = (SELECT min(m.changed_at) FROM payout_methods AS m);",
    ),
    ("payout_batches_never_change", "UPDATE payout_batches SET total = total + 1;"),
    (
        "batch_steps_never_change",
        "UPDATE batch_steps SET at = (SELECT min(m.changed_at) FROM payout_methods AS m);",
    ),
    (
        "batch_items_never_change",
        "UPDATE batch_items SET digest = (SELECT s.manifest FROM batch_steps AS s WHERE s.manifest IS NOT NULL
           ORDER BY s.batch_id LIMIT 1);",
    ),
    (
        "settlement_lines_never_change",
        "UPDATE settlement_lines SET at = (SELECT min(m.changed_at) FROM payout_methods AS m);",
    ),
];

fn methods() -> Vec<Attack> {
    let which = "r.user_id = (SELECT p.user_id FROM payouts AS p WHERE p.amount = 2100)";
    let next: &[Told<'_>] = &[("n", "2"), ("prev_n", "1")];
    let forged = |label: &str, by, told: &[Told<'_>]| attack(label, by, METHODS.forge(which, next, told));
    vec![
        forged("paid in cash", "method_kind_known", &[("kind", "'cash'")]),
        forged("half a digest", "method_digest_form", &[("digest", "substr(r.digest, 1, 31)")]),
        forged("a secret that holds nothing", "method_sealed_form", &[("sealed", "substr(r.sealed, 1, 29)")]),
        forged("a version twice", "method_version", &[("n", "1"), ("prev_n", "NULL"), ("kind", "'paypal'")]),
        forged("a version skipped", "method_follows", &[("n", "3")]),
        forged("a version after none", "method_chain", &[("n", "3"), ("prev_n", "2")]),
        forged("nobody's", "method_of_a_user", &[("user_id", &payout(2100)), ("n", "1"), ("prev_n", "NULL")]),
    ]
}

fn payouts() -> Vec<Attack> {
    let next: &[Told<'_>] = &[("payout_id", NOBODY), ("n", "2"), ("prev_n", "1")];
    let forged =
        |label: &str, by, told: &[Told<'_>]| attack(label, by, PAYOUTS.forge("r.amount = 2100", next, told));
    vec![
        forged("a payout of nothing", "payout_amount_positive", &[("amount", "0")]),
        forged("one id twice", "payout_once", &[("payout_id", "r.payout_id"), ("amount", "1")]),
        forged("a user's first payout twice", "payout_n", &[("n", "1"), ("prev_n", "NULL")]),
        forged("a payout skipped", "payout_follows", &[("n", "3")]),
        forged("to a method nobody set", "payout_goes_to_a_method", &[("method_n", "7")]),
        forged("in another way than its method", "payout_goes_to_a_method", &[("kind", "'paypal'")]),
        forged("asked for by no step", "payout_has_a_step", &[]),
        attack("a second open payout", "one_open_payout", PAYOUTS.forge("r.amount = 2400", next, &[])),
    ]
}

/// What would end the payout of 22.50 honestly, but for its transaction.
const CANCELLED: &[Told<'static>] = &[
    ("n", "2"),
    ("prev_n", "1"),
    ("prev_status", "'requested'"),
    ("status", "'cancelled'"),
    ("transaction_id", OTHER_TRANSACTION),
    ("cancelled_by", "'operator'"),
];
const APPROVED: &[Told<'static>] = &[
    ("n", "2"),
    ("prev_n", "1"),
    ("prev_status", "'requested'"),
    ("status", "'approved'"),
    ("transaction_id", "NULL"),
];

fn steps() -> Vec<Attack> {
    let open = step(2250, 1);
    let cancelled =
        |label: &str, by, told: &[Told<'_>]| attack(label, by, STEPS.forge(&open, CANCELLED, told));
    let approved = |label: &str, by, told: &[Told<'_>]| attack(label, by, STEPS.forge(&open, APPROVED, told));
    let (sent, other) = (step(2300, 2), "(SELECT p.user_id FROM payouts AS p WHERE p.amount = 2700)");
    let twice: &[Told<'_>] =
        &[("n", "6"), ("prev_n", "5"), ("prev_status", "'sent'"), ("status", "'failed'")];
    let reason: &[Told<'_>] =
        &[("reason_code", "'no'"), ("reason", "'No'"), ("transaction_id", OTHER_TRANSACTION)];
    vec![
        cancelled("given up by a robot", "cancelled_by_known", &[("cancelled_by", "'robot'")]),
        cancelled("given up by nobody", "cancelled_says_who", &[("cancelled_by", "NULL")]),
        cancelled("given up without its money", "payout_step_moves_money", &[("transaction_id", "NULL")]),
        cancelled(
            "given up by what asked for it",
            "payout_step_posted_once",
            &[("transaction_id", "r.transaction_id")],
        ),
        cancelled("given up by no transaction", "payout_step_is_posted", &[("transaction_id", NOBODY)]),
        cancelled("half a reason", "reason_is_whole", &[("reason_code", "'no'")]),
        approved("approved with money", "payout_step_moves_money", &[("transaction_id", OTHER_TRANSACTION)]),
        approved("a step skipped", "payout_step_follows", &[("n", "3")]),
        approved("another's step", "step_of_a_payout", &[("user_id", other)]),
        approved("a step of another of the user's payouts", "step_of_a_payout", &[("payout_n", "9")]),
        approved(
            "a step after what it was not",
            "payout_step_chain",
            &[("prev_status", "'approved'"), ("status", "'batched'"), ("batch_id", &batch(2500))],
        ),
        approved(
            "sent as soon as it was asked for",
            "payout_step_is_legal",
            &[("status", "'sent'"), ("batch_id", &batch(2300))],
        ),
        attack("a step twice", "payout_step", STEPS.forge(&sent, CANCELLED, &[])),
        attack("failed after it was paid", "payout_ends_once", STEPS.forge(&step(2100, 5), twice, reason)),
    ]
}

/// The payout of 22.50, approved and entered into a batch.
fn entered(into: &str) -> String {
    let batched: &[Told<'_>] = &[("n", "3"), ("prev_n", "2"), ("prev_status", "'approved'")];
    let told: &[Told<'_>] = &[("status", "'batched'"), ("transaction_id", "NULL"), ("batch_id", into)];
    STEPS.forge(&step(2250, 1), APPROVED, &[]) + &STEPS.forge(&step(2250, 1), batched, told)
}

fn steps_in_batches() -> Vec<Attack> {
    let (drafted, exported) = (step(2500, 3), batch(2300));
    let sent: &[Told<'_>] =
        &[("n", "4"), ("prev_n", "3"), ("prev_status", "'batched'"), ("status", "'sent'")];
    let paid: &[Told<'_>] = &[("n", "5"), ("prev_n", "4"), ("prev_status", "'sent'"), ("status", "'paid'")];
    let freed: &[Told<'_>] = &[("status", "'approved'")];
    let by: &[Told<'_>] = &[("transaction_id", OTHER_TRANSACTION)];
    vec![
        attack(
            "sent in no batch",
            "payout_step_names_its_batch",
            STEPS.forge(&drafted, sent, &[("batch_id", "NULL")]),
        ),
        attack(
            "sent in another batch",
            "payout_stays_in_its_batch",
            STEPS.forge(&drafted, sent, &[("batch_id", &exported)]),
        ),
        attack("sent before its batch", "batch_has_come_so_far", STEPS.forge(&drafted, sent, &[])),
        attack("freed from a batch that stands", "batch_has_come_so_far", STEPS.forge(&drafted, sent, freed)),
        attack("in a batch that is not there", "step_in_a_batch", entered(NOBODY)),
        attack("paid though no bank said so", "bank_has_said_so", STEPS.forge(&step(2300, 4), paid, by)),
    ]
}
