//! `serve`: brings everything up, serves, and takes everything down again.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use anyhow::{Context, bail};
use referral_app::App;
use referral_domain::program::Program;
use referral_postgres::PgStore;

use super::{Verdict, demo_key};
use crate::cli::Serve;
use crate::config::{Config, describe_limits};
use crate::demo;
use crate::secrets::Secrets;
use crate::server::{self, Meter, Shared, Stop};
use crate::store::{OVERPRIVILEGED, Opened, Units};
use crate::{application, store};

/// The demo host's own file, beside the store.
const DEMO_FILE: &str = "demo-host.jsonl";

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// Whatever keeps the server from starting.
pub(super) async fn run(config: &Config, asked: &Serve) -> anyhow::Result<Verdict> {
    refuse_a_public_demo(config, asked)?;
    let listener = server::listen(config.bind)?;
    let secrets = Secrets::settle(config)?;
    let (opened, applied) = store::ready(config, asked.migrate).await?;
    tracing::info!(store = %config.database, ?applied, "the store is open and up to date");
    tracing::info!(limits = describe_limits(config.limits.as_ref()), "the limits in force");
    warn_of_rights(&opened).await?;
    let units = Units::of(&config.database)?;
    let app = units.with_lane(application::assemble(config, &secrets, &opened)?);
    let app = if asked.no_code_cache { app } else { app.with_code_cache() };
    let shared = shared(config, &secrets, &app, listener.local_addr()?, asked).await?;
    run_until_stopped(config, shared, &app, listener, opened.shared.as_ref()).await?;
    Ok(Verdict::Sound)
}

/// Says once when this server could delete what must stay.
async fn warn_of_rights(opened: &Opened) -> anyhow::Result<()> {
    if let Some(store) = &opened.shared
        && store.is_overprivileged().await?
    {
        tracing::warn!("{OVERPRIVILEGED}");
    }
    Ok(())
}

async fn shared(
    config: &Config,
    secrets: &Secrets,
    app: &App,
    address: SocketAddr,
    asked: &Serve,
) -> anyhow::Result<Shared> {
    let public_url = config.public_url_at(address);
    let program = application::default_program(app, &public_url).await?;
    let shared = Shared::new(config, secrets, app.clone(), &public_url)?;
    if !asked.demo {
        return Ok(shared);
    }
    let page = demo::landing(&public_url);
    let key = demo_key::live(app, &config.data_directory()).await?;
    let api = demo::Api::new(format!("http://{}", reachable(address)), key);
    let host = demo_host(config, secrets, &program, api, public_url)?;
    Ok(shared.with_demo(host, page))
}

async fn run_until_stopped(
    config: &Config,
    shared: Shared,
    app: &App,
    listener: TcpListener,
    told_by: Option<&PgStore>,
) -> anyhow::Result<()> {
    let (meter, stop) = (Meter::start()?, Stop::on_signals()?);
    let address = listener.local_addr()?;
    let metrics = meter.serve(config.metrics, stop.clone())?.map(actix_web::rt::spawn);
    let server = server::serve(shared, listener, config, &stop)?;
    tell_limits(config);
    tracing::info!(%address, "serving on {}", config.public_url_at(address));
    let mut workers = server::start_workers(app, config.signing_key.clone(), &meter, &stop);
    workers.extend(told_by.map(|store| server::hear_news(app, store, &stop)));
    server.await.context("the server broke down")?;
    app.close_lane().await;
    workers.end().await.context("a worker broke down")?;
    match metrics {
        Some(metrics) => metrics.await?.context("the metrics broke down"),
        None => Ok(()),
    }
}

fn demo_host(
    config: &Config,
    secrets: &Secrets,
    program: &Program,
    api: demo::Api,
    public_url: String,
) -> anyhow::Result<demo::Host> {
    let secret = secrets.signing.clone().context(
        "the demo host signs its users' tokens: it needs a secret (REFERRAL_JWT_SECRET, or nothing configured), not a \
         public key",
    )?;
    let currency = program.currency.code().to_owned();
    let (claims, tokens) = (config.tokens.clone(), server::tokens(config, secrets)?);
    let settings = demo::Settings { api, public_url, currency, claims, secret, tokens };
    demo::Host::open(settings, &config.data_directory().join(DEMO_FILE))
}

/// The demo host makes accounts for anybody: it stays on this machine unless told otherwise.
fn refuse_a_public_demo(config: &Config, asked: &Serve) -> anyhow::Result<()> {
    if asked.demo && !asked.demo_public && !config.bind.ip().is_loopback() {
        bail!(
            "the demo host makes accounts for anybody, so it is only served on loopback, and REFERRAL_BIND is {}: bind \
             to 127.0.0.1, or add --demo-public when others may reach it",
            config.bind
        );
    }
    Ok(())
}

fn tell_limits(config: &Config) {
    let off = config.limits.is_none();
    metrics::gauge!("referral_limits_off").set(if off { 1.0 } else { 0.0 });
    if off {
        tracing::warn!("REFERRAL_LIMITS=off: nothing is limited; for benchmarks only");
    }
}

/// The address by which this process reaches itself.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    fn config(bind: &str) -> Config {
        Config::load(None, &Environment::of(&[("REFERRAL_BIND", bind)])).expect("sound")
    }

    #[test]
    fn the_demo_host_stays_on_loopback_unless_told_otherwise() {
        let demo = |demo_public| Serve { demo: true, demo_public, migrate: false, no_code_cache: false };
        assert!(refuse_a_public_demo(&config("127.0.0.1:0"), &demo(false)).is_ok());
        assert!(refuse_a_public_demo(&config("[::1]:0"), &demo(false)).is_ok());
        assert!(refuse_a_public_demo(&config("0.0.0.0:0"), &demo(true)).is_ok());
        let told = refuse_a_public_demo(&config("0.0.0.0:80"), &demo(false)).expect_err("public").to_string();
        assert!(told.contains("REFERRAL_BIND is 0.0.0.0:80") && told.contains("--demo-public"), "{told}");
        assert!(
            refuse_a_public_demo(
                &config("0.0.0.0:80"),
                &Serve { demo: false, demo_public: false, migrate: false, no_code_cache: false }
            )
            .is_ok()
        );
    }

    #[test]
    fn an_address_for_everybody_is_reached_by_loopback() {
        let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
        assert_eq!(reachable(address("0.0.0.0:80")), address("127.0.0.1:80"));
        assert_eq!(reachable(address("[::]:80")), address("[::1]:80"));
        assert_eq!(reachable(address("192.0.2.1:80")), address("192.0.2.1:80"));
    }
}
