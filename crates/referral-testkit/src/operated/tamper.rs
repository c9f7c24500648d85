//! Tamperings with what operators did, in SQL that both databases read, and where `ledger verify` must find each.

use referral_domain::ledger::{Broken, Check, Verdict};

/// A tampering that is found.
#[derive(Clone, Copy, Debug)]
pub struct Tamper {
    /// What it is.
    pub what: &'static str,
    /// The check that finds it.
    pub check: Check,
    /// What the first bad place says: the table, and where in it.
    pub place: &'static [&'static str],
    /// What is done.
    pub sql: &'static str,
}

impl Tamper {
    /// Why a verdict misses it, if it does.
    #[must_use]
    pub fn missed_by(&self, verdict: &Verdict) -> Option<String> {
        let Verdict::Broken { first: Broken { check, place, expected, found }, .. } = verdict else {
            return Some(format!("{}: nothing was found", self.what));
        };
        println!("{}: {check} at {place}: expected {expected}, found {found}", self.what);
        let here = self.place.iter().all(|word| place.contains(word));
        let told = *check == self.check && here && expected != found;
        let wanted = (self.check, self.place);
        (!told)
            .then(|| format!("{}: {check} at {place} ({expected}, {found}) instead of {wanted:?}", self.what))
    }
}

/// A payout of the story, by its amount.
macro_rules! payout {
    ($amount:literal) => {
        concat!("(SELECT p.payout_id FROM payouts AS p WHERE p.amount = ", $amount, ")")
    };
}

/// The batch it is in.
macro_rules! batch {
    ($amount:literal) => {
        concat!("(SELECT i.batch_id FROM batch_items AS i WHERE i.amount = ", $amount, ")")
    };
}

/// The last transaction that it posted.
macro_rules! posted {
    ($amount:literal, $status:literal) => {
        concat!(
            "(SELECT s.transaction_id FROM payout_steps AS s WHERE s.status = '",
            $status,
            "' AND s.payout_id = ",
            payout!($amount),
            ")"
        )
    };
}

/// An adjustment of the story, by its reference.
macro_rules! adjustment {
    ($reference:literal) => {
        concat!("(SELECT a.adjustment_id FROM adjustments AS a WHERE a.reference = '", $reference, "')")
    };
}

/// Its transaction.
macro_rules! adjusted {
    ($reference:literal) => {
        concat!(
            "(SELECT s.transaction_id FROM adjustment_steps AS s WHERE s.status = 'posted' AND s.adjustment_id = ",
            adjustment!($reference),
            ")"
        )
    };
}

