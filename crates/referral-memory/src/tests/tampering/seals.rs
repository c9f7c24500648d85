//! What can be wrong with blocks and what they seal.

use referral_domain::id::{AccountId, BookId, TransferId};
use referral_domain::ledger::{Check, Party, Seal, Transfer};
use referral_testkit::build::named_id;

use super::{Tampering, any, change, remove};
use crate::state::State;

/// Of the first block's transfers, the second.
fn second(state: &State) -> (BookId, TransferId) {
    let (key, _) = state.sealed_transfers.iter().find(|(_, (seal, _))| seal.position == 1).expect("sealed");
    *key
}

/// The transfer, which stands as it is hashed, changed.
fn change_sealed(state: &mut State, change: impl FnOnce(&mut Transfer)) {
    let key = second(state);
    change(state.transfers.tamper().get_mut(&key).expect("a transfer"));
}

/// The last sealed transfer, and all that says it was sealed.
fn cut_the_end(state: &mut State) {
    let (place, id) = state.sealed_places.iter().next_back().map(|(key, id)| (*key, *id)).expect("sealed");
    state.sealed_places.tamper().remove(&place);
    state.sealed_transfers.tamper().remove(&(place.0, id));
    state.transfers.tamper().remove(&(place.0, id));
}

pub(super) const SEALS: &[Tampering] = &[
    (Check::Seals, "an amount", |state| change_sealed(state, |transfer| transfer.amount += 1)),
    (Check::Seals, "an account", |state| {
        change_sealed(state, |transfer| {
            let unknown = AccountId::from_uuid(named_id("an account"));
            transfer.credit = Party::Account(unknown);
        });
    }),
    (Check::Seals, "a time", |state| {
        change_sealed(state, |transfer| transfer.recorded_at = transfer.recorded_at.plus_micros(1));
    }),
    (Check::Seals, "two transfers swapped", |state| {
        let mut rows: Vec<_> = state.transfers.tamper().values_mut().collect();
        let (one, other) = rows.split_at_mut(1);
        std::mem::swap(&mut *one[0], &mut *other[0]);
    }),
    (Check::Seals, "a transfer that is gone", |state| {
        let key = second(state);
        state.transfers.tamper().remove(&key);
    }),
    (Check::Seals, "a transfer that is gone with its seal", |state| {
        let key = second(state);
        state.transfers.tamper().remove(&key);
        state.sealed_transfers.tamper().remove(&key);
        remove(&mut state.sealed_places, |id| *id == key.1);
    }),
    (Check::Seals, "the end cut off", cut_the_end),
    (Check::Seals, "a transfer sealed besides", |state| {
        let ((book, n, _), _) =
            state.sealed_places.iter().next().map(|(key, id)| (*key, *id)).expect("sealed");
        let id = TransferId::from_uuid(named_id("inserted"));
        let twin = state.transfers.rows().next().expect("a transfer").clone();
        let twin = Transfer { id, ..twin };
        let leaf = state.leaf(book, &twin);
        state.transfers.tamper().insert((book, id), twin);
        state.sealed_places.tamper().insert((book, n, 2), id);
        state.sealed_transfers.tamper().insert((book, id), (Seal { block: n, position: 2 }, leaf));
    }),
    (Check::Seals, "a leaf made to fit", |state| {
        let (book, id) = second(state);
        change_sealed(state, |transfer| transfer.amount += 1);
        let leaf = state.leaf(book, state.transfers.find(&(book, id)).expect("a transfer"));
        state.sealed_transfers.tamper().get_mut(&(book, id)).expect("sealed").1 = leaf;
    }),
    (Check::Seals, "a block's time", |state| {
        change(&mut state.ledger_blocks, any, |block| block.header.sealed_at += 1);
    }),
    (Check::Seals, "a block made anew", |state| {
        change(&mut state.ledger_blocks, any, |block| {
            block.header.sealed_at += 1;
            block.hash = block.header.hash();
        });
    }),
    (Check::Seals, "a block that is gone", |state| remove(&mut state.ledger_blocks, any)),
];
