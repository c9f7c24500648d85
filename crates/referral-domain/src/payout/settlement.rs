//! What a bank says of a batch, line by line. A line that does not match settles nothing and is told.

use std::collections::BTreeMap;

use super::{Payout, PayoutStatus};
use crate::auth::words;
use crate::id::{BatchId, PayoutId};
use crate::money::{Currency, Money};
use crate::time::Timestamp;

words! {
    /// What came of a payout.
    Outcome {
        /// The money has left.
        Paid = "paid",
        /// It could not be paid.
        Failed = "failed",
    }
}

words! {
    /// Why a line settles nothing.
    ExceptionCode {
        /// Not five columns.
        MalformedRow = "malformed-row",
        /// No payout of this batch has that id.
        UnknownPayout = "unknown-payout",
        /// The currency is another.
        CurrencyMismatch = "currency-mismatch",
        /// The amount is another.
        AmountMismatch = "amount-mismatch",
        /// Neither `paid` nor `failed`.
        UnknownStatus = "unknown-status",
        /// The file speaks of this payout more than once.
        DuplicateLine = "duplicate-line",
        /// It was settled otherwise before.
        AlreadySettled = "already-settled",
    }
}

/// One line of a settlement file, as it stands there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Which line of the file, from 1; the header is the first.
    pub line: u64,
    /// Its columns: payout, amount, currency, status, failure; `None` when there are not five.
    pub columns: Option<[String; 5]>,
}

/// A line that settles nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exception {
    /// Which line of the file.
    pub line: u64,
    /// Why.
    pub code: ExceptionCode,
    /// Why, for a person.
    pub detail: String,
}

/// What settled a payout; recorded once, for ever.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettlementLine {
    /// In which batch.
    pub batch: BatchId,
    /// Which payout.
    pub payout: PayoutId,
    /// What came of it.
    pub outcome: Outcome,
    /// How much; the payout's amount.
    pub amount: i64,
    /// Why it failed, in the bank's words.
    pub failure: Option<String>,
    /// When the file was imported.
    pub at: Timestamp,
}

/// What a file means for a batch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settlement {
    /// Payouts to be settled, by id, with what came of each and the bank's words.
    pub settled: Vec<(PayoutId, Outcome, Option<String>)>,
    /// How many lines say what was settled before.
    pub unchanged: u32,
    /// The lines that settle nothing, in their order.
    pub exceptions: Vec<Exception>,
}

/// A line that matches: which payout, and what came of it.
struct Match<'a> {
    line: u64,
    payout: &'a Payout,
    outcome: Outcome,
    failure: Option<String>,
}

/// Judges a file against the payouts of a batch. The same file again settles nothing more.
///
/// A payout that the file speaks of twice with one word is settled by the first line; with two, by neither.
///
/// ```
/// use referral_domain::{money::Currency, payout::{ExceptionCode, Row, judge}};
/// let row = Row { line: 2, columns: Some(["pay_1", "25.00", "USD", "paid", ""].map(String::from)) };
/// let judged = judge(&[], Currency::parse("USD").expect("dollars"), &[row]);
/// assert_eq!((judged.settled.len(), judged.exceptions[0].code), (0, ExceptionCode::UnknownPayout));
/// ```
#[must_use]
pub fn judge(payouts: &[Payout], currency: Currency, rows: &[Row]) -> Settlement {
    let known = payouts.iter().map(|payout| (payout.id, payout)).collect();
    let mut settlement = Settlement::default();
    let mut matches: BTreeMap<PayoutId, Vec<Match<'_>>> = BTreeMap::new();
    for row in rows {
        match matching(&known, currency, row) {
            Ok(found) => matches.entry(found.payout.id).or_default().push(found),
            Err(exception) => settlement.exceptions.push(exception),
        }
    }
    matches.into_values().for_each(|lines| settlement.take(lines));
    settlement.exceptions.sort_by_key(|exception| exception.line);
    settlement
}

impl Settlement {
    /// How many payouts are settled so.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.settled.iter().filter(|(_, settled, _)| *settled == outcome).count()
    }

    /// The lines of one payout.
    fn take(&mut self, lines: Vec<Match<'_>>) {
        let contradiction = lines.windows(2).any(|pair| pair[0].outcome != pair[1].outcome);
        let used = if contradiction { 0 } else { 1 };
        for (place, line) in lines.into_iter().enumerate() {
            if place < used {
                self.settle(line);
            } else {
                let detail = "the file speaks of this payout more than once";
                self.refuse(line.line, ExceptionCode::DuplicateLine, detail.to_owned());
            }
        }
    }

    fn settle(&mut self, found: Match<'_>) {
        let Match { line, payout, outcome, failure } = found;
        match (payout.status(), outcome) {
            (PayoutStatus::Sent, _) => self.settled.push((payout.id, outcome, failure)),
            (PayoutStatus::Paid, Outcome::Paid) | (PayoutStatus::Failed, Outcome::Failed) => {
                self.unchanged += 1;
            }
            (status, _) => {
                self.refuse(line, ExceptionCode::AlreadySettled, format!("the payout is {status}"));
            }
        }
    }

    fn refuse(&mut self, line: u64, code: ExceptionCode, detail: String) {
        self.exceptions.push(Exception { line, code, detail });
    }
}

fn matching<'a>(
    known: &BTreeMap<PayoutId, &'a Payout>,
    currency: Currency,
    row: &Row,
) -> Result<Match<'a>, Exception> {
    let not = |code, detail: String| Exception { line: row.line, code, detail };
    let columns = row.columns.as_ref();
    let [id, amount, told, status, failure] = columns.ok_or_else(|| {
        not(ExceptionCode::MalformedRow, "five columns: payout_id,amount,currency,status,failure".to_owned())
    })?;
    let payout = named(id).and_then(|id| known.get(&id).copied());
    let payout = payout
        .ok_or_else(|| not(ExceptionCode::UnknownPayout, "no payout of this batch has this id".to_owned()))?;
    if told != currency.code() {
        return Err(not(ExceptionCode::CurrencyMismatch, format!("expected {}", currency.code())));
    }
    let expected = Money::of(payout.amount, currency);
    if Money::parse(amount, currency).ok() != Some(expected) {
        return Err(not(ExceptionCode::AmountMismatch, format!("expected {expected}")));
    }
    let outcome = Outcome::parse(status)
        .ok_or_else(|| not(ExceptionCode::UnknownStatus, "one of paid, failed".to_owned()))?;
    let words: String = failure.chars().filter(|c| !c.is_control()).take(500).collect();
    let failure = (outcome == Outcome::Failed && !words.is_empty()).then_some(words);
    Ok(Match { line: row.line, payout, outcome, failure })
}

/// The payout a file names: by its id, or by the 32 digits that a SEPA file carries as its end-to-end id.
fn named(text: &str) -> Option<PayoutId> {
    let digits = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let end_to_end = || uuid::Uuid::try_parse(text).ok().filter(|_| digits).map(PayoutId::from_uuid);
    PayoutId::parse(text).or_else(end_to_end)
}
