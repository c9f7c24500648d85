//! Users' tokens as a host signs them, and all those that nobody should have signed.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::figure;
use crate::home::Home;
use crate::http::{Reply, Request};
use crate::server::Server;

const SECRET: &str = "the host's own secret, of more than 32 bytes";
const PREVIOUS: &str = "the secret before it, of more than 32 bytes too";

/// A time far from now, so that no test reads the clock: seconds of the year 2100.
const LATER: u64 = 4_102_444_800;

fn signed(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).expect("signed")
}

fn ask(server: &Server, token: &str) -> Reply {
    server.send(&Request::get("/api/credits/balance").bearer(token))
}

#[test]
fn a_token_signed_by_the_host_is_let_in_and_no_other() {
    let home = Home::new().with("REFERRAL_JWT_SECRET", SECRET).with("REFERRAL_JWT_SECRET_PREVIOUS", PREVIOUS);
    let server = Server::start(&home);
    let claims = json!({"sub": "u_ana", "exp": LATER});
    for secret in [SECRET, PREVIOUS] {
        ask(&server, &signed(Algorithm::HS256, secret, &claims)).expect(200);
    }
    let refused = bad_tokens(&claims);
    for (why, token) in &refused {
        let reply = ask(&server, token);
        reply.refused(401, "unauthenticated");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{why}");
        assert_eq!(reply.json()["errors"], json!([]), "{why}: which check failed is never told");
    }
    figure(&format!("tokens: let in=2/2 refused={}/{}", refused.len(), refused.len()));
}

fn bad_tokens(claims: &Value) -> Vec<(&'static str, String)> {
    let good = signed(Algorithm::HS256, SECRET, claims);
    let (head, signature) = good.rsplit_once('.').expect("three parts");
    let payload = head.split('.').nth(1).expect("a payload");
    let with = |field: &str, value: Value| {
        let mut claims = claims.clone();
        claims[field] = value;
        signed(Algorithm::HS256, SECRET, &claims)
    };
    vec![
        ("nothing", String::new()),
        ("no token at all", "u_ana".to_owned()),
        ("another secret", signed(Algorithm::HS256, "somebody else's secret of more than 32 bytes", claims)),
        ("another algorithm", signed(Algorithm::HS512, SECRET, claims)),
        // {"alg":"none","typ":"JWT"}
        ("alg none", format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.")),
        ("alg none, signed", format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.{signature}")),
        ("no signature", format!("{head}.")),
        ("expired", with("exp", 1_700_000_000.into())),
        ("not yet", with("nbf", (LATER - 1).into())),
        ("never expires", signed(Algorithm::HS256, SECRET, &json!({"sub": "u_ana"}))),
        ("nobody", signed(Algorithm::HS256, SECRET, &json!({"exp": LATER}))),
        ("a sub that is no id", with("sub", " u_ana".into())),
        ("a sign-up time in milliseconds", with("created_at", 1_700_000_000_000_i64.into())),
        ("9 KiB", with("email", "a".repeat(9_000).into())),
    ]
}

#[test]
fn two_credentials_or_a_twice_written_one_are_none() {
    let server = Server::start(&Home::new());
    let (token, key) = (server.home.token("u_ana"), server.home.key(&["users:read"]));
    let ask = |request: Request| server.send(&request);
    let balance = || Request::get("/api/credits/balance");
    ask(balance().bearer(&token)).expect(200);
    let bad = [
        balance(),
        balance().bearer(&token).key(&key),
        balance().bearer(&token).bearer(&token),
        balance().key(&key).key(&key),
        balance().with("authorization", &format!("Basic {token}")),
        balance().with("authorization", &token),
        balance().key(&key.to_uppercase()),
        balance().key(&key[..key.len() - 1]),
        balance().key("rk_"),
    ];
    let refused = bad.len();
    bad.into_iter().for_each(|request| ask(request).refused(401, "unauthenticated"));
    figure(&format!("doubtful credentials: refused={refused}/{refused}"));
}

#[test]
fn a_revoked_key_is_refused_from_then_on() {
    let server = Server::start(&Home::new());
    let key = server.home.key(&["users:read"]);
    let ask = || server.send(&Request::get("/api/credits/balance?user_id=u_ana").key(&key));
    ask().expect(200);
    let list = server.home.print(&["api-key", "list"]);
    let id = list.split_whitespace().next().expect("the key's id");
    assert!(id.starts_with("key_") && list.contains("live") && !list.contains(&key), "{list}");
    server.home.print(&["api-key", "revoke", id]);
    ask().refused(401, "unauthenticated");
    server.home.print(&["api-key", "revoke", id]);
    assert!(server.home.print(&["api-key", "list"]).contains("revoked"), "{list}");
    assert_eq!(
        server.home.run(&["api-key", "revoke", "key_018f2b7c-0000-7000-8000-000000000000"]).code,
        Some(1)
    );
}
