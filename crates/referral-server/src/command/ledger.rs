//! `ledger verify`: recomputes everything and compares.

use referral_domain::ledger::{Broken, LedgerCounts, Verdict as Proof};
use referral_domain::port::Reports;

use super::{Verdict, print};

/// Prints `verified`, `partial` or `broken at`; only the last is unsound.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn verify(reports: &dyn Reports) -> anyhow::Result<Verdict> {
    let proof = reports.verify().await?;
    print(&describe(&proof))?;
    Ok(if matches!(proof, Proof::Broken { .. }) { Verdict::Unsound } else { Verdict::Sound })
}

fn describe(proof: &Proof) -> String {
    match proof {
        Proof::Verified(counts) => format!("verified: {}", looked_at(counts)),
        Proof::Partial { counts, uncovered } => {
            format!("partial: {}\nnot covered: {}", looked_at(counts), uncovered.join(", "))
        }
        Proof::Broken { counts, first } => {
            format!("{}\nlooked at until then: {}", broken(first), looked_at(counts))
        }
    }
}

fn broken(first: &Broken) -> String {
    let Broken { check, place, expected, found } = first;
    format!("broken at {place}: {check}\nexpected: {expected}\nfound: {found}")
}

fn looked_at(counts: &LedgerCounts) -> String {
    let LedgerCounts { books, transactions, transfers, entries, accounts, lines, referrals } = counts;
    format!(
        "books={books} transactions={transactions} transfers={transfers} entries={entries} accounts={accounts} \
         lines={lines} referrals={referrals}"
    )
}

#[cfg(test)]
mod tests {
    use referral_domain::ledger::Check;

    use super::*;

    #[test]
    fn each_answer_begins_with_its_word() {
        let counts = LedgerCounts { transfers: 3, ..LedgerCounts::default() };
        let first = Broken {
            check: Check::Heads,
            place: "account_heads of acc_1".to_owned(),
            expected: "seq 2".to_owned(),
            found: "seq 1".to_owned(),
        };
        let partial = Proof::Partial { counts, uncovered: vec!["the tail".to_owned()] };
        assert!(
            describe(&Proof::Verified(counts)).starts_with("verified: books=0 transactions=0 transfers=3 ")
        );
        assert!(describe(&partial).ends_with("\nnot covered: the tail"));
        let text = describe(&Proof::Broken { counts, first });
        assert!(
            text.starts_with("broken at account_heads of acc_1: heads\nexpected: seq 2\nfound: seq 1\n"),
            "{text}"
        );
    }
}
