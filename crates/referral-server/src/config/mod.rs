//! The configuration: `referral.toml` and `REFERRAL_*`, the environment last, every fault told at once.

mod database;
mod debtor;
mod distance;
mod fault;
mod given;
mod limits;
mod redis;
mod secret;
mod setting;
mod value;

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use referral_app::Limits;
use referral_domain::adjustment::AdjustmentLimit;
use referral_http::auth::ClaimNames;
use referral_http::client::TrustedProxies;
use referral_http::edge::CorsPolicy;
use referral_proof::sign::SigningKey;
use referral_rails::Debtor;

pub(crate) use database::{Database, PostgresUrl};
pub(crate) use fault::Faults;
pub(crate) use given::Environment;
pub(crate) use limits::describe as describe_limits;
pub(crate) use redis::RedisUrls;
pub(crate) use secret::Secret;

use fault::{Fault, Wrong, wrong};
use given::Given;
use setting::Setting;

/// Where the embedded store is, unless said otherwise.
const DEFAULT_DATABASE: &str = "data/referral.db";

/// Where the server keeps what it makes itself when the store is no file.
const DATA_DIRECTORY: &str = "data";

/// What is logged, unless said otherwise. What a client sends that is no HTTP is no fault of ours.
const DEFAULT_LOG: &str = "info,actix_server=warn,actix_http=off";

/// Everything the server is told, checked. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) database: Database,
    /// `None`: this process counts by itself.
    pub(crate) redis: Option<RedisUrls>,
    pub(crate) bind: SocketAddr,
    pub(crate) metrics: Metrics,
    /// Without a trailing slash; `None` is the address that is bound.
    pub(crate) public_url: Option<String>,
    pub(crate) tokens: Tokens,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) cors: CorsPolicy,
    /// `None`: the server keeps one of its own beside the store.
    pub(crate) identity_key: Option<Secret>,
    /// What signs the ledger's blocks; `None`: they are not signed.
    pub(crate) signing_key: Option<SigningKey>,
    /// `None`: nothing is limited, for benchmarks.
    pub(crate) limits: Option<Limits>,
    /// Who pays by SEPA; `None`: nobody does.
    pub(crate) debtor: Option<Debtor>,
    /// How far one person may adjust alone.
    pub(crate) adjustment_limit: AdjustmentLimit,
    pub(crate) log: String,
    /// `None`: as many as there are processors.
    pub(crate) workers: Option<NonZeroUsize>,
}

/// Where the metrics are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Metrics {
    Off,
    /// Nobody asked: served when the address is free.
    IfFree(SocketAddr),
    /// Asked for: a taken address is a fault.
    At(SocketAddr),
}

/// How users' tokens are verified, and what is read from them.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) keys: Keys,
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) claims: ClaimNames,
    /// Whether the claim `role` is honoured.
    pub(crate) roles: bool,
}

/// What verifies a token. The kind of key decides the algorithm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Keys {
    /// HS256 with a secret the server keeps of its own beside the store.
    Own,
    /// HS256 with this secret; during a rotation the previous one verifies too.
    Secret { current: Secret, previous: Option<Secret> },
    /// The public key in a PEM file.
    PublicKeyFile(PathBuf),
    /// The public keys in a JWKS file.
    JwksFile(PathBuf),
}

impl Config {
    /// Reads and checks everything. `file` is `referral.toml` where it stands, when `None`.
    ///
    /// # Errors
    /// Every fault there is, at once.
    pub(crate) fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, Faults> {
        let mut reading = Reading(Given::read(file, environment));
        let config = reading.config();
        if reading.0.faults.is_empty() { Ok(config) } else { Err(Faults(reading.0.faults)) }
    }

    /// Where people reach a server that listens here: as configured, else as this machine reaches it.
    pub(crate) fn public_url_at(&self, address: SocketAddr) -> String {
        let local = address.ip().is_loopback() || address.ip().is_unspecified();
        let host = if local { format!("localhost:{}", address.port()) } else { address.to_string() };
        self.public_url.clone().unwrap_or_else(|| format!("http://{host}"))
    }

    /// Where the server keeps what it makes itself: beside the store, when that is a file.
    pub(crate) fn data_directory(&self) -> PathBuf {
        let Database::Sqlite(file) = &self.database else { return PathBuf::from(DATA_DIRECTORY) };
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        parent.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
    }
}

/// What was given, while it is being checked: each fault is noted and reading goes on.
struct Reading(Given);

