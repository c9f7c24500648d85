//! Chains, folded as they stream: the entries of each account, the history lines of each user.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use referral_domain::ledger::{Check, EntrySide, Purpose, TransactionKind};

use super::{Finding, equal};
use crate::column::Key;
use crate::schema::entries;

#[derive(Queryable)]
struct Step {
    book: i64,
    account: Key,
    seq: i64,
    side: String,
    amount: i64,
    before: i64,
    after: i64,
}

/// [`Check::EntryChain`]: each entry begins where the one before ended, and its sum is right.
pub(super) fn entries_follow(conn: &mut SqliteConnection) -> Finding {
    let query = entries::table.order((entries::book_id, entries::account_id, entries::seq)).select((
        entries::book_id,
        entries::account_id,
        entries::seq,
        entries::side,
        entries::amount,
        entries::balance_before,
        entries::balance_after,
    ));
    let mut last = (0, Key(uuid::Uuid::nil()), 0, 0);
    for step in query.load_iter::<Step, _>(conn)? {
        let step = step?;
        let (seq, balance) =
            if (last.0, last.1) == (step.book, step.account) { (last.2, last.3) } else { (0, 0) };
        let place = || format!("entries {} seq {} of book {}", step.account.0, step.seq, step.book);
        let expected = (seq + 1, i128::from(balance), i128::from(balance) + signed(&step));
        let found = (step.seq, i128::from(step.before), i128::from(step.after));
        equal(Check::EntryChain, place, &expected, &found)?;
        last = (step.book, step.account, step.seq, step.after);
    }
    Ok(())
}

fn signed(step: &Step) -> i128 {
    let amount = i128::from(step.amount);
    if step.side == EntrySide::Credit.as_str() { amount } else { -amount }
}

/// A line, and one side of one leg of its transaction.
#[derive(QueryableByName)]
struct Share {
    #[diesel(sql_type = BigInt)]
    book_id: i64,
    #[diesel(sql_type = Binary)]
    user_id: Key,
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = BigInt)]
    available_before: i64,
    #[diesel(sql_type = BigInt)]
    held_before: i64,
    #[diesel(sql_type = BigInt)]
    in_payout_before: i64,
    #[diesel(sql_type = BigInt)]
    owed_before: i64,
    #[diesel(sql_type = BigInt)]
    available_after: i64,
    #[diesel(sql_type = BigInt)]
    held_after: i64,
    #[diesel(sql_type = BigInt)]
    in_payout_after: i64,
    #[diesel(sql_type = BigInt)]
    owed_after: i64,
    #[diesel(sql_type = BigInt)]
    earned: i64,
    #[diesel(sql_type = BigInt)]
    taken: i64,
    #[diesel(sql_type = BigInt)]
    paid_out: i64,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    reversed: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    leg: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    purpose: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    moved: Option<i64>,
}

const SHARES: &str = "
SELECT l.book_id, l.user_id, l.n, l.at, l.available_before, l.held_before, l.in_payout_before, l.owed_before,
  l.available_after, l.held_after, l.in_payout_after, l.owed_after, l.earned, l.taken, l.paid_out,
  t.kind AS kind, r.kind AS reversed, f.leg AS leg, e.purpose AS purpose, e.balance_after - e.balance_before AS moved
FROM history_lines AS l
LEFT JOIN ledger_transactions AS t ON t.book_id = l.book_id AND t.transaction_id = l.transaction_id
  AND t.user_id = l.user_id AND t.recorded_at = l.at
LEFT JOIN ledger_transactions AS r ON r.book_id = t.book_id AND r.transaction_id = t.reverses
LEFT JOIN transfers AS f ON f.book_id = t.book_id AND f.transaction_id = t.transaction_id
LEFT JOIN entries AS e ON e.book_id = f.book_id AND e.transfer_id = f.transfer_id
ORDER BY l.book_id, l.user_id, l.n";

