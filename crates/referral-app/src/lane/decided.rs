//! When the events of a unit are decided.

use tokio::sync::watch;

/// Says that a unit's events are decided; dropped, it says so too: then nothing will be decided any more.
pub(crate) struct Decided(watch::Sender<bool>);

impl Decided {
    /// One, and what waits for it.
    pub(super) fn pair() -> (Self, impl Future<Output = ()>) {
        let (decided, mut known) = watch::channel(false);
        let known = async move { drop(known.wait_for(|decided| *decided).await) };
        (Self(decided), known)
    }

    /// One that nobody waits for.
    pub(crate) fn unheard() -> Self {
        Self(watch::Sender::new(false))
    }

    /// From now on, what comes later may be decided.
    pub(crate) fn tell(&self) {
        self.0.send_replace(true);
    }
}
