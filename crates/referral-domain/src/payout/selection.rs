//! Which payouts a batch takes: those that are approved, paid in its way, and whose users owe nothing and may be paid.

use std::collections::{BTreeMap, BTreeSet};

use super::{MethodKind, Payout, PayoutStatus};
use crate::auth::words;
use crate::id::{PayoutId, UserId};

words! {
    /// Why a payout is not in a batch.
    LeftOut {
        /// There is none of that id.
        Unknown = "unknown-payout",
        /// It is not approved.
        NotApproved = "not-approved",
        /// It is paid in another way.
        OtherMethod = "other-method",
        /// Where it goes was erased.
        MethodErased = "method-erased",
        /// Its user owes something: it is cancelled, and the money repays first.
        UserOwes = "user-owes",
        /// Its user is not verified: it stays approved, and a later batch takes it once they are.
        NotVerified = "email-not-verified",
    }
}

impl LeftOut {
    /// What a batch leaves out, as it is stored: `pay_...=<word>`, parted by blanks.
    ///
    /// ```
    /// use referral_domain::{id::PayoutId, payout::LeftOut};
    /// let left_out = vec![(PayoutId::from_uuid(uuid::Uuid::from_u128(1)), LeftOut::UserOwes)];
    /// assert_eq!(LeftOut::read(&LeftOut::written(&left_out)), Some(left_out));
    /// assert_eq!((LeftOut::read(""), LeftOut::read("pay_1=never")), (Some(Vec::new()), None));
    /// ```
    #[must_use]
    pub fn written(left_out: &[(PayoutId, Self)]) -> String {
        let words: Vec<_> = left_out.iter().map(|(id, why)| format!("{id}={why}")).collect();
        words.join(" ")
    }

    /// Reads what [`written`](Self::written) wrote; `None` when it is something else.
    #[must_use]
    pub fn read(text: &str) -> Option<Vec<(PayoutId, Self)>> {
        let one = |word: &str| {
            let (id, why) = word.split_once('=')?;
            Some((PayoutId::parse(id)?, Self::parse(why)?))
        };
        text.split_ascii_whitespace().map(one).collect()
    }
}

/// What a batch takes and what it does not.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// What it takes, by id.
    pub taken: Vec<Payout>,
    /// What is cancelled, since its user owes something; by id.
    pub owing: Vec<Payout>,
    /// What is left as it is, and why; by id.
    pub left_out: Vec<(PayoutId, LeftOut)>,
}

/// What is known of the users of a selection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Circumstances {
    /// Who owes something.
    pub owing: BTreeSet<UserId>,
    /// Who may not be paid before their e-mail is verified.
    pub unverified: BTreeSet<UserId>,
    /// The keyed hash of each payout's destination; absent where it was erased.
    pub digests: BTreeMap<PayoutId, [u8; 32]>,
}

impl Selection {
    /// Judges the payouts asked for.
    ///
    /// ```
    /// use referral_domain::{id::PayoutId, payout::{Circumstances, LeftOut, MethodKind, Selection}};
    /// let asked = PayoutId::from_uuid(uuid::Uuid::from_u128(1));
    /// let selection = Selection::of(&[asked], Vec::new(), MethodKind::Sepa, &Circumstances::default());
    /// assert_eq!(selection.left_out, [(asked, LeftOut::Unknown)]);
    /// ```
    #[must_use]
    pub fn of(asked: &[PayoutId], payouts: Vec<Payout>, kind: MethodKind, seen: &Circumstances) -> Self {
        let mut unknown: BTreeSet<_> = asked.iter().copied().collect();
        let mut selection = Self::default();
        for payout in payouts {
            unknown.remove(&payout.id);
            match barred(&payout, kind, seen) {
                None => selection.taken.push(payout),
                Some(LeftOut::UserOwes) => selection.owing.push(payout),
                Some(why) => selection.left_out.push((payout.id, why)),
            }
        }
        selection.left_out.extend(unknown.into_iter().map(|id| (id, LeftOut::Unknown)));
        selection.left_out.sort_unstable_by_key(|(id, _)| *id);
        selection
    }

    /// Everything that is not taken, by id, with those that are cancelled.
    #[must_use]
    pub fn rest(&self) -> Vec<(PayoutId, LeftOut)> {
        let owing = self.owing.iter().map(|payout| (payout.id, LeftOut::UserOwes));
        let mut rest: Vec<_> = self.left_out.iter().copied().chain(owing).collect();
        rest.sort_unstable_by_key(|(id, _)| *id);
        rest
    }
}

fn barred(payout: &Payout, kind: MethodKind, seen: &Circumstances) -> Option<LeftOut> {
    if payout.status() != PayoutStatus::Approved {
        return Some(LeftOut::NotApproved);
    }
    if payout.kind != kind {
        return Some(LeftOut::OtherMethod);
    }
    if seen.owing.contains(&payout.user) {
        return Some(LeftOut::UserOwes);
    }
    if seen.unverified.contains(&payout.user) {
        return Some(LeftOut::NotVerified);
    }
    if seen.digests.contains_key(&payout.id) { None } else { Some(LeftOut::MethodErased) }
}
