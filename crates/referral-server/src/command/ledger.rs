//! `ledger verify`: recomputes everything and compares. `ledger seal`: seals what waits.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use referral_app::{App, Expected, Verification, verify_ledger};
use referral_domain::ledger::{Answer, Broken, ChainHead, LedgerCounts, UnsealedTail, Verdict as Proof};
use referral_domain::port::{Clock, Reports};
use referral_domain::reference::Slug;
use referral_proof::sign::{PublicKey, SigningKey};
use referral_proof::text::hex;

use super::{Verdict, print};
use crate::cli::VerifyLedger;
use crate::source::clock::SystemClock;

/// Prints `verified`, `partial` or `broken at`; only the last is unsound.
///
/// # Errors
/// When the store or a key cannot be read.
pub(super) async fn verify(reports: &dyn Reports, asked: &VerifyLedger) -> anyhow::Result<Verdict> {
    let expected = expected(asked)?;
    let began = Instant::now();
    let found = verify_ledger(reports, SystemClock.now(), &expected).await?;
    let entries = u128::from(found.verdict.counts().entries);
    let rate = entries * 1_000 / began.elapsed().as_millis().max(1);
    print(&format!("{}\nrate: {rate} entries/s", describe(&found)))?;
    Ok(match found.verdict.answer() {
        Answer::Verified | Answer::Partial => Verdict::Sound,
        Answer::Broken => Verdict::Unsound,
    })
}

fn expected(asked: &VerifyLedger) -> anyhow::Result<Expected> {
    let program = asked.program.as_deref().map(|slug| Slug::parse(slug).context("--program is no slug"));
    let program = program.transpose()?;
    let head = asked.expect_head.map(|hash| (program, hash));
    Ok(Expected { head, keys: public_keys(&asked.public_keys)?, within: None })
}

/// The public keys in these files.
///
/// # Errors
/// When one holds none.
pub(super) fn public_keys(files: &[PathBuf]) -> anyhow::Result<Vec<PublicKey>> {
    let read = |file: &PathBuf| {
        let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        PublicKey::read(&text).with_context(|| format!("{} holds no public key", file.display()))
    };
    files.iter().map(read).collect()
}

/// Seals everything that waits, and prints how much it was.
///
/// # Errors
/// The store's.
pub(super) async fn seal(app: &App, key: Option<&SigningKey>) -> anyhow::Result<Verdict> {
    let all = app.seal_ledger(None, key).await?;
    print(&format!("sealed: transfers={} blocks={}", all.sealed, all.blocks))?;
    Ok(Verdict::Sound)
}

fn describe(found: &Verification) -> String {
    let Verification { verdict, published, signed } = found;
    let mut lines = match verdict {
        Proof::Verified(counts) => {
            let mut lines = vec![format!("{}: {}", verdict.answer(), looked_at(counts))];
            lines.extend(counts.unsealed.iter().map(uncovered));
            lines
        }
        Proof::Broken { counts, first } => {
            vec![broken(first), format!("looked at until then: {}", looked_at(counts))]
        }
    };
    lines.extend(verdict.counts().heads.iter().map(|head| format!("head: {}", chain_head(head))));
    lines.extend(published.iter().map(|head| format!("published: {}", chain_head(head))));
    lines.extend(
        signed.map(|signed| format!("signed by a known key: {signed} of {} blocks", verdict.counts().blocks)),
    );
    lines.join("\n")
}

fn uncovered(tail: &UnsealedTail) -> String {
    let UnsealedTail { program, transfers, since } = tail;
    format!("not covered: {transfers} transfers of program {program} that no block seals yet, since {since}")
}

fn chain_head(head: &ChainHead) -> String {
    format!("program {} block {} {}", head.program, head.n, hex(&head.hash))
}

fn broken(first: &Broken) -> String {
    let Broken { check, place, expected, found } = first;
    format!("broken at {place}: {check}\nexpected: {expected}\nfound: {found}")
}

fn looked_at(counts: &LedgerCounts) -> String {
    let LedgerCounts {
        books,
        transactions,
        transfers,
        entries,
        accounts,
        lines,
        referrals,
        blocks,
        sealed,
        ..
    } = counts;
    format!(
        "books={books} transactions={transactions} transfers={transfers} entries={entries} accounts={accounts} \
         lines={lines} referrals={referrals} blocks={blocks} sealed={sealed}"
    )
}

#[cfg(test)]
mod tests {
    use referral_domain::ledger::Check;
    use referral_domain::time::Timestamp;

    use super::*;

    fn text(verdict: Proof) -> String {
        describe(&Verification { verdict, published: None, signed: None })
    }

    #[test]
    fn each_answer_begins_with_its_word() {
        let program = || Slug::parse("default").expect("a slug");
        let head = ChainHead { program: program(), n: 7, hash: [0xab; 32] };
        let counts = LedgerCounts { transfers: 3, heads: vec![head.clone()], ..LedgerCounts::default() };
        let told = text(Proof::Verified(counts.clone()));
        assert!(told.starts_with("verified: books=0 transactions=0 transfers=3 "), "{told}");
        assert!(told.ends_with(&format!("\nhead: program default block 7 {}", "ab".repeat(32))), "{told}");
        let tail = UnsealedTail { program: program(), transfers: 2, since: Timestamp::from_micros(0) };
        let told = text(Proof::Verified(LedgerCounts { unsealed: vec![tail], ..counts.clone() }));
        assert!(told.starts_with("partial: books=0 "), "{told}");
        let uncovered = "\nnot covered: 2 transfers of program default that no block seals yet, since 1970-01-01T00:00:00";
        assert!(told.contains(uncovered), "{told}");
        let first = Broken {
            check: Check::Heads,
            place: "account_heads of acc_1".to_owned(),
            expected: "seq 2".to_owned(),
            found: "seq 1".to_owned(),
        };
        let told = text(Proof::Broken { counts: counts.clone(), first });
        assert!(
            told.starts_with("broken at account_heads of acc_1: heads\nexpected: seq 2\nfound: seq 1\n"),
            "{told}"
        );
        let found = Verification { verdict: Proof::Verified(counts), published: Some(head), signed: Some(0) };
        assert!(describe(&found).contains("\npublished: program default block 7 "));
    }
}
