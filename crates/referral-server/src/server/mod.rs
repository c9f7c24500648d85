//! The running server: everything wired together, once.

mod gate;
mod meter;
mod news;
mod page;
mod stop;
mod worker;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::available_parallelism;

use actix_web::HttpServer;
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use anyhow::Context;
use referral_app::App;
use referral_http::edge::{EdgeConfig, REQUEST_TIMEOUT, edge};
use referral_http::html::Page;
use referral_http::resource::code::Links;
use referral_http::routing::get;
use referral_http::shell::Shell;

use crate::config::Config;
use crate::demo;
use crate::secrets::Secrets;
use crate::source::clock::SystemClock;
use crate::source::ids::SystemIds;

pub(crate) use gate::tokens;
pub(crate) use meter::Meter;
pub(crate) use news::start as hear_news;
pub(crate) use page::plain;
pub(crate) use stop::Stop;
pub(crate) use worker::start as start_workers;

/// How long requests in flight may take to finish when the server stops, in seconds: the process is gone within 30.
const DRAIN_SECONDS: u64 = 25;

/// What every thread shares.
#[derive(Clone)]
pub(crate) struct Shared {
    shell: Shell,
    page: Data<Page>,
    demo: Option<Arc<demo::Host>>,
}

impl Shared {
    /// Everything that serves requests, at this public URL, without the demo host.
    ///
    /// # Errors
    /// When a key file holds no key that can be used.
    pub(crate) fn new(
        config: &Config,
        secrets: &Secrets,
        app: App,
        public_url: &str,
    ) -> anyhow::Result<Self> {
        let tokens = tokens(config, secrets)?;
        let https = public_url.starts_with("https://");
        let cors = config.cors.clone();
        let edge = EdgeConfig { cors, https, timeout: REQUEST_TIMEOUT, ids: Arc::new(SystemIds) };
        let links = Links { public_url: public_url.to_owned() };
        let proxies = config.trusted_proxies.clone();
        let shell = Shell::new(app, tokens, Arc::new(SystemClock), edge, proxies, links);
        Ok(Self { shell, page: Data::new(plain()), demo: None })
    }

    /// The same with the demo host, whose page then stands at `/`.
    pub(crate) fn with_demo(self, host: demo::Host, page: Page) -> Self {
        Self { demo: Some(Arc::new(host)), page: Data::new(page), ..self }
    }

    fn mount(&self, config: &mut ServiceConfig) {
        self.shell.mount(config);
        config.app_data(self.page.clone()).service(web::resource("/").route(get().to(page::show)));
        if let Some(host) = &self.demo {
            config.configure(|config| demo::mount(config, host));
        }
    }
}

/// Threads for blocking calls, a worker: one writes and a few read, and each that is there costs memory for good.
const BLOCKING_THREADS: usize = 8;

/// Listens where the configuration says.
///
/// # Errors
/// When the address is taken.
pub(crate) fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address} (REFERRAL_BIND)"))
}

/// Serves until told to stop; then finishes what is in flight.
///
/// # Errors
/// When the listener cannot be used.
pub(crate) fn serve(
    shared: Shared,
    listener: TcpListener,
    config: &Config,
    stop: &Stop,
) -> anyhow::Result<Server> {
    let workers = config.workers.or_else(|| available_parallelism().ok()).map_or(1, std::num::NonZero::get);
    let app = move || {
        let shared = shared.clone();
        actix_web::App::new().configure(|config| shared.mount(config)).wrap(from_fn(edge))
    };
    let server = HttpServer::new(app).workers(workers).worker_max_blocking_threads(BLOCKING_THREADS);
    let server = server.shutdown_signal(stop.told()).shutdown_timeout(DRAIN_SECONDS);
    Ok(server.tcp_nodelay(true).listen(listener)?.run())
}
