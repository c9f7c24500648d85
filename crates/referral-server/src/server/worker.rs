//! What the server does without being asked: expiry, the reconciler, releasing holds, granting what the budget withheld,
//! and forgetting old replies.

use std::time::Duration;

use actix_web::rt;
use actix_web::rt::task::JoinHandle;
use referral_app::{App, Swept};
use referral_domain::port::StoreError;
use tokio::time::{MissedTickBehavior, interval};

use super::meter::Meter;
use super::stop::Stop;

/// How often referrals are looked over: a label or a reward may be late by this much.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// How often holds are released and the budget asked again: what has matured may be late by this much.
const MATURING_EVERY: Duration = Duration::from_secs(60);

/// How often metrics are folded: samples wait in memory until then.
const FOLD_EVERY: Duration = Duration::from_secs(5);

/// Starts every worker; each ends when told to stop, after the sweep it is in.
pub(crate) fn start(app: &App, meter: &Meter, stop: &Stop) -> Vec<JoinHandle<()>> {
    let (expiring, reconciling, forgetting, meter) = (app.clone(), app.clone(), app.clone(), meter.clone());
    let (releasing, granting) = (app.clone(), app.clone());
    vec![
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
        rt::spawn(every(FOLD_EVERY, stop.clone(), async move || meter.fold())),
    ]
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
        Ok(Swept { changed }) => tracing::info!(sweep, changed, "swept"),
        Err(error) => tracing::error!(sweep, error = &error as &dyn std::error::Error, "a sweep failed"),
    }
}
