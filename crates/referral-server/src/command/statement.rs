//! `ledger statement`: a user's transfers with their proof. `ledger verify-statement`: checks one, without any store.

use anyhow::Context;
use referral_app::{ProveStatement, prove_statement};
use referral_domain::port::{Clock, Reports};
use referral_domain::reference::Slug;
use referral_proof::statement::{Broken, Checked, Known, Statement};

use super::{Verdict, ledger};
use crate::cli;
use crate::source::clock::SystemClock;

/// Prints a user's statement.
///
/// # Errors
/// When there is no such program, or the store cannot be read.
pub(super) async fn print(reports: &dyn Reports, asked: &cli::Statement) -> anyhow::Result<Verdict> {
    let slug = Slug::parse(&asked.program).context("--program is no slug")?;
    let program = reports.program(&slug, SystemClock.now()).await?;
    let program = program.with_context(|| format!("there is no program {slug}"))?;
    let asked = ProveStatement { user: asked.user.clone(), from: asked.from, until: asked.to };
    let statement = prove_statement(reports, &program, &asked).await?;
    super::print(&serde_json::to_string_pretty(&statement)?)?;
    Ok(Verdict::Sound)
}

/// Checks a statement, and prints `verified`, `partial` or `broken at`; only the last is unsound.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn verify(asked: &cli::VerifyStatement) -> anyhow::Result<Verdict> {
    let text = std::fs::read_to_string(&asked.file);
    let text = text.with_context(|| format!("{} cannot be read", asked.file.display()))?;
    let known = Known { head: asked.expect_head, keys: ledger::public_keys(&asked.public_keys)? };
    match Statement::read(&text).and_then(|statement| statement.check(&known)) {
        Ok(checked) => {
            super::print(&describe(checked))?;
            Ok(Verdict::Sound)
        }
        Err(broken @ Broken { .. }) => {
            super::print(&broken.to_string())?;
            Ok(Verdict::Unsound)
        }
    }
}

fn describe(checked: Checked) -> String {
    let Checked { proven, unanchored, waiting, blocks } = checked;
    let answer = if checked.is_whole() { "verified" } else { "partial" };
    let mut lines = vec![format!("{answer}: transfers={} blocks={blocks}", proven + unanchored + waiting)];
    if unanchored > 0 {
        lines.push(format!(
            "not covered: {unanchored} transfers lead to blocks that neither a published head nor a known key vouches \
             for: give --expect-head or --public-key"
        ));
    }
    if waiting > 0 {
        lines.push(format!(
            "not covered: {waiting} transfers that no block sealed when the statement was made"
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_covered_is_said() {
        let whole = Checked { proven: 3, blocks: 2, ..Checked::default() };
        assert_eq!(describe(whole), "verified: transfers=3 blocks=2");
        let part = describe(Checked { unanchored: 1, waiting: 2, ..whole });
        assert!(
            part.starts_with("partial: transfers=6 blocks=2\nnot covered: 1 transfers lead to"),
            "{part}"
        );
        assert!(
            part.ends_with("\nnot covered: 2 transfers that no block sealed when the statement was made")
        );
    }
}
