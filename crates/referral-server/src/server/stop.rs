//! When to stop: once, for everything that runs.

use std::future::Future;

use actix_web::rt;
use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Told to everything that runs when the process is asked to end.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens for SIGTERM and SIGINT from now on.
    ///
    /// # Errors
    /// When they cannot be listened for.
    pub(crate) fn on_signals() -> anyhow::Result<Self> {
        let context = "the signals to stop cannot be listened for";
        let term = signal(SignalKind::terminate()).context(context)?;
        let int = signal(SignalKind::interrupt()).context(context)?;
        let (tell, told) = watch::channel(false);
        rt::spawn(wait(term, int, tell));
        Ok(Self(told))
    }

    /// Ready when it is time to stop.
    pub(crate) fn told(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut told = self.0.clone();
        async move {
            // An error means that nobody is left who could tell: stopping is right then too.
            if told.wait_for(|stop| *stop).await.is_err() {
                tracing::error!("nobody listens for signals any more");
            }
        }
    }
}

async fn wait(mut term: Signal, mut int: Signal, tell: watch::Sender<bool>) {
    tokio::select! { _ = term.recv() => (), _ = int.recv() => () }
    tracing::info!("stopping: what is in flight is finished, nothing new is taken");
    tell.send_replace(true);
}
