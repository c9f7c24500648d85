//! Payouts: who may ask for how much, what stands in the way, and what became of each.

use std::collections::{BTreeMap, BTreeSet};

use super::super::calendar::DAY;
use super::super::paying::{BatchMove, Line, OUTSIDE};
use super::{Answer, NOT_EXPORTED, Oracle};

pub(in super::super) const DELAY_DAYS: u32 = 7;
const DELAY: i64 = 7 * DAY;
pub(in super::super) const MINIMUM: i64 = 5_00;
const USABLE_AFTER: i64 = 3 * DAY;

/// Who gave a payout up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum By {
    User,
    Operator,
    Rule,
}

/// Where a payout stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stands {
    Requested,
    Approved,
    Batched,
    Sent,
    Paid,
    Failed,
    Cancelled(By),
}

impl Stands {
    const fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Failed | Self::Cancelled(_))
    }
}

/// One payout.
#[derive(Clone, Copy, Debug)]
struct Payout {
    user: usize,
    outside: bool,
    amount: i64,
    stands: Stands,
}

/// Where a batch stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reached {
    Draft,
    Sealed,
    Approved { by: usize },
    Discarded,
    Exported { paypal: bool },
    Settled { paypal: bool },
}

/// One batch: its payouts by number.
#[derive(Clone, Debug)]
struct Batch {
    outside: bool,
    items: Vec<usize>,
    maker: usize,
    reached: Reached,
}

/// Everybody's payouts.
#[derive(Clone, Debug, Default)]
pub(super) struct Till {
    /// By user: where, and since when.
    methods: BTreeMap<usize, (usize, i64)>,
    payouts: Vec<Payout>,
    batches: Vec<Batch>,
}

/// What is to be done next.
pub(in super::super) enum Next {
    Request { user: usize },
    Agree { nth: usize },
    Build { outside: bool },
    Move { batch: usize, step: BatchMove, by: usize },
    Settle { batch: usize },
}

impl Oracle {
    /// The number of a payout with so many after it.
    pub(in super::super) fn payout(&self, nth: usize) -> Option<usize> {
        self.till.payouts.len().checked_sub(nth + 1)
    }

    /// The number of a batch with so many after it.
    pub(in super::super) fn batch(&self, nth: usize) -> Option<usize> {
        self.till.batches.len().checked_sub(nth + 1)
    }

    /// Whose payout it is.
    pub(in super::super) fn whose(&self, payout: usize) -> usize {
        self.till.payouts[payout].user
    }

    /// Who built it.
    pub(in super::super) fn maker(&self, batch: usize) -> usize {
        self.till.batches[batch].maker
    }

    /// The payouts of a batch, and how much each is.
    pub(in super::super) fn items(&self, batch: usize) -> Vec<(usize, i64)> {
        self.till.batches[batch].items.iter().map(|item| (*item, self.till.payouts[*item].amount)).collect()
    }

    pub(in super::super) fn set_method(&mut self, user: usize, place: usize) -> Answer {
        if self.till.methods.get(&user).is_some_and(|(known, _)| *known == place) {
            self.saw("payout method again", true);
            return Answer::Done;
        }
        self.saw("payout method changed", self.till.methods.contains_key(&user));
        self.till.methods.insert(user, (place, self.now));
        Answer::Done
    }

    pub(in super::super) fn payable(&self, user: usize) -> i64 {
        self.people[user].purse.payable(self.now - DELAY - 1)
    }

    /// Whoever has the most to ask for, of those whom nothing bars.
    pub(in super::super) fn richest(&self) -> usize {
        let users = 0..self.people.len();
        users.max_by_key(|user| (self.barred(*user).is_none(), self.payable(*user))).unwrap_or(0)
    }