impl Reading {
    fn config(&mut self) -> Config {
        self.refuse_what_is_not_built();
        self.check_what_is_not_used();
        let bind = self.read(setting::BIND, value::address);
        let bind = bind.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)));
        Config {
            database: self.database(),
            redis: self.read(setting::REDIS_URL, redis::redis),
            bind,
            metrics: self.metrics(bind),
            public_url: self.read(setting::PUBLIC_URL, value::public_url),
            tokens: self.tokens(),
            trusted_proxies: self.read(setting::TRUSTED_PROXIES, value::proxies).unwrap_or_default(),
            cors: self.read(setting::CORS_ORIGINS, value::origins).unwrap_or_default(),
            identity_key: self.read(setting::IDENTITY_KEY, value::secret),
            signing_key: self.read(setting::SIGNING_KEY_FILE, value::signing_key),
            limits: self.read(setting::LIMITS, limits::limits).unwrap_or_else(|| Some(Limits::default())),
            debtor: self.debtor(),
            adjustment_limit: self
                .read(setting::ADJUSTMENT_LIMIT, value::adjustment_limit)
                .unwrap_or_default(),
            log: self.read(setting::LOG, value::log_filter).unwrap_or_else(|| DEFAULT_LOG.to_owned()),
            workers: self.read(setting::WORKERS, value::workers),
        }
    }

    fn database(&mut self) -> Database {
        let database = self.read(setting::DATABASE_URL, database::database);
        if let Some(Database::Postgres(_)) = database {
            self.require_secrets();
        }
        database.unwrap_or_else(|| Database::Sqlite(DEFAULT_DATABASE.into()))
    }

    /// A secret that one server makes for itself is not the others'.
    fn require_secrets(&mut self) {
        let keys = [setting::JWT_SECRET, setting::JWT_PUBLIC_KEY_FILE, setting::JWKS_FILE];
        let rule = "is needed with PostgreSQL: servers that share a store share their secrets";
        let remedy = "make one with: openssl rand -base64 48";
        if !keys.iter().any(|key| self.has(*key)) {
            self.missing(setting::JWT_SECRET, rule, &format!("{remedy}; or give a public key"));
        }
        if !self.has(setting::IDENTITY_KEY) {
            self.missing(setting::IDENTITY_KEY, rule, remedy);
        }
    }

    /// The cookie of referral links comes with the links; a domain that is told already is checked.
    fn check_what_is_not_used(&mut self) {
        self.read(setting::COOKIE_DOMAIN, value::domain);
    }

    fn refuse_what_is_not_built(&mut self) {
        let no_webhooks = |_: &str| Err(wrong("this build sends no webhooks", "take it away"));
        let _: Option<()> = self.read(setting::WEBHOOK_ALLOW, no_webhooks);
    }

    /// Who may call the API may not see what the server counts.
    fn metrics(&mut self, api: SocketAddr) -> Metrics {
        let elsewhere = |text: &str| match value::address_or_off(text)? {
            Some(address) if address == api && api.port() != 0 => {
                Err(wrong("is the address of the API", "give the metrics a port of their own"))
            }
            metrics => Ok(metrics),
        };
        match self.read(setting::METRICS_BIND, elsewhere) {
            None => Metrics::IfFree(SocketAddr::from((Ipv4Addr::LOCALHOST, 9090))),
            Some(None) => Metrics::Off,
            Some(Some(address)) => Metrics::At(address),
        }
    }

    fn tokens(&mut self) -> Tokens {
        let keys = self.keys();
        self.require_issuer_and_audience();
        let roles = self.read(setting::JWT_ROLES, value::yes_or_no).unwrap_or(keys == Keys::Own);
        Tokens {
            keys,
            issuer: self.read(setting::JWT_ISSUER, value::name),
            audience: self.read(setting::JWT_AUDIENCE, value::name),
            claims: self.read(setting::JWT_CLAIMS, value::claims).unwrap_or_default(),
            roles,
        }
    }

    fn keys(&mut self) -> Keys {
        self.require_one_kind_of_key();
        let previous = self.read(setting::JWT_SECRET_PREVIOUS, value::secret);
        let current = self.read(setting::JWT_SECRET, value::secret);
        let key = self.read(setting::JWT_PUBLIC_KEY_FILE, value::readable_file);
        let jwks = self.read(setting::JWKS_FILE, value::readable_file);
        match (current, key, jwks) {
            (Some(current), _, _) => Keys::Secret { current, previous },
            (None, Some(key), _) => Keys::PublicKeyFile(key),
            (None, None, Some(jwks)) => Keys::JwksFile(jwks),
            (None, None, None) => Keys::Own,
        }
    }

    fn require_one_kind_of_key(&mut self) {
        let kinds = [setting::JWT_SECRET, setting::JWT_PUBLIC_KEY_FILE, setting::JWKS_FILE];
        let given: Vec<&str> = kinds.iter().filter(|kind| self.has(**kind)).map(|kind| kind.env).collect();
        if given.len() > 1 {
            let rule = "the key decides the algorithm, so there can be one kind only";
            self.0.faults.push(Fault::of(given.join(", "), wrong(rule, "keep one of them")));
        }
        if self.has(setting::JWT_SECRET_PREVIOUS) && !self.has(setting::JWT_SECRET) {
            self.missing(
                setting::JWT_SECRET,
                "a previous secret needs a current one",
                "give the current one too",
            );
        }
    }

    fn require_issuer_and_audience(&mut self) {
        let public = self.has(setting::JWT_PUBLIC_KEY_FILE) || self.has(setting::JWKS_FILE);
        for needed in [setting::JWT_ISSUER, setting::JWT_AUDIENCE] {
            if public && !self.has(needed) {
                let rule = "is needed with a public key or JWKS: others may sign with the same key";
                self.missing(needed, rule, "give what your identity provider writes into its tokens");
            }
        }
    }

    fn missing(&mut self, setting: Setting, rule: &str, remedy: &str) {
        self.0.faults.push(Fault::of(setting.env, wrong(rule, remedy)));
    }

    fn has(&self, setting: Setting) -> bool {
        self.0.values.contains_key(setting.env)
    }

    /// The value of a setting; `None` when it was not given, or is wrong and has been noted.
    fn read<T>(&mut self, setting: Setting, parse: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        let given = self.0.values.get(setting.env)?;
        match parse(&given.text) {
            Ok(value) => Some(value),
            Err(wrong) => {
                let value = (!setting.secret).then(|| given.text.clone());
                self.0.faults.push(Fault { name: given.name.clone(), value, wrong });
                None
            }
        }
    }
}
