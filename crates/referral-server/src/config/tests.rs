//! The configuration as an operator meets it.

use std::fs;
use std::path::PathBuf;

use actix_web::http::header::{HeaderName, HeaderValue};

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn load(pairs: &[(&str, &str)]) -> Result<Config, Faults> {
    Config::load(None, &Environment::of(pairs))
}

fn with_file(text: &str, pairs: &[(&str, &str)]) -> Result<Config, Faults> {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("referral.toml");
    fs::write(&file, text).expect("writable");
    Config::load(Some(&file), &Environment::of(pairs))
}

fn only_fault(result: Result<Config, Faults>) -> String {
    let faults = result.expect_err("a fault").0;
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults[0].to_string()
}

#[test]
fn nothing_configured_is_the_embedded_store_on_loopback() {
    let config = load(&[]).expect("the defaults are sound");
    assert_eq!(config.database, Database::Sqlite("data/referral.db".into()));
    assert_eq!(config.bind.to_string(), "127.0.0.1:8000");
    assert_eq!(config.metrics, Metrics::IfFree("127.0.0.1:9090".parse().expect("an address")));
    assert_eq!(config.tokens.keys, Keys::Own);
    assert!(config.tokens.roles, "the server's own secret signs operators' tokens");
    assert_eq!(config.data_directory(), PathBuf::from("data"));
}

#[test]
fn the_environment_goes_over_the_file() {
    let file = "bind = \"127.0.0.1:1\"\nworkers = 3\njwt_roles = true\ncors_origins = [\"https://a.example\", \"https://b.example\"]\n[limits]\nvalidate = \"7/60\"\n";
    let config = with_file(file, &[("REFERRAL_BIND", "127.0.0.1:2")]).expect("sound");
    assert_eq!(config.bind.port(), 2);
    assert_eq!(config.workers.map(NonZeroUsize::get), Some(3));
    assert!(config.cors.allows("https://a.example") && config.cors.allows("https://b.example"));
    assert_eq!(config.limits.map(|limits| limits.validate.most), Some(7));
}

