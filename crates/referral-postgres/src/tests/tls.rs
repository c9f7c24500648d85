//! TLS: who is trusted under each `sslmode`, against a server whose certificate comes from a root of our own.

use std::path::Path;
use std::process::Command;

use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use referral_domain::port::StoreError;

use super::launch;
use crate::statement::fixed;
use crate::{PgStore, Sessions};

/// Makes a root, another root, and a certificate for `localhost` by the first; answers nothing, leaves files.
fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        let made =
            command.args(arguments.split(' ')).current_dir(folder).output().expect("openssl is installed");
        assert!(made.status.success(), "{arguments}: {}", String::from_utf8_lossy(&made.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for root in ["root", "other"] {
        openssl(&format!("req -x509 {key} -days 2 -subj /CN={root} -keyout {root}.key -out {root}.pem"));
    }
    openssl(&format!("req {key} -subj /CN=db -keyout server.key -out server.csr"));
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost").expect("written");
    openssl(
        "x509 -req -in server.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
}

/// Whether the connection that a store opens is encrypted.
async fn is_encrypted(url: &str) -> Result<bool, StoreError> {
    let session = PgStore::open(url, Sessions::default())?.patient().await?;
    let asked = fixed::<(Bool,)>("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    Ok(asked.get_result::<(bool,)>(&mut &session.conn).await.expect("the server says").0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_trusted_as_far_as_sslmode_says() {
    let folder = tempfile::tempdir().expect("a folder");
    certificates(folder.path());
    let server = launch::with_tls(folder.path());
    let port = server.port();
    let [root, other] = ["root.pem", "other.pem"].map(|name| folder.path().join(name).display().to_string());
    let full = format!("sslmode=verify-full&sslrootcert={root}");
    let cases = [
        ("localhost", "sslmode=disable".to_owned(), Some(false)),
        ("localhost", "sslmode=prefer".to_owned(), Some(true)),
        ("127.0.0.1", "sslmode=require".to_owned(), Some(true)),
        ("localhost", full.clone(), Some(true)),
        ("127.0.0.1", full, None),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={root}"), Some(true)),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={other}"), None),
        ("localhost", format!("sslmode=verify-full&sslrootcert={other}"), None),
        ("localhost", "sslmode=verify-full".to_owned(), None),
        ("localhost", format!("sslmode=require&sslrootcert={other}"), None),
    ];
    for (host, query, encrypted) in &cases {
        let answer = is_encrypted(&format!("postgres://postgres@{host}:{port}/postgres?{query}")).await;
        println!("{host} {query}: encrypted={:?}", answer.as_ref().ok());
        assert_eq!(answer.as_ref().ok(), encrypted.as_ref(), "{host} {query}: {answer:?}");
    }
    println!("ways to connect={} as sslmode says", cases.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_reached_only_when_tls_is_not_asked_for() {
    let database = launch::a_database().await;
    let url = super::traffic::far_away(&database.url()).await;
    let with = |mode: &str| url.replace("sslmode=disable", &format!("sslmode={mode}"));
    for (mode, reached) in [("disable", true), ("prefer", true), ("require", false), ("verify-full", false)] {
        assert_eq!(is_encrypted(&with(mode)).await.is_ok(), reached, "{mode}");
    }
}
