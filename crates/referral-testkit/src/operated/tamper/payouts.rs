//! Tamperings with payouts, their batches and what banks said.

use referral_domain::ledger::Check;

use super::Tamper;

const fn payouts(what: &'static str, place: &'static [&'static str], sql: &'static str) -> Tamper {
    Tamper { what, check: Check::Payouts, place, sql }
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
