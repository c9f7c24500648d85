//! The journal as CSV, page by page: memory does not grow with it.

use referral_app::{App, Failure, Never};
use referral_domain::chart::{Chart, JournalEntry};
use referral_domain::id::TransactionId;
use referral_domain::money::Money;
use referral_domain::port::{JournalFilter, JournalItem, StoreError};
use referral_domain::program::Program;
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;

use crate::resource::csv::{inert, writer};

/// How many transactions are read at once.
const PAGE: u32 = 1_000;

const COLUMNS: [&str; 10] = [
    "date",
    "recorded_at",
    "transaction_id",
    "account",
    "account_name",
    "debit",
    "credit",
    "currency",
    "description",
    "reference",
];

/// A journal that is being written: two rows a transfer, in a chart of accounts.
#[derive(Debug)]
pub struct JournalTable {
    program: Slug,
    filter: JournalFilter,
    chart: Chart,
    begun: bool,
    ended: bool,
}

impl JournalTable {
    /// The journal of what was recorded at or after `from` and before `until`.
    #[must_use]
    pub const fn new(program: Slug, from: Timestamp, until: Timestamp, chart: Chart) -> Self {
        let filter = JournalFilter { from, until, after: None, limit: PAGE };
        Self { program, filter, chart, begun: false, ended: false }
    }

    /// The next part of the file, the first with its header; `None` when it is complete.
    ///
    /// # Errors
    /// No such program, or the store's.
    pub async fn next(&mut self, app: &App) -> Result<Option<Vec<u8>>, Failure<Never>> {
        if self.ended {
            return Ok(None);
        }
        let (items, program) = app.journal(&self.program, &self.filter).await?;
        self.filter.after = items.last().map(|item| item.transaction.id).or(self.filter.after);
        self.ended = items.len() < PAGE as usize;
        let header = !std::mem::replace(&mut self.begun, true);
        let part = self.part(header, &items, &program);
        part.map(Some).map_err(|fault| StoreError::Unavailable(fault.into()).into())
    }

    fn part(&self, header: bool, items: &[JournalItem], program: &Program) -> Result<Vec<u8>, csv::Error> {
        let mut writer = writer();
        if header {
            writer.write_record(COLUMNS)?;
        }
        for item in items {
            for entry in self.chart.entries(item) {
                writer.write_record(record(item, &entry, program))?;
            }
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }

    /// Where the last part ended.
    #[must_use]
    pub const fn last(&self) -> Option<TransactionId> {
        self.filter.after
    }
}

fn record(item: &JournalItem, entry: &JournalEntry, program: &Program) -> [String; 10] {
    let transaction = &item.transaction;
    let money = |minor: i64| match minor {
        0 => String::new(),
        minor => Money::of(minor, program.currency).to_string(),
    };
    [
        transaction.recorded_at.day().to_string(),
        transaction.recorded_at.to_string(),
        transaction.id.to_string(),
        inert(&entry.account.number),
        inert(&entry.account.name),
        money(entry.debit),
        money(entry.credit),
        program.currency.code().to_owned(),
        inert(&transaction.description),
        inert(transaction.reference.as_deref().unwrap_or_default()),
    ]
}
