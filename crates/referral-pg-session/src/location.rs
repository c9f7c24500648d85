//! Where a database is, from its URL. The driver refuses `sslrootcert` and two modes of `sslmode`, so both are read here.

use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::config::{Config, SslMode};

/// How much of TLS is asked for, as `sslmode` says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Security {
    /// `disable`: none.
    Plain,
    /// `prefer`, the default: encrypted when the server can, the server unchecked.
    Prefer,
    /// `require`: encrypted, the server unchecked; with a root certificate it is `verify-ca`.
    Require,
    /// `verify-ca`: the server's certificate comes from a known root.
    VerifyCa,
    /// `verify-full`: it is also the certificate of the host asked for.
    VerifyFull,
}

/// Where certificates are known from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Roots {
    /// Those of the web, built in; `sslrootcert=system` asks for them by name.
    Web,
    /// Those of a PEM file.
    File(PathBuf),
}

/// A database and how to reach it.
#[derive(Clone, Debug)]
pub struct Location {
    /// How the driver connects.
    pub config: Config,
    /// How the stream is secured.
    pub security: Security,
    /// Whom a server's certificate must come from.
    pub roots: Roots,
}

/// Why a URL is none of a PostgreSQL database. It never shows a password.
#[derive(Debug, thiserror::Error)]
pub enum LocationFault {
    /// It does not begin with `postgres://` or `postgresql://`.
    #[error("the database's URL begins with postgres:// or postgresql://")]
    Scheme,
    /// An `sslmode` nobody knows.
    #[error("sslmode is disable, prefer, require, verify-ca or verify-full")]
    SslMode,
    /// Something after a `%` that is not two hexadecimal digits of UTF-8.
    #[error("sslrootcert is not percent-encoded UTF-8")]
    Encoding,
    /// Nothing between the credentials and the name.
    #[error("the database's URL names no host")]
    NoHost,
    /// What the driver says of the rest.
    #[error("the database's URL is not understood")]
    Rest(#[source] tokio_postgres::Error),
}

impl Location {
    /// Reads a URL like `postgres://user:password@host:5432/name?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem`.
    pub fn parse(url: &str) -> Result<Self, LocationFault> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(LocationFault::Scheme);
        }
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut security, mut roots, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", mode)) => {
                    security = Some(Security::parse(mode).ok_or(LocationFault::SslMode)?)
                }
                Some(("sslrootcert", path)) => roots = Some(decoded(path).ok_or(LocationFault::Encoding)?),
                _ => rest.push(pair),
            }
        }
        let plain = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
        let mut config = Config::from_str(&plain).map_err(LocationFault::Rest)?;
        if config.get_hosts().is_empty() {
            return Err(LocationFault::NoHost);
        }
        let security = security.unwrap_or(Security::Prefer).given(roots.as_deref());
        config.ssl_mode(if security == Security::Plain { SslMode::Disable } else { SslMode::Require });
        Ok(Self { config, security, roots: Roots::of(roots) })
    }
}

impl Roots {
    fn of(path: Option<String>) -> Self {
        path.filter(|path| path != "system").map_or(Self::Web, |path| Self::File(path.into()))
    }
}

impl Security {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "disable" => Self::Plain,
            "prefer" | "allow" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }

    /// Whoever names a root wants it checked, as libpq has it.
    const fn given(self, roots: Option<&str>) -> Self {
        match (self, roots) {
            (Self::Require, Some(_)) => Self::VerifyCa,
            (mode, _) => mode,
        }
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' { digit(rest.next()?)? * 16 + digit(rest.next()?)? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Location, LocationFault, Roots, Security};

    fn read(query: &str) -> Result<Location, LocationFault> {
        Location::parse(&format!("postgres://ana:s%40me@db.example.com:6432/referral?{query}"))
    }

    #[test]
    fn every_mode_of_tls_is_understood() {
        let modes = [
            ("", Security::Prefer),
            ("sslmode=disable", Security::Plain),
            ("sslmode=prefer", Security::Prefer),
            ("sslmode=require", Security::Require),
            ("sslmode=verify-ca", Security::VerifyCa),
            ("sslmode=verify-full", Security::VerifyFull),
            ("sslmode=require&sslrootcert=/etc/db.pem", Security::VerifyCa),
        ];
        for (query, expected) in modes {
            assert_eq!(read(query).expect("a location").security, expected, "{query}");
        }
    }

    #[test]
    fn a_root_certificate_is_a_file_or_the_webs() {
        let roots = |query| read(query).expect("a location").roots;
        let file = Roots::File(PathBuf::from("/etc/my certs/db.pem"));
        assert_eq!(roots("sslmode=verify-full&sslrootcert=/etc/my%20certs/db.pem"), file);
        assert_eq!(roots("sslmode=verify-full&sslrootcert=system"), Roots::Web);
        assert_eq!(roots("sslmode=verify-full"), Roots::Web);
    }

    #[test]
    fn the_rest_is_the_drivers() {
        let location =
            read("sslmode=verify-full&connect_timeout=3&application_name=one").expect("a location");
        assert_eq!(location.config.get_application_name(), Some("one"));
        assert_eq!(location.config.get_ports(), [6432]);
        assert_eq!(location.config.get_password(), Some(&b"s@me"[..]));
    }

    #[test]
    fn what_is_not_understood_is_said_without_the_password() {
        for url in
            ["mysql://ana:secret@db/x", "postgres://ana:secret@db:nine/x", "postgres://db/x?sslmode=secret"]
        {
            let fault = Location::parse(url).expect_err("not understood");
            assert!(!fault.to_string().contains("secret"), "{fault}");
        }
        assert!(matches!(read("sslmode=verify-full&sslrootcert=%zz"), Err(LocationFault::Encoding)));
        assert!(matches!(Location::parse("postgres://ana:secret@/x"), Err(LocationFault::NoHost)));
        assert!(Location::parse("postgres:///x?host=/run/postgresql").is_ok());
    }
}
