//! Requests that are not what HTTP or JSON should be.

use crate::figure;
use crate::host::Host;
use crate::http::{Connection, Request};
use crate::server::Server;

use super::{Case, case, check, sound_event, stage, unharmed};

fn post(host: &Host, body: &str) -> Request {
    Request::new("POST", "/api/events/spend")
        .with("content-type", "application/json")
        .key(&host.key)
        .text(body)
}

#[test]
fn what_is_not_json_is_refused() {
    let (server, host) = stage();
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let twice = sound_event(&host).to_string().replacen('{', "{\"source_id\":\"inv_0\",", 1);
    let mut cases: Vec<Case> = [
        "{",
        "{\"a\":}",
        "{'a': 1}",
        "{\"a\": 1,}",
        "{} {}",
        "\u{feff}{}",
        "NaN",
        "{\"a\": \"\n\"}",
        "{\"a\": \"\\ud800\"}",
        "<xml/>",
        "a=b",
        &deep,
    ]
    .map(|body| case(post(&host, body), 400, "invalid-json"))
    .into();
    cases.push(case(post(&host, ""), 400, "invalid-json"));
    cases.push(case(post(&host, &twice), 400, "invalid-body"));
    let typed = |kind: &str| {
        let request = Request::new("POST", "/api/events/spend").with("content-type", kind).key(&host.key);
        case(request.text(&sound_event(&host).to_string()), 415, "unsupported-media-type")
    };
    cases.extend(
        ["text/plain", "application/xml", "application/x-www-form-urlencoded", "json", ""].map(typed),
    );
    cases.push(case(post(&host, "{}").with("content-encoding", "gzip"), 415, "unsupported-media-type"));
    figure(&format!("not JSON: refused={0}/{0} 5xx=0", check(&server, cases)));
}

#[test]
fn unknown_paths_and_methods_are_told_as_problems() {
    let (server, host) = stage();
    let missing = [
        "/nowhere",
        "/api",
        "/api/",
        "/api/credits",
        "/api/credits/balance/",
        "//",
        "/api/../etc/passwd",
        "/%2e%2e/%2e%2e",
        "/api/events/%00",
        "/favicon.ico",
    ];
    let mut cases: Vec<Case> =
        missing.iter().map(|path| case(Request::get(path).key(&host.key), 404, "not-found")).collect();
    let methods = [
        ("DELETE", "/api/credits/balance"),
        ("GET", "/api/events/spend"),
        ("PUT", "/api/credits/redeem"),
        ("BREW", "/api/referral/code"),
        ("POST", "/healthz"),
        ("TRACE", "/readyz"),
    ];
    cases
        .extend(methods.map(|(method, path)| {
            case(Request::new(method, path).key(&host.key), 405, "method-not-allowed")
        }));
    let allow = server.send(&Request::new("DELETE", "/api/credits/balance"));
    assert!(allow.header("allow").is_some_and(|methods| methods.contains("GET")), "{allow:?}");
    figure(&format!("unknown paths and methods: refused={0}/{0} 5xx=0", check(&server, cases)));
}

#[test]
fn a_body_over_a_mebibyte_is_refused_whether_it_is_announced_or_not() {
    let (server, host) = stage();
    let head = |framing: &str| {
        format!(
            "POST /api/events/spend HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-api-key: {}\r\n{framing}\r\n\r\n",
            host.key
        )
    };
    for length in ["1048577", "99999999999"] {
        let mut connection = Connection::open(server.address).expect("open");
        connection.write(head(&format!("content-length: {length}")).as_bytes()).expect("sent");
        connection.read().expect("refused before the body came").refused(413, "too-large");
    }
    let mut connection = Connection::open(server.address).expect("open");
    connection.write(head("transfer-encoding: chunked").as_bytes()).expect("sent");
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..16 {
        connection.write(chunk.as_bytes()).expect("a mebibyte is taken");
    }
    connection.write(b"1\r\n \r\n").expect("one byte more is sent");
    connection.read().expect("refused").refused(413, "too-large");
    let mut padded = sound_event(&host).to_string();
    padded += &" ".repeat(1_048_576 - padded.len());
    server.send(&post(&host, &padded)).expect(200);
    unharmed(&server);
    figure("huge bodies: refused=3/3, exactly a mebibyte taken=1/1");
}

