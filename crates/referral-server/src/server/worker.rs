//! What the server does without being asked: expiry, the reconciler, releasing holds, granting what the budget withheld,
//! and forgetting old replies.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt;
use actix_web::rt::task::{JoinError, JoinHandle};
use referral_app::{App, Swept};
use referral_domain::ledger::Mark;
use referral_domain::port::{StoreError, chain};
use referral_proof::sign::SigningKey;
use tokio::time::{MissedTickBehavior, interval};

use super::meter::Meter;
use super::stop::Stop;

/// How often referrals are looked over: a label or a reward may be late by this much.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// How often holds are released and the budget asked again: what has matured may be late by this much.
const MATURING_EVERY: Duration = Duration::from_secs(60);

/// How often metrics are folded: samples wait in memory until then.
const FOLD_EVERY: Duration = Duration::from_secs(5);

/// How often transfers are sealed: that long, at most, a transfer is in no block.
const SEAL_EVERY: Duration = Duration::from_secs(2);

/// After how many rounds the sealer looks through everything again: once a day.
const ROUNDS_A_DAY: u32 = 43_200;

/// How many units of sealing a round has at most: the server may be told to stop meanwhile.
const UNITS_A_ROUND: usize = 50;

/// How many of them may find nothing to seal: a server that starts looks through the whole ledger beside its work, by
/// sixty-five thousand transfers a round.
const LOOKS_A_ROUND: usize = 4;

/// Starts every worker; each ends when told to stop, after the sweep it is in.
pub(crate) fn start(app: &App, key: Option<SigningKey>, meter: &Meter, stop: &Stop) -> Workers {
    let sealer = Rc::new(Sealer { app: app.clone(), key, mark: RefCell::default(), rounds: Cell::new(0) });
    let sealing = Rc::clone(&sealer);
    let (expiring, reconciling, forgetting, meter) = (app.clone(), app.clone(), app.clone(), meter.clone());
    let (releasing, granting) = (app.clone(), app.clone());
    let handles = vec![
        rt::spawn(every(SWEEP_EVERY, stop.clone(), async move || {
            report("expire", expiring.expire_referrals().await);
        })),
        rt::spawn(every(SWEEP_EVERY, stop.clone(), async move || {
            report("reconcile", reconciling.reconcile_referrals().await);
        })),
        rt::spawn(every(MATURING_EVERY, stop.clone(), async move || {
            report("release-holds", releasing.release_holds().await);
        })),
        rt::spawn(every(MATURING_EVERY, stop.clone(), async move || {
            report("grant-budgeted", granting.grant_budgeted().await);
        })),
        rt::spawn(every(SWEEP_EVERY, stop.clone(), async move || {
            report("forget-replies", forgetting.forget_replies().await);
        })),
        rt::spawn(every(SEAL_EVERY, stop.clone(), async move || report("seal", sealing.round().await))),
        rt::spawn(every(FOLD_EVERY, stop.clone(), async move || meter.fold())),
    ];
    Workers { handles, sealer }
}

/// The workers that run.
pub(crate) struct Workers {
    handles: Vec<JoinHandle<()>>,
    sealer: Rc<Sealer>,
}

impl Workers {
    /// One more.
    pub(crate) fn extend(&mut self, more: impl IntoIterator<Item = JoinHandle<()>>) {
        self.handles.extend(more);
    }

    /// Waits until all have ended, and seals what was posted last: a server that was stopped leaves nothing unsealed.
    ///
    /// # Errors
    /// When a worker broke down.
    pub(crate) async fn end(self) -> Result<(), JoinError> {
        for handle in self.handles {
            handle.await?;
        }
        report("seal", self.sealer.round().await);
        Ok(())
    }
}

/// Seals transfers, and remembers up to where it looked.
struct Sealer {
    app: App,
    key: Option<SigningKey>,
    mark: RefCell<Option<Mark>>,
    rounds: Cell<u32>,
}

impl Sealer {
    /// Seals what came since the last round; everything is looked through in the first, and once a day.
    async fn round(&self) -> Result<Swept, StoreError> {
        let round = self.rounds.replace((self.rounds.get() + 1) % ROUNDS_A_DAY);
        let mut mark = self.mark.take().filter(|_| round != 0);
        let (mut swept, mut looks) = (Swept::default(), 0);
        for _ in 0..UNITS_A_ROUND {
            let pass = self.app.seal_some(mark.as_ref(), self.key.as_ref()).await?;
            metrics::counter!("referral_sealed_transfers_total").increment(pass.sealed);
            swept.changed += pass.sealed;
            mark = pass.mark;
            looks += usize::from(pass.sealed == 0);
            if !pass.more || looks == LOOKS_A_ROUND {
                break;
            }
        }
        self.mark.replace(mark);
        Ok(swept)
    }
}

/// Works at once and then again and again, until told to stop.
async fn every(period: Duration, stop: Stop, work: impl AsyncFn()) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let told = stop.told();
    tokio::pin!(told);
    loop {
        tokio::select! {
            biased;
            () = &mut told => return,
            _ = ticks.tick() => work().await,
        }
    }
}

/// A sweep that failed is tried again at the next tick.
fn report(sweep: &str, outcome: Result<Swept, StoreError>) {
    match outcome {
        Ok(Swept { changed: 0 }) => tracing::debug!(sweep, "nothing to do"),
        Ok(Swept { changed }) if sweep == "seal" => tracing::debug!(sweep, changed, "swept"),
        Ok(Swept { changed }) => tracing::info!(sweep, changed, "swept"),
        Err(error) => tracing::error!(sweep, error = chain(&error), "a sweep failed"),
    }
}
