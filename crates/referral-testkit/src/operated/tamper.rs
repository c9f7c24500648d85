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
        let Verdict::Broken { first, .. } = verdict else {
            return Some(format!("{}: nothing was found", self.what));
        };
        let Broken { check, place, expected, found } = first;
        println!("{}: {check} at {place}: expected {expected}, found {found}", self.what);
        let here = self.place.iter().all(|word| place.contains(word));
        let told = *check == self.check && here && expected != found && first.book().is_some();
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

mod adjustments;
mod payouts;

pub use adjustments::ADJUSTMENTS;
pub use payouts::PAYOUTS;