    /// Why a user can ask for nothing at all.
    fn barred(&self, user: usize) -> Option<&'static str> {
        let open = |payout: &Payout| payout.user == user && !payout.stands.is_final();
        let young = |(_, since): &(usize, i64)| self.now < since + USABLE_AFTER;
        let method = self.till.methods.get(&user);
        let reasons = [
            (!self.may_redeem(user), "payout: not verified"),
            (self.till.payouts.iter().any(open), "payout-open"),
            (method.is_none(), "payout-method-missing"),
            (method.is_some_and(young), "payout method too young"),
        ];
        reasons.into_iter().find_map(|(bars, why)| bars.then_some(why))
    }

    pub(in super::super) fn request(&mut self, user: usize, cents: Option<i64>) -> Answer {
        let payable = self.payable(user);
        let amount = cents.unwrap_or(payable);
        let little = (amount < MINIMUM).then_some("below-minimum");
        let much = (amount > payable).then_some("insufficient-balance");
        if let Some(why) = self.barred(user).or(little).or(much) {
            return Answer::Refused(why);
        }
        let outside = self.till.methods.get(&user).is_some_and(|(place, _)| *place == OUTSIDE);
        self.people[user].purse.reserve(amount);
        self.till.payouts.push(Payout { user, outside, amount, stands: Stands::Requested });
        self.saw("payout requested", true);
        Answer::Done
    }

    pub(in super::super) fn cancel(&mut self, payout: Option<usize>, by: By, stranger: bool) -> Answer {
        let Some(payout) = payout.filter(|_| !stranger) else { return Answer::Refused("payout not found") };
        match self.till.payouts[payout].stands {
            Stands::Requested | Stands::Approved => self.end(payout, Stands::Cancelled(by)),
            Stands::Cancelled(known) if known == by => {}
            Stands::Cancelled(_) | Stands::Batched | Stands::Sent | Stands::Paid | Stands::Failed => {
                return Answer::Refused("payout-state");
            }
        }
        Answer::Done
    }

    pub(in super::super) fn agree(&mut self, payout: Option<usize>) -> Answer {
        let Some(payout) = payout else { return Answer::Refused("payout not found") };
        let stands = &mut self.till.payouts[payout].stands;
        match stands {
            Stands::Requested | Stands::Approved => *stands = Stands::Approved,
            Stands::Batched | Stands::Sent | Stands::Paid | Stands::Failed | Stands::Cancelled(_) => {
                return Answer::Refused("payout-state");
            }
        }
        Answer::Done
    }

    /// A payout ends: its money has left, or comes back and repays first.
    fn end(&mut self, payout: usize, stands: Stands) {
        let Payout { user, amount, .. } = self.till.payouts[payout];
        self.till.payouts[payout].stands = stands;
        let purse = &mut self.people[user].purse;
        let (what, repaid) = match stands {
            Stands::Paid => {
                purse.pay(amount);
                ("payout paid", false)
            }
            Stands::Failed => ("payout failed", purse.give_back(amount)),
            Stands::Cancelled(By::User) => ("payout cancelled", purse.give_back(amount)),
            Stands::Cancelled(By::Operator) => ("payout rejected", purse.give_back(amount)),
            Stands::Cancelled(By::Rule) => ("payout cancelled: its user owes", purse.give_back(amount)),
            Stands::Requested | Stands::Approved | Stands::Batched | Stands::Sent => return,
        };
        self.saw(what, true);
        self.saw("payout back and repaid", repaid);
    }

    /// Of these payouts, or of all that are approved and paid so.
    pub(in super::super) fn build(
        &mut self,
        outside: bool,
        of: Option<&BTreeSet<Option<usize>>>,
        by: usize,
    ) -> Answer {
        let approved = |payout: &Payout| payout.stands == Stands::Approved && payout.outside == outside;
        let all = || {
            let numbered = self.till.payouts.iter().enumerate();
            numbered.filter(|(_, payout)| approved(payout)).map(|(number, _)| Some(number)).collect()
        };
        let asked: BTreeSet<_> = of.cloned().unwrap_or_else(all);
        let fits = |number: &usize| approved(&self.till.payouts[*number]);
        let fitting: Vec<_> = asked.iter().copied().flatten().filter(fits).collect();
        let owes = |number: &usize| self.people[self.whose(*number)].purse.owed > 0;
        let (owing, rest): (Vec<_>, Vec<_>) = fitting.into_iter().partition(owes);
        let may_be_paid = |number: &usize| self.may_redeem(self.whose(*number));
        let items: Vec<_> = rest.into_iter().filter(may_be_paid).collect();
        owing.into_iter().for_each(|number| self.end(number, Stands::Cancelled(By::Rule)));
        if items.is_empty() {
            return Answer::Refused("batch empty");
        }
        items.iter().for_each(|item| self.till.payouts[*item].stands = Stands::Batched);
        let (taken, left) = (items.len(), asked.len() - items.len());
        self.till.batches.push(Batch { outside, items, maker: by, reached: Reached::Draft });
        Answer::Built { taken, left }
    }

    /// What a batch needs next, and who may do it; else what the payouts in no batch need.
    pub(in super::super) fn next(&self, nth: usize) -> Next {
        let batch = self.batch(nth).and_then(|batch| self.next_of_batch(batch));
        let fits = |payout: &&Payout| payout.stands == Stands::Approved && self.may_redeem(payout.user);
        let approved = self.till.payouts.iter().find(fits);
        let newest_first = || self.till.payouts.iter().rev();
        let requested = || newest_first().position(|payout| payout.stands == Stands::Requested);
        batch
            .or_else(|| approved.map(|payout| Next::Build { outside: payout.outside }))
            .or_else(|| requested().map(|nth| Next::Agree { nth }))
            .unwrap_or_else(|| Next::Request { user: self.richest() })
    }

    fn next_of_batch(&self, batch: usize) -> Option<Next> {
        let Batch { maker, outside, reached, .. } = self.till.batches[batch];
        let paypal = !outside && batch.is_multiple_of(2);
        let (step, by) = match reached {
            Reached::Draft => (BatchMove::Seal, maker),
            Reached::Sealed => (BatchMove::Approve, maker + 1),
            Reached::Approved { .. } if self.has_seen(NOT_EXPORTED) && self.has_unverified(batch) => {
                (BatchMove::Discard, maker)
            }
            Reached::Approved { .. } => (BatchMove::Export { paypal }, maker),
            Reached::Exported { .. } => return Some(Next::Settle { batch }),
            Reached::Settled { .. } | Reached::Discarded => return None,
        };
        Some(Next::Move { batch, step, by })
    }

    fn has_unverified(&self, batch: usize) -> bool {
        self.till.batches[batch].items.iter().any(|item| !self.may_redeem(self.whose(*item)))
    }

    pub(in super::super) fn move_batch(&mut self, batch: usize, step: BatchMove, by: usize) -> Answer {
        let Batch { maker, outside, reached, .. } = self.till.batches[batch];
        let after = match (step, reached) {
            (BatchMove::Seal, Reached::Draft) => Reached::Sealed,
            (BatchMove::Approve, Reached::Sealed) if by == maker => return Answer::Refused("second person"),
            (BatchMove::Approve, Reached::Sealed) => Reached::Approved { by },
            (BatchMove::Discard, Reached::Draft | Reached::Sealed | Reached::Approved { .. }) => {
                Reached::Discarded
            }
            (
                BatchMove::Export { paypal },
                Reached::Exported { paypal: known } | Reached::Settled { paypal: known },
            ) => {
                return if paypal == known { Answer::Done } else { Answer::Refused("other format") };
            }
            (BatchMove::Export { paypal: true }, _) if outside => {
                return Answer::Refused("format unsuitable");
            }
            (BatchMove::Export { .. }, Reached::Approved { .. }) if self.has_unverified(batch) => {
                self.saw(NOT_EXPORTED, true);
                return Answer::Refused("batch: not verified");
            }
            (BatchMove::Export { paypal }, Reached::Approved { .. }) => Reached::Exported { paypal },
            (BatchMove::Seal, Reached::Sealed) | (BatchMove::Discard, Reached::Discarded) => {
                return Answer::Done;
            }
            (BatchMove::Approve, Reached::Approved { by: known }) if by == known => return Answer::Done,
            _ => return Answer::Refused("batch-state"),
        };
        self.reach(batch, after);
        Answer::Done
    }

    fn reach(&mut self, batch: usize, after: Reached) {
        let stands = match after {
            Reached::Discarded => Some(Stands::Approved),
            Reached::Exported { .. } => Some(Stands::Sent),
            Reached::Draft | Reached::Sealed | Reached::Approved { .. } | Reached::Settled { .. } => None,
        };
        let carried = self.till.batches[batch].items.clone().into_iter();
        carried.zip(stands.into_iter().cycle()).for_each(|(item, stands)| {
            self.till.payouts[item].stands = stands;
        });
        self.till.batches[batch].reached = after;
        self.saw("batch discarded", after == Reached::Discarded);
        self.saw("batch settled", matches!(after, Reached::Settled { .. }));
    }

    pub(in super::super) fn settle(&mut self, batch: usize, lines: &[Line]) -> Answer {
        let (Reached::Exported { paypal } | Reached::Settled { paypal }) = self.till.batches[batch].reached
        else {
            return Answer::Refused("batch-state");
        };
        let items = self.till.batches[batch].items.clone();
        let mut counts = [0; 4];
        for (item, line) in items.iter().zip(lines) {
            let told = self.say(*item, *line);
            counts.iter_mut().zip(told).for_each(|(count, told)| *count += told);
        }
        let over = items.iter().all(|item| self.till.payouts[*item].stands.is_final());
        if over && self.till.batches[batch].reached == (Reached::Exported { paypal }) {
            self.reach(batch, Reached::Settled { paypal });
        }
        let [paid, failed, unchanged, exceptions] = counts;
        self.saw("line settled before", unchanged > 0);
        self.saw("line an exception", exceptions > 0);
        Answer::Settled { paid, failed, unchanged, exceptions }
    }

    /// What a line comes to: paid, failed, unchanged, exceptions.
    fn say(&mut self, item: usize, line: Line) -> [u32; 4] {
        let outcome = match line {
            Line::Paid | Line::PaidTwice => Stands::Paid,
            Line::Failed => Stands::Failed,
            Line::Missing => return [0, 0, 0, 0],
            Line::OtherAmount | Line::UnknownStatus => return [0, 0, 0, 1],
            Line::PaidAndFailed => return [0, 0, 0, 2],
        };
        let more = u32::from(line == Line::PaidTwice);
        match self.till.payouts[item].stands {
            Stands::Sent => {
                self.end(item, outcome);
                if outcome == Stands::Paid { [1, 0, 0, more] } else { [0, 1, 0, more] }
            }
            stands if stands == outcome => [0, 0, 1, more],
            _ => [0, 0, 0, 1 + more],
        }
    }

    /// Of every payout, the newest first: whose it is, how much, and where it stands, as the product says it.
    pub(in super::super) fn payouts_told(&self) -> Vec<(usize, i64, &'static str)> {
        let told = |payout: &Payout| (payout.user, payout.amount, word(payout.stands));
        self.till.payouts.iter().rev().map(told).collect()
    }

    /// Of every batch, the newest first: how many payouts, their sum, and where it stands.
    pub(in super::super) fn batches_told(&self) -> Vec<(usize, i64, &'static str)> {
        let sum = |batch: &Batch| batch.items.iter().map(|item| self.till.payouts[*item].amount).sum();
        let told = |batch: &Batch| (batch.items.len(), sum(batch), batch_word(batch.reached));
        self.till.batches.iter().rev().map(told).collect()
    }

    /// What somebody was paid in all.
    pub(in super::super) fn paid(&self, user: usize) -> i64 {
        let theirs = self.till.payouts.iter().filter(|payout| payout.user == user);
        theirs.filter(|payout| payout.stands == Stands::Paid).map(|payout| payout.amount).sum()
    }
}

const fn word(stands: Stands) -> &'static str {
    match stands {
        Stands::Requested => "requested",
        Stands::Approved => "approved",
        Stands::Batched => "batched",
        Stands::Sent => "sent",
        Stands::Paid => "paid",
        Stands::Failed => "failed",
        Stands::Cancelled(_) => "cancelled",
    }
}

const fn batch_word(reached: Reached) -> &'static str {
    match reached {
        Reached::Draft => "draft",
        Reached::Sealed => "sealed",
        Reached::Approved { .. } => "approved",
        Reached::Discarded => "discarded",
        Reached::Exported { .. } => "exported",
        Reached::Settled { .. } => "settled",
    }
}
