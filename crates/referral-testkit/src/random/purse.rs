//! What one person has, in plain Rust: what is available, what is held and until when, what they owe, what is on its way
//! to them, and what of it may be paid out.

/// An amount that is held: of which referral (by its referred user), a reward or not, of which spend, which rise.
#[derive(Clone, Debug)]
struct Held {
    of: usize,
    reward: bool,
    spend: Option<usize>,
    /// Of a commission: how often it rose before.
    share: usize,
    remaining: i64,
    matures_at: i64,
}

/// One person's money. Holds are in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub(super) struct Purse {
    pub(super) available: i64,
    pub(super) owed: i64,
    pub(super) in_payout: i64,
    holds: Vec<Held>,
    /// Rewards and commissions: when they were granted, and how much.
    earned: Vec<(i64, i64)>,
    /// What was taken back of them.
    taken: i64,
    /// Payouts that were neither cancelled nor failed.
    pub(super) paid_out: i64,
}

impl Purse {
    pub(super) fn held(&self) -> i64 {
        self.holds.iter().map(|held| held.remaining).sum()
    }

    /// A reward or a commission was granted, held or not.
    pub(super) fn earn(&mut self, now: i64, amount: i64) {
        self.earned.push((now, amount));
    }

    /// What may be paid out: of what is available, what was earned before then and neither taken back nor paid out.
    pub(super) fn payable(&self, before: i64) -> i64 {
        let old = self.earned.iter().filter(|(at, _)| *at < before);
        let earned: i64 = old.map(|(_, amount)| amount).sum();
        self.available.min(earned - self.taken - self.paid_out).max(0)
    }

    pub(super) fn reserve(&mut self, amount: i64) {
        self.available -= amount;
        self.in_payout += amount;
        self.paid_out += amount;
    }

    /// A payout comes back; answers whether it repaid something.
    pub(super) fn give_back(&mut self, amount: i64) -> bool {
        self.in_payout -= amount;
        self.paid_out -= amount;
        self.receive(amount)
    }

    pub(super) fn pay(&mut self, amount: i64) {
        self.in_payout -= amount;
    }

    /// What comes in repays first; answers whether it did.
    pub(super) fn receive(&mut self, amount: i64) -> bool {
        let repaid = amount.min(self.owed);
        self.owed -= repaid;
        self.available += amount - repaid;
        repaid > 0
    }

    pub(super) fn hold(
        &mut self,
        of: usize,
        reward: bool,
        (spend, share): (Option<usize>, usize),
        amount: i64,
        matures_at: i64,
    ) {
        self.holds.push(Held { of, reward, spend, share, remaining: amount, matures_at });
    }

    /// Takes from what is available; the rest is owed. Answers whether anything is.
    pub(super) fn take(&mut self, amount: i64) -> bool {
        let taken = amount.min(self.available);
        self.available -= taken;
        self.owed += amount - taken;
        amount > taken
    }

    /// Takes a reward back: what is held of it first.
    pub(super) fn take_reward(&mut self, of: usize, amount: i64) -> bool {
        self.taken += amount;
        let voided = self.void(amount, |held| held.of == of && held.reward);
        self.take(amount - voided)
    }

    /// Takes a commission back: what is held of the spend, then what is available, then what is held of its other
    /// spends, the newest first.
    pub(super) fn take_commission(&mut self, of: usize, spend: Option<usize>, amount: i64) -> bool {
        self.take_of(of, amount, |held| spend.is_some() && held.spend == spend)
    }

    /// Takes a rise of a commission back: what is held of it first.
    pub(super) fn take_share(&mut self, of: usize, share: usize, amount: i64) -> bool {
        self.take_of(of, amount, |held| held.share == share)
    }

    fn take_of(&mut self, of: usize, amount: i64, first: impl Fn(&Held) -> bool) -> bool {
        self.taken += amount;
        let its = |held: &Held| held.of == of && !held.reward;
        let own = self.void(amount, |held| its(held) && first(held));
        let short = (amount - own - self.available).max(0);
        let others = self.void(short, its);
        self.take(amount - own - others)
    }

    /// Voids at most so much of some holds, the newest first; answers how much.
    fn void(&mut self, most: i64, which: impl Fn(&Held) -> bool) -> i64 {
        let mut left = most;
        for held in self.holds.iter_mut().rev().filter(|held| which(held)) {
            let voided = held.remaining.min(left);
            held.remaining -= voided;
            left -= voided;
        }
        most - left
    }

    /// Releases what has matured, but for the referrals that are blocked; answers of which rewards, and whether anything
    /// was released.
    pub(super) fn release(&mut self, now: i64, blocked: impl Fn(usize) -> bool) -> (Vec<usize>, bool) {
        let (mut rewards, mut released) = (Vec::new(), 0);
        for held in self.holds.iter_mut().filter(|held| held.matures_at <= now && !blocked(held.of)) {
            if held.remaining > 0 && held.reward {
                rewards.push(held.of);
            }
            released += std::mem::take(&mut held.remaining);
        }
        self.receive(released);
        (rewards, released > 0)
    }
}
