//! The metrics: recorded in process, read as Prometheus text on an address of their own.

use std::net::{SocketAddr, TcpListener};

use actix_web::dev::Server;
use actix_web::web::{Data, get};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::stop::Stop;
use crate::config::Metrics;

/// Bounds of the buckets of everything measured in seconds: from a cached answer to a request given up.
const SECONDS: [f64; 13] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Bounds of the buckets of how many events share a unit: up to the most there may be.
const EVENTS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// The metrics of this process.
#[derive(Clone)]
pub(crate) struct Meter(PrometheusHandle);

impl Meter {
    /// Starts recording.
    ///
    /// # Errors
    /// When this process records already.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
            .set_buckets_for_metric(Matcher::Suffix("_unit_events".to_owned()), &EVENTS)?;
        builder.install_recorder().map(Self).context("the metrics cannot be recorded")
    }

    /// Folds what was recorded into its sums, so that memory stays bounded when nobody reads.
    pub(crate) fn fold(&self) {
        self.0.run_upkeep();
    }

    /// Serves `/metrics` until told to stop. `None` when metrics are off, or the default address is taken.
    ///
    /// # Errors
    /// When the configured address is taken.
    pub(crate) fn serve(&self, metrics: Metrics, stop: Stop) -> anyhow::Result<Option<Server>> {
        let Some(listener) = listen(metrics)? else { return Ok(None) };
        tracing::info!(address = %listener.local_addr()?, "metrics at /metrics");
        let handle = Data::new(self.clone());
        let app = move || App::new().app_data(handle.clone()).route("/metrics", get().to(render));
        let server = HttpServer::new(app).workers(1).shutdown_signal(stop.told()).listen(listener)?;
        Ok(Some(server.run()))
    }
}

async fn render(meter: Data<Meter>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(meter.0.render())
}

fn listen(metrics: Metrics) -> anyhow::Result<Option<TcpListener>> {
    match metrics {
        Metrics::Off => Ok(None),
        Metrics::At(address) => bind(address).map(Some),
        Metrics::IfFree(address) => Ok(bind(address).inspect_err(go_without).ok()),
    }
}

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .with_context(|| format!("metrics cannot listen on {address} (REFERRAL_METRICS_BIND)"))
}

fn go_without(error: &anyhow::Error) {
    tracing::warn!("no metrics: {error:#}");
}