/// [`Check::Lines`]: each line follows the one before by what the entries of its transaction moved, its sums too.
pub(super) fn lines_follow(conn: &mut SqliteConnection) -> Finding {
    let mut last: Option<Line> = None;
    let mut open: Option<Line> = None;
    for share in diesel::sql_query(SHARES).load_iter::<Share, _>(conn)? {
        let share = share?;
        if open.as_ref().is_some_and(|line| !line.is_of(&share)) {
            last = close(last.as_ref(), open.take())?;
        }
        open.get_or_insert_with(|| Line::of(&share)).add(&share);
    }
    close(last.as_ref(), open).map(drop)
}

/// What a line says, and what its transaction's entries moved.
struct Line {
    book: i64,
    user: Key,
    n: i64,
    at: i64,
    before: [i64; 4],
    after: [i64; 4],
    sums: [i64; 3],
    kind: Option<TransactionKind>,
    reversed: Option<TransactionKind>,
    moved: [i128; 4],
    posted: bool,
}

impl Line {
    fn of(share: &Share) -> Self {
        Self {
            book: share.book_id,
            user: share.user_id,
            n: share.n,
            at: share.at,
            before: [share.available_before, share.held_before, share.in_payout_before, share.owed_before],
            after: [share.available_after, share.held_after, share.in_payout_after, share.owed_after],
            sums: [share.earned, share.taken, share.paid_out],
            kind: share.kind.as_deref().and_then(TransactionKind::parse),
            reversed: share.reversed.as_deref().and_then(TransactionKind::parse),
            moved: [0; 4],
            posted: false,
        }
    }

    fn is_of(&self, share: &Share) -> bool {
        (self.book, self.user, self.n) == (share.book_id, share.user_id, share.n)
    }

    fn add(&mut self, share: &Share) {
        self.posted |= share.leg.is_some();
        if let Some(purpose) = share.purpose.as_deref().and_then(Purpose::parse) {
            let moved = i128::from(share.moved.unwrap_or(0));
            self.moved[purpose as usize] += if purpose == Purpose::Owed { -moved } else { moved };
        }
    }

    /// What the line adds to each running sum: what a reward or a commission brings is earned; what a retraction of
    /// one, or a commission that fell, takes back is taken; what a payout takes from available less owed is paid out.
    fn gained(&self) -> [i128; 3] {
        let [available, held, in_payout, owed] = self.moved;
        let gain = available + held + in_payout - owed;
        let earns = self.kind.is_some_and(TransactionKind::earns);
        let takes_back = self.kind == Some(TransactionKind::CreditRetraction)
            && self.reversed.is_some_and(TransactionKind::earns);
        let pays = self.kind == Some(TransactionKind::AffiliatePayout);
        let given = |is: bool, amount: i128| if is { amount } else { 0 };
        [given(earns, gain.max(0)), given(earns || takes_back, (-gain).max(0)), given(pays, owed - available)]
    }
}

/// Compares a line with the one before it of the same user; the line becomes the one before.
fn close(last: Option<&Line>, line: Option<Line>) -> Result<Option<Line>, super::Stop> {
    let Some(line) = line else { return Ok(None) };
    let place = || format!("history_lines {} n {} of book {}", line.user.0, line.n, line.book);
    let before = last.filter(|last| (last.book, last.user) == (line.book, line.user));
    let (n, ends, sums) = before.map_or((0, [0; 4], [0; 3]), |last| (last.n, last.after, last.sums));
    equal(Check::Lines, place, &(n + 1, ends), &(line.n, line.before))?;
    let moved = std::array::from_fn::<_, 4, _>(|at| i128::from(line.before[at]) + line.moved[at]);
    let gained = line.gained();
    let grown = std::array::from_fn::<_, 3, _>(|at| i128::from(sums[at]) + gained[at]);
    equal(Check::Lines, place, &(moved, grown), &(line.after.map(i128::from), line.sums.map(i128::from)))?;
    let later = before.is_none_or(|last| last.at < line.at);
    let posted = line.kind.is_some() && line.posted;
    let whole = || format!("{}: it is later than the line before, and posted", place());
    equal(Check::Lines, whole, &(true, true), &(later, posted))?;
    Ok(Some(line))
}