#[test]
fn odd_headers_change_nothing() {
    let (server, host) = stage();
    let balance = || Request::get("/api/credits/balance?user_id=u_ben").key(&host.key);
    let odd = [
        balance().with("x-request-id", "a sane one? no: blanks"),
        balance().with("x-request-id", &"a".repeat(5_000)),
        balance().with("x-forwarded-for", "not an address, \u{1}"),
        balance().with("x-forwarded-for", &"1.1.1.1, ".repeat(500)),
        balance().with("accept-encoding", "gzip;q=NaN, *;q=-1"),
        balance().with("origin", "null"),
        balance().with("range", "bytes=0-"),
        balance().with("cookie", &"a=b; ".repeat(200)),
        balance().with("if-none-match", "*"),
        balance().with("accept-language", "x-\u{ff}"),
    ];
    let asked = odd.len();
    let statuses: Vec<u16> = odd.iter().map(|request| server.send(request).status).collect();
    assert!(statuses.iter().all(|status| matches!(status, 200 | 400)), "{statuses:?}");
    let id = server.send(&balance().with("x-request-id", "my-id-1"));
    assert_eq!(id.header("x-request-id"), Some("my-id-1"));
    assert_eq!(id.header("access-control-allow-origin"), None);
    assert_eq!(id.header("x-content-type-options"), Some("nosniff"));
    unharmed(&server);
    figure(&format!("odd headers: asked={asked} 5xx=0"));
}

/// What is sent as it is; the server answers with a refusal, or hangs up.
const GARBAGE: [&[u8]; 14] = [
    b"\r\n\r\n\r\n",
    b"\x00\x01\x02\x03\xff\xfe",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\nbad\x00name: y\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    b"POST /api/events/spend HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\nabc",
    b"POST /api/events/spend HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET http:// HTTP/1.1\r\nhost: x\r\n\r\n",
];

#[test]
fn garbage_and_pipelined_garbage_are_refused_or_cut_off() {
    let (server, host) = stage();
    let long_line = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(200_000));
    let many_headers = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(5_000));
    let sent: Vec<&[u8]> =
        GARBAGE.iter().copied().chain([long_line.as_bytes(), many_headers.as_bytes()]).collect();
    let sound = post(&host, "").head();
    for garbage in &sent {
        for bytes in [garbage.to_vec(), [sound.as_bytes(), garbage].concat()] {
            let told = tell(&server, &bytes);
            let refused = told.is_empty() || told.starts_with("HTTP/1.1 4");
            assert!(
                refused && !told.contains("HTTP/1.1 5") && !told.contains("HTTP/1.1 2"),
                "{}: {told}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
    unharmed(&server);
    figure(&format!("garbage on the wire: sent={0} pipelined={0} 5xx=0", sent.len()));
}

/// Sends these bytes and no more; what comes back, if anything does.
fn tell(server: &Server, bytes: &[u8]) -> String {
    let mut connection = Connection::open(server.address).expect("open");
    // The server may hang up before everything is sent.
    drop(connection.write(bytes));
    connection.finish()
}

#[test]
fn a_caller_that_hangs_up_in_the_middle_of_a_body_harms_nobody() {
    let (server, host) = stage();
    let request = post(&host, &sound_event(&host).to_string());
    for _ in 0..20 {
        let mut connection = Connection::open(server.address).expect("open");
        connection.write(request.head().as_bytes()).expect("sent");
        connection.write(&request.body()[..10]).expect("sent");
    }
    unharmed(&server);
    let result = server.send(&request).expect(200);
    assert_eq!(result["results"][0]["replayed"], false, "none of the halves counted: {result}");
    figure("hung up in the middle of a body: 20/20 harmless");
}
