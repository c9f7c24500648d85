//! `ledger export`: the journal as CSV, in the company's chart of accounts. Memory does not grow with it.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, bail};
use referral_domain::chart::{Chart, ChartAccount};
use referral_domain::ledger::Side;
use referral_domain::reference::Slug;
use referral_http::resource::admin::ledger::JournalTable;
use serde::Deserialize;

use super::Verdict;
use crate::cli::LedgerExport;
use crate::config::Config;
use crate::secrets::Secrets;
use crate::{application, store};

/// Prints the journal of these days.
///
/// # Errors
/// When the chart is not understood, there is no such program, or the store cannot be read.
pub(super) async fn run(config: &Config, asked: &LedgerExport) -> anyhow::Result<Verdict> {
    let chart = match &asked.accounts {
        Some(file) => chart(file)?,
        None => Chart::default(),
    };
    let program = Slug::parse(&asked.program).context("a program's id is 1 to 40 of a-z, 0-9 and -")?;
    if asked.to < asked.from {
        bail!("--to lies before --from");
    }
    let opened = store::existing(config).await?;
    let app = application::assemble(config, &Secrets::settle(config)?, &opened)?;
    let mut table = JournalTable::new(program, asked.from.start(), asked.to.next().start(), chart);
    while let Some(part) = table.next(&app).await.context("the journal cannot be read")? {
        if !written(&part)? {
            break;
        }
    }
    Ok(Verdict::Sound)
}

/// Whether the reader still listens: one that has seen enough and went away is no fault.
fn written(part: &[u8]) -> anyhow::Result<bool> {
    let mut out = std::io::stdout().lock();
    match out.write_all(part).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        written => written.map(|()| true).context("standard output cannot be written"),
    }
}

/// An account of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    number: String,
    name: String,
}

fn chart(file: &Path) -> anyhow::Result<Chart> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    read(&text).with_context(|| file.display().to_string())
}

/// A chart as TOML: `[available]`, `number = "2100"`, `name = "Credits"`; what is left out keeps its usual number.
fn read(text: &str) -> anyhow::Result<Chart> {
    let entries: BTreeMap<String, Entry> = toml::from_str(text).context("not a chart of accounts")?;
    let mut chart = Chart::default();
    for (word, Entry { number, name }) in entries {
        let Some(account) = Side::parse(&word) else { bail!("there is no account {word}: {}", known()) };
        let to = ChartAccount::parse(&number, &name);
        chart.set(
            account,
            to.with_context(|| {
                format!("{word}: a number is 1 to 20 of letters, digits, . and -, a name 1 to 100 characters")
            })?,
        );
    }
    Ok(chart)
}

fn known() -> String {
    Side::ALL.map(Side::as_str).join(", ")
}

#[cfg(test)]
mod tests {
    use referral_domain::ledger::{Purpose, SystemAccount};

    use super::*;

    #[test]
    fn a_chart_maps_what_it_names_and_leaves_the_rest() {
        let chart = read("[available]\nnumber = \"2001\"\nname = \"Guthaben\"\n").expect("well formed");
        assert_eq!(chart.account(Side::User(Purpose::Available)).number, "2001");
        let usual = Chart::default();
        let expense = Side::System(SystemAccount::RewardExpense);
        assert_eq!(chart.account(expense), usual.account(expense));
    }

    #[test]
    fn a_chart_that_is_not_understood_says_why() {
        for (text, why) in [
            ("[cash]\nnumber = \"1\"\nname = \"x\"", "there is no account cash"),
            ("[owed]\nnumber = \"1 2\"\nname = \"x\"", "owed: a number"),
            ("[owed]\nnumber = \"1\"", "not a chart"),
            ("[owed]\nnumber = \"1\"\nname = \"x\"\nkind = \"y\"", "not a chart"),
        ] {
            let told = read(text).expect_err(text).to_string();
            assert!(told.starts_with(why), "{told}");
        }
    }
}