/// Everything that a transaction posted goes, and each account and history ends where it ended before.
macro_rules! cut_out {
    ($transaction:expr) => {
        concat!(
            "UPDATE account_heads SET seq = seq - 1, balance = (SELECT e.balance_before FROM entries AS e
               JOIN transfers AS t ON t.book_id = e.book_id AND t.transfer_id = e.transfer_id
               WHERE e.account_id = account_heads.account_id AND t.transaction_id = ",
            $transaction,
            ") WHERE account_id IN (SELECT e.account_id FROM entries AS e
               JOIN transfers AS t ON t.book_id = e.book_id AND t.transfer_id = e.transfer_id
               WHERE t.transaction_id = ",
            $transaction,
            ");
             DELETE FROM entries WHERE transfer_id IN (SELECT t.transfer_id FROM transfers AS t WHERE t.transaction_id = ",
            $transaction,
            "); DELETE FROM transfers WHERE transaction_id = ",
            $transaction,
            "; DELETE FROM history_lines WHERE transaction_id = ",
            $transaction,
            "; DELETE FROM account_heads WHERE seq = 0; DELETE FROM ledger_transactions WHERE transaction_id = ",
            $transaction
        )
    };
}

const fn payouts(what: &'static str, place: &'static [&'static str], sql: &'static str) -> Tamper {
    Tamper { what, check: Check::Payouts, place, sql }
}

const fn adjustments(what: &'static str, place: &'static [&'static str], sql: &'static str) -> Tamper {
    Tamper { what, check: Check::Adjustments, place, sql }
}

/// Tamperings with payouts, their batches and what banks said.
pub const PAYOUTS: &[Tamper] = &[
    payouts("a payout's amount", &["payout_steps", " n 1 "], "UPDATE payouts SET amount = 2101 WHERE amount = 2100"),
    payouts(
        "a payout's amount, wherever it stands but in the ledger",
        &["payout_steps", " n 1 "],
        "UPDATE payouts SET amount = 2101 WHERE amount = 2100;
         UPDATE batch_items SET amount = 2101 WHERE amount = 2100;
         UPDATE settlement_lines SET amount = 2101 WHERE amount = 2100",
    ),
    payouts(
        "a payout's user",
        &["payout_steps", " n 1 "],
        "UPDATE payouts SET n = 2, user_id = (SELECT o.user_id FROM payouts AS o WHERE o.amount = 2700) WHERE amount = 2100",
    ),
    payouts(
        "a payout's user, in all its rows",
        &["payout_steps", " n 1 "],
        concat!(
            "UPDATE payout_steps SET payout_n = 9, user_id = (SELECT o.user_id FROM payouts AS o WHERE o.amount = 2700)
               WHERE payout_id = ",
            payout!(2100),
            "; UPDATE batch_items SET user_id = (SELECT o.user_id FROM payouts AS o WHERE o.amount = 2700) WHERE amount = 2100;
             UPDATE payouts SET n = 9, user_id = (SELECT o.user_id FROM payouts AS o WHERE o.amount = 2700) WHERE amount = 2100"
        ),
    ),
    payouts("a payout removed", &["payout_steps"], "DELETE FROM payouts WHERE amount = 2700"),
    payouts(
        "a payout removed with its steps",
        &["ledger_transactions"],
        concat!(
            "DELETE FROM payout_steps WHERE payout_id = ",
            payout!(2700),
            "; DELETE FROM payouts WHERE amount = 2700"
        ),
    ),
    payouts(
        "a step removed",
        &["payout_steps", " n 3 "],
        concat!("DELETE FROM payout_steps WHERE n = 2 AND payout_id = ", payout!(2100)),
    ),
    payouts(
        "the first step removed",
        &["payout_steps", " n 2 "],
        concat!("DELETE FROM payout_steps WHERE n = 1 AND payout_id = ", payout!(2100)),
    ),
    payouts(
        "the last step removed",
        &["ledger_transactions"],
        concat!("DELETE FROM payout_steps WHERE status = 'paid' AND payout_id = ", payout!(2100)),
    ),
    payouts(
        "a step that sent it removed",
        &["batch_items"],
        concat!("DELETE FROM payout_steps WHERE status = 'sent' AND payout_id = ", payout!(2300)),
    ),
    payouts(
        "a payout whose steps are gone, and all that they posted",
        &["payouts"],
        concat!(
            cut_out!(posted!(2700, "cancelled")),
            "; ",
            cut_out!(posted!(2700, "requested")),
            "; DELETE FROM payout_steps WHERE payout_id = ",
            payout!(2700)
        ),
    ),
    payouts(
        "a step inserted after the end",
        &["payout_steps", " n 6 "],
        "INSERT INTO payout_steps (book_id, payout_id, user_id, payout_n, n, prev_n, prev_status, status, at)
           SELECT s.book_id, s.payout_id, s.user_id, s.payout_n, 6, 5, 'paid', 'approved', s.at
           FROM payout_steps AS s WHERE s.status = 'paid'",
    ),
    payouts(
        "a step inserted out of order",
        &["payout_steps", " n 4 "],
        concat!(
            "INSERT INTO payout_steps (book_id, payout_id, user_id, payout_n, n, prev_n, prev_status, status, batch_id, at)
               SELECT s.book_id, s.payout_id, s.user_id, s.payout_n, 4, 3, 'batched', 'sent', s.batch_id, s.at
               FROM payout_steps AS s WHERE s.n = 3 AND s.payout_id = ",
            payout!(2400)
        ),
    ),
    payouts(
        "two steps swapped",
        &["payout_steps", " n 2 "],
        concat!(
            "UPDATE payout_steps SET n = 99 WHERE n = 2 AND payout_id = ",
            payout!(2100),
            "; UPDATE payout_steps SET n = 2 WHERE n = 3 AND payout_id = ",
            payout!(2100),
            "; UPDATE payout_steps SET n = 3 WHERE n = 99"
        ),
    ),
    payouts(
        "what failed, said to be paid",
        &["payout_steps", " n 5 "],
        "UPDATE payout_steps SET status = 'paid' WHERE status = 'failed';
         UPDATE settlement_lines SET outcome = 'paid', failure = NULL WHERE outcome = 'failed'",
    ),
    payouts(
        "a step's transaction, another's",
        &["payout_steps", " n 5 "],
        concat!(
            "UPDATE payout_steps SET transaction_id = ",
            adjusted!("posted"),
            " WHERE status = 'paid'"
        ),
    ),
    payouts(
        "the ledger's side of what was paid removed",
        &["payout_steps", " n 5 "],
        cut_out!(posted!(2100, "paid")),
    ),
    payouts(
        "an item swapped between batches",
        &["batch_items"],
        concat!(
            "UPDATE batch_items SET batch_id = CASE amount WHEN 2500 THEN (SELECT s.batch_id FROM payout_steps AS s
                 WHERE s.n = 3 AND s.payout_id = ",
            payout!(2600),
            ") ELSE (SELECT s.batch_id FROM payout_steps AS s WHERE s.n = 3 AND s.payout_id = ",
            payout!(2500),
            ") END WHERE amount IN (2500, 2600)"
        ),
    ),
    payouts(
        "an item and its step swapped between sealed batches",
        &["manifest"],
        concat!(
            "UPDATE payout_batches SET total = CASE total WHEN 2300 THEN 2400 ELSE 2300 END WHERE total IN (2300, 2400);
             UPDATE payout_steps SET batch_id = CASE payout_id WHEN ",
            payout!(2300),
            " THEN ",
            batch!(2400),
            " ELSE ",
            batch!(2300),
            " END WHERE status = 'batched' AND payout_id IN (",
            payout!(2300),
            ", ",
            payout!(2400),
            ");
             DELETE FROM payout_steps WHERE status = 'sent' AND payout_id = ",
            payout!(2300),
            ";
             INSERT INTO payout_steps (book_id, payout_id, user_id, payout_n, n, prev_n, prev_status, status, batch_id, at)
               SELECT s.book_id, s.payout_id, s.user_id, s.payout_n, 4, 3, 'batched', 'sent', s.batch_id, s.at
               FROM payout_steps AS s WHERE s.n = 3 AND s.payout_id = ",
            payout!(2400),
            ";
             UPDATE batch_items SET batch_id = (SELECT s.batch_id FROM payout_steps AS s
               WHERE s.payout_id = batch_items.payout_id AND s.n = batch_items.step_n) WHERE amount IN (2300, 2400)"
        ),
    ),
    payouts("an item's amount", &["batch_items"], "UPDATE batch_items SET amount = 2501 WHERE amount = 2500"),
    payouts("an item removed", &["payout_batches"], "DELETE FROM batch_items WHERE amount = 2500"),
    payouts(
        "an item's destination",
        &["batch_items"],
        "UPDATE batch_items SET digest = (SELECT s.manifest FROM batch_steps AS s WHERE s.manifest IS NOT NULL
           ORDER BY s.batch_id LIMIT 1) WHERE amount = 2500",
    ),
    payouts(
        "a destination, wherever it stands",
        &["manifest"],
        "UPDATE batch_items SET digest = (SELECT s.manifest FROM batch_steps AS s WHERE s.manifest IS NOT NULL
           ORDER BY s.batch_id LIMIT 1) WHERE amount = 2400;
         UPDATE payout_methods SET digest = (SELECT i.digest FROM batch_items AS i WHERE i.amount = 2400)
           WHERE user_id = (SELECT p.user_id FROM payouts AS p WHERE p.amount = 2400)",
    ),
    payouts(
        "a settlement line's amount",
        &["settlement_lines"],
        "UPDATE settlement_lines SET amount = 2101 WHERE amount = 2100",
    ),
    payouts(
        "a settlement line's word",
        &["settlement_lines"],
        "UPDATE settlement_lines SET outcome = 'failed' WHERE amount = 2100",
    ),
    payouts(
        "a settlement line's batch",
        &["settlement_lines"],
        concat!("UPDATE settlement_lines SET batch_id = ", batch!(2300), " WHERE amount = 2100"),
    ),
    payouts("a settlement line removed", &["payout_steps", " n 5 "], "DELETE FROM settlement_lines WHERE amount = 2100"),
    payouts(
        "a settlement line inserted",
        &["settlement_lines"],
        "INSERT INTO settlement_lines (book_id, payout_id, batch_id, outcome, amount, at)
               SELECT i.book_id, i.payout_id, i.batch_id, 'paid', i.amount, (SELECT max(l.at) FROM settlement_lines AS l)
               FROM batch_items AS i WHERE i.amount = 2300",
    ),
    payouts(
        "a sealed manifest",
        &["manifest"],
        concat!(
            "UPDATE batch_steps SET manifest = (SELECT m.digest FROM payout_methods AS m ORDER BY m.user_id LIMIT 1)
               WHERE status = 'sealed' AND batch_id = ",
            batch!(2400)
        ),
    ),
    payouts("a batch's total", &["payout_batches"], "UPDATE payout_batches SET total = 2401 WHERE total = 2400"),
    payouts(
        "a batch's step removed",
        &["batch_steps", " n 3 "],
        concat!("DELETE FROM batch_steps WHERE status = 'sealed' AND batch_id = ", batch!(2300)),
    ),
    payouts(
        "a batch without a step",
        &["payout_batches"],
        concat!("DELETE FROM batch_steps WHERE batch_id = ", batch!(2500)),
    ),
    payouts(
        "a batch approved by its maker",
        &["batch_steps", " n 3 "],
        concat!("UPDATE batch_steps SET actor_id = maker WHERE status = 'approved' AND batch_id = ", batch!(2300)),
    ),
    payouts("a batch that is settled no more", &["batch_steps"], "DELETE FROM batch_steps WHERE status = 'settled'"),
];

/// Tamperings with adjustments, and with what operators took back.
pub const ADJUSTMENTS: &[Tamper] = &[
    adjustments(
        "an adjustment's amount",
        &["adjustment_steps", " n 1 "],
        "UPDATE adjustments SET amount = 701 WHERE reference = 'posted'",
    ),
    adjustments(
        "an adjustment's direction",
        &["adjustment_steps", " n 1 "],
        "UPDATE adjustments SET amount = 300 WHERE reference = 'taken'",
    ),
    adjustments(
        "an adjustment's user",
        &["adjustment_steps", " n 2 "],
        "UPDATE adjustments SET user_id = (SELECT p.user_id FROM payouts AS p WHERE p.amount = 2100) WHERE reference = 'agreed'",
    ),
    adjustments("an adjustment removed", &["adjustment_steps"], "DELETE FROM adjustments WHERE reference = 'posted'"),
    adjustments(
        "an adjustment removed with its steps",
        &["ledger_transactions"],
        concat!(
            "DELETE FROM adjustment_steps WHERE adjustment_id = ",
            adjustment!("posted"),
            "; DELETE FROM adjustments WHERE reference = 'posted'"
        ),
    ),
    adjustments(
        "an adjustment nobody asked for",
        &["adjustments"],
        concat!("DELETE FROM adjustment_steps WHERE adjustment_id = ", adjustment!("waits")),
    ),
    adjustments(
        "a decision without the asking",
        &["adjustment_steps", " n 2 "],
        concat!("DELETE FROM adjustment_steps WHERE n = 1 AND adjustment_id = ", adjustment!("agreed")),
    ),
    adjustments(
        "a decision removed",
        &["ledger_transactions"],
        concat!("DELETE FROM adjustment_steps WHERE n = 2 AND adjustment_id = ", adjustment!("agreed")),
    ),
    adjustments(
        "one that waits, posted by nothing",
        &["adjustment_steps", " n 1 "],
        concat!("UPDATE adjustment_steps SET status = 'posted' WHERE adjustment_id = ", adjustment!("waits")),
    ),
    adjustments(
        "a transaction of one that waits",
        &["adjustment_steps", " n 1 "],
        concat!(
            "UPDATE adjustment_steps SET status = 'waiting' WHERE adjustment_id = ",
            adjustment!("posted")
        ),
    ),
    adjustments(
        "one that was refused, posted by another's transaction",
        &["adjustment_steps", " n 2 "],
        concat!(
            "UPDATE adjustment_steps SET status = 'posted', transaction_id = (SELECT s.transaction_id
               FROM payout_steps AS s WHERE s.status = 'paid') WHERE adjustment_id = ",
            adjustment!("refused"),
            " AND n = 2"
        ),
    ),
    adjustments(
        "the ledger's side of an adjustment removed",
        &["adjustment_steps", " n 2 "],
        concat!(
            cut_out!("(SELECT t.transaction_id FROM ledger_transactions AS t WHERE t.kind = 'credit_retraction')"),
            "; ",
            cut_out!(adjusted!("agreed"))
        ),
    ),
    adjustments(
        "decided by who asked",
        &["adjustment_steps", " n 2 "],
        concat!(
            "UPDATE audit_log SET (actor_kind, user_id, actor_id) = (SELECT l.actor_kind, l.user_id, l.actor_id
               FROM adjustment_steps AS s JOIN audit_log AS l ON l.book_id = s.book_id AND l.audit_id = s.audit_id
               WHERE s.n = 1 AND s.adjustment_id = ",
            adjustment!("agreed"),
            ") WHERE audit_id = (SELECT s.audit_id FROM adjustment_steps AS s WHERE s.n = 2 AND s.adjustment_id = ",
            adjustment!("agreed"),
            ")"
        ),
    ),
    adjustments(
        "an adjustment passed off as something else",
        &["adjustment_steps", " n 1 "],
        concat!(
            "UPDATE ledger_transactions SET kind = 'credit_retraction' WHERE transaction_id = ",
            adjusted!("taken")
        ),
    ),
    adjustments(
        "a retraction of nothing",
        &["ledger_transactions"],
        "UPDATE ledger_transactions SET reverses = NULL WHERE kind = 'credit_retraction'",
    ),
    adjustments(
        "a retraction of another adjustment",
        &["ledger_transactions"],
        concat!(
            "UPDATE ledger_transactions SET reverses = ",
            adjusted!("agreed"),
            " WHERE kind = 'credit_retraction'"
        ),
    ),
    adjustments(
        "a retraction that was asked of another",
        &["ledger_transactions"],
        "UPDATE transfers SET origin_id = 'txn_00000000-0000-7000-8000-000000000000' WHERE origin = 'retraction'",
    ),
];
