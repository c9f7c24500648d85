//! What waits to share a unit: a queue a program, in order of arrival.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use referral_domain::reference::Slug;

/// The queues. A program has one exactly as long as somebody works for it.
pub(crate) struct Queues<T>(Mutex<HashMap<Slug, VecDeque<T>>>);

impl<T> Default for Queues<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// Whether somebody works for a program already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) enum Entered {
    /// Nobody does: whoever is told so begins to.
    First,
    /// Somebody does, and takes what entered in its turn.
    Behind,
}

impl<T> Queues<T> {
    /// Adds to the end of a program's queue.
    pub(crate) fn enter(&self, program: &Slug, waiting: T) -> Entered {
        let mut queues = self.lock();
        if let Some(queue) = queues.get_mut(program) {
            queue.push_back(waiting);
            return Entered::Behind;
        }
        queues.insert(program.clone(), VecDeque::from([waiting]));
        Entered::First
    }

    /// At most so many of those who still are wanted, from the front. Without any, the program has no queue any more.
    pub(crate) fn take(&self, program: &Slug, most: usize, is_wanted: impl Fn(&T) -> bool) -> Option<Vec<T>> {
        let mut queues = self.lock();
        let queue = queues.get_mut(program)?;
        queue.retain(is_wanted);
        if queue.is_empty() {
            queues.remove(program);
            return None;
        }
        let count = queue.len().min(most);
        Some(queue.drain(..count).collect())
    }

    /// Whether no program has a queue.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// No code that can panic runs under this lock but that which drops what waits.
    fn lock(&self) -> MutexGuard<'_, HashMap<Slug, VecDeque<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
