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
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    leg: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    amount: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    purpose: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    moved: Option<i64>,
}

const SHARES: &str = "
SELECT l.book_id, l.user_id, l.n, l.at, l.available_before, l.held_before, l.in_payout_before, l.owed_before,
  l.available_after, l.held_after, l.in_payout_after, l.owed_after, l.earned, l.taken, t.kind AS kind, f.leg AS leg,
  f.amount AS amount, e.purpose AS purpose, e.balance_after - e.balance_before AS moved
FROM history_lines AS l
LEFT JOIN ledger_transactions AS t ON t.book_id = l.book_id AND t.transaction_id = l.transaction_id
  AND t.user_id = l.user_id AND t.recorded_at = l.at
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
    sums: [i64; 2],
    kind: Option<TransactionKind>,
    moved: [i128; 4],
    total: i128,
    legs: u64,
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
            sums: [share.earned, share.taken],
            kind: share.kind.as_deref().and_then(TransactionKind::parse),
            moved: [0; 4],
            total: 0,
            legs: 0,
        }
    }

    fn is_of(&self, share: &Share) -> bool {
        (self.book, self.user, self.n) == (share.book_id, share.user_id, share.n)
    }

    /// A leg that touches two accounts comes twice; its amount counts once.
    fn add(&mut self, share: &Share) {
        let leg = share.leg.map_or(0, |leg| 1_u64 << leg.clamp(0, 63));
        if self.legs & leg == 0 {
            self.total += i128::from(share.amount.unwrap_or(0));
        }
        self.legs |= leg;
        if let Some(purpose) = share.purpose.as_deref().and_then(Purpose::parse) {
            let moved = i128::from(share.moved.unwrap_or(0));
            self.moved[purpose as usize] += if purpose == Purpose::Owed { -moved } else { moved };
        }
    }

    fn gained(&self) -> i128 {
        if self.kind.is_some_and(TransactionKind::earns) { self.total } else { 0 }
    }
}

/// Compares a line with the one before it of the same user; the line becomes the one before.
fn close(last: Option<&Line>, line: Option<Line>) -> Result<Option<Line>, super::Stop> {
    let Some(line) = line else { return Ok(None) };
    let place = || format!("history_lines {} n {} of book {}", line.user.0, line.n, line.book);
    let before = last.filter(|last| (last.book, last.user) == (line.book, line.user));
    let (n, ends, sums) = before.map_or((0, [0; 4], [0; 2]), |last| (last.n, last.after, last.sums));
    let found = (line.n, line.before, line.sums[1]);
    equal(Check::Lines, place, &(n + 1, ends, sums[1]), &found)?;
    let moved = std::array::from_fn::<_, 4, _>(|at| i128::from(line.before[at]) + line.moved[at]);
    let earned = i128::from(sums[0]) + line.gained();
    equal(Check::Lines, place, &(moved, earned), &(line.after.map(i128::from), i128::from(line.sums[0])))?;
    let later = before.is_none_or(|last| last.at < line.at);
    let posted = line.kind.is_some() && line.legs != 0;
    let whole = || format!("{}: it is later than the line before, and posted", place());
    equal(Check::Lines, whole, &(true, true), &(later, posted))?;
    Ok(Some(line))
}