#[test]
fn all_faults_are_told_at_once_with_name_value_rule_and_remedy() {
    let faults = with_file(
        "bind = 80\nwrokers = 2\n",
        &[("REFERRAL_WORKERS", "0"), ("REFERRAL_JWT_SECRET", "too short"), ("REFERRAL_BINDD", "x")],
    )
    .expect_err("faulty");
    let text = faults.to_string();
    assert_eq!(faults.0.len(), 5, "{text}");
    for part in ["bind in ", "= \"80\": must be ADDRESS:PORT; write", "wrokers in ", "did you mean workers?"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    for part in [
        "REFERRAL_WORKERS = \"0\": must be a whole number",
        "REFERRAL_BINDD: is not known; did you mean REFERRAL_BIND?",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(text.contains("REFERRAL_JWT_SECRET: has 9 bytes, at least 32 are needed"), "{text}");
}

#[test]
fn secrets_are_neither_told_in_faults_nor_shown_in_debug() {
    let faulty = load(&[("REFERRAL_JWT_SECRET", "hunter2-hunter2"), ("REFERRAL_IDENTITY_KEY", "hunter2")]);
    assert!(!faulty.expect_err("too short").to_string().contains("hunter2"));
    let sound = load(&[("REFERRAL_JWT_SECRET", SECRET), ("REFERRAL_IDENTITY_KEY", SECRET)]).expect("sound");
    assert!(!format!("{sound:?}").contains(SECRET));
}

#[test]
fn a_file_that_is_not_toml_is_told_by_line_and_without_its_text() {
    let fault = only_fault(with_file("bind = \"127.0.0.1:1\"\njwt_secret = \"hunter2\n", &[]));
    assert!(fault.contains("is not TOML at line 2"), "{fault}");
    assert!(!fault.contains("hunter2"), "{fault}");
}

#[test]
fn a_named_file_that_is_not_there_is_a_fault() {
    let missing = Config::load(Some(Path::new("nowhere/referral.toml")), &Environment::default());
    assert!(only_fault(missing).starts_with("nowhere/referral.toml: cannot be read"));
}

#[test]
fn on_postgres_a_missing_secret_is_a_fault() {
    let url = ("REFERRAL_DATABASE_URL", "postgres://localhost/referral");
    let faults = load(&[url]).expect_err("incomplete");
    let names: Vec<&str> = faults.0.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(names, ["REFERRAL_JWT_SECRET", "REFERRAL_IDENTITY_KEY"]);
    let config = load(&[url, ("REFERRAL_JWT_SECRET", SECRET), ("REFERRAL_IDENTITY_KEY", SECRET)]);
    let config = config.expect("sound");
    assert_eq!(config.database.to_string(), "postgres://localhost/referral");
    assert_eq!(config.data_directory(), PathBuf::from("data"));
}

#[test]
fn a_redis_is_one_url_or_those_of_a_clusters_nodes() {
    let url = |url| load(&[("REFERRAL_REDIS_URL", url)]);
    let cluster = url("redis://a:6379, redis://:hunter2@b:6379").expect("sound");
    assert!(!format!("{cluster:?}").contains("hunter2"));
    assert_eq!(cluster.redis.map(|urls| urls.to_string()).as_deref(), Some("a cluster of 2 nodes"));
    assert_eq!(
        url("rediss://:hunter2@localhost/1").expect("sound").redis.map(|urls| urls.to_string()).as_deref(),
        Some("one node")
    );
    let fault = only_fault(url("redis://a,http://:hunter2@b"));
    assert!(fault.contains("URL 2 is not understood") && !fault.contains("hunter2"), "{fault}");
}

#[test]
fn a_configured_secret_honours_no_role_until_told_to() {
    let config = load(&[("REFERRAL_JWT_SECRET", SECRET)]).expect("sound");
    assert!(!config.tokens.roles);
    let config = load(&[("REFERRAL_JWT_SECRET", SECRET), ("REFERRAL_JWT_ROLES", "true")]).expect("sound");
    assert!(config.tokens.roles);
}

#[test]
fn a_public_key_needs_issuer_and_audience() {
    let directory = tempfile::tempdir().expect("a directory");
    let key = directory.path().join("key.pem");
    fs::write(&key, "-----BEGIN PUBLIC KEY-----").expect("writable");
    let faults =
        load(&[("REFERRAL_JWT_PUBLIC_KEY_FILE", key.to_str().expect("UTF-8"))]).expect_err("incomplete");
    let names: Vec<&str> = faults.0.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(names, ["REFERRAL_JWT_ISSUER", "REFERRAL_JWT_AUDIENCE"]);
}

#[test]
fn a_key_file_that_is_not_there_is_told_with_all_that_is_missing_beside_it() {
    let faults = load(&[("REFERRAL_JWKS_FILE", "nowhere.json")]).expect_err("incomplete");
    assert_eq!(faults.0.len(), 3, "{faults}");
    assert!(faults.to_string().contains("REFERRAL_JWKS_FILE = \"nowhere.json\": cannot be read"), "{faults}");
}

#[test]
fn two_kinds_of_key_are_refused() {
    let fault = only_fault(load(&[
        ("REFERRAL_JWT_SECRET", SECRET),
        ("REFERRAL_JWKS_FILE", "Cargo.toml"),
        ("REFERRAL_JWT_ISSUER", "i"),
        ("REFERRAL_JWT_AUDIENCE", "a"),
    ]));
    assert!(fault.contains("one kind only"), "{fault}");
    let fault = only_fault(load(&[("REFERRAL_JWT_SECRET_PREVIOUS", SECRET)]));
    assert!(fault.contains("needs a current one"), "{fault}");
}

#[test]
fn every_malformed_value_is_one_fault() {
    let table = [
        ("REFERRAL_DATABASE_URL", "mysql://x"),
        ("REFERRAL_DATABASE_URL", "sqlite://:memory:"),
        ("REFERRAL_BIND", "localhost"),
        ("REFERRAL_METRICS_BIND", "9090"),
        ("REFERRAL_METRICS_BIND", "127.0.0.1:8000"),
        ("REFERRAL_PUBLIC_URL", "ref.example.com"),
        ("REFERRAL_PUBLIC_URL", "https://ref.example.com/?a=b"),
        ("REFERRAL_JWT_CLAIMS", "rolle=id"),
        ("REFERRAL_JWT_ROLES", "yes"),
        ("REFERRAL_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("REFERRAL_CORS_ORIGINS", "*"),
        ("REFERRAL_CORS_ORIGINS", "null"),
        ("REFERRAL_CORS_ORIGINS", "https://a.example/path"),
        ("REFERRAL_COOKIE_DOMAIN", "not a domain"),
        ("REFERRAL_LIMITS", "validate=many"),
        ("REFERRAL_LOG", "info,,=="),
        ("REFERRAL_WORKERS", "257"),
        ("REFERRAL_BIND", " "),
    ];
    for (name, value) in table {
        let fault = only_fault(load(&[(name, value)]));
        assert!(fault.starts_with(name), "{fault}");
    }
}

/// Whose request it is, when this socket says that it is 203.0.113.9's.
fn forwarded(config: &Config, socket: &str) -> String {
    let headers = [(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static("203.0.113.9"))];
    let client =
        config.trusted_proxies.client(socket.parse().expect("an address"), &headers.into_iter().collect());
    client.to_string()
}

#[test]
fn well_formed_values_are_taken_as_they_are_meant() {
    let config = load(&[
        ("REFERRAL_DATABASE_URL", "sqlite:///var/lib/referral/store.db"),
        ("REFERRAL_PUBLIC_URL", "https://ref.example.com/"),
        ("REFERRAL_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1, ::1"),
        ("REFERRAL_CORS_ORIGINS", "https://app.example.com,http://localhost:5173"),
        ("REFERRAL_COOKIE_DOMAIN", ".Example.com"),
        ("REFERRAL_METRICS_BIND", "off"),
    ])
    .expect("sound");
    assert_eq!(config.data_directory(), PathBuf::from("/var/lib/referral"));
    assert_eq!(config.public_url.as_deref(), Some("https://ref.example.com"));
    assert_eq!(forwarded(&config, "192.0.2.1"), "203.0.113.9", "a proxy of ours says so");
    assert_eq!(forwarded(&config, "192.0.2.2"), "192.0.2.2", "a stranger says so");
    assert!(config.cors.allows("https://app.example.com") && config.cors.allows("http://localhost:5173"));
    assert_eq!(config.metrics, Metrics::Off);
}

#[test]
fn the_public_url_is_the_configured_one_or_the_address_as_this_machine_reaches_it() {
    let own = load(&[]).expect("sound");
    let at = |config: &Config, address: &str| config.public_url_at(address.parse().expect("an address"));
    assert_eq!(at(&own, "127.0.0.1:8000"), "http://localhost:8000");
    assert_eq!(at(&own, "0.0.0.0:80"), "http://localhost:80");
    assert_eq!(at(&own, "192.0.2.1:80"), "http://192.0.2.1:80");
    let told = load(&[("REFERRAL_PUBLIC_URL", "https://ref.example.com")]).expect("sound");
    assert_eq!(at(&told, "127.0.0.1:8000"), "https://ref.example.com");
}
