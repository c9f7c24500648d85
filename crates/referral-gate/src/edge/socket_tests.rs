//! The edge over a real socket: what actix does with errors, unread bodies and HEAD is part of the promise.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};

use super::*;
use crate::routing;

/// A server that goes away with the test.
struct Served {
    address: SocketAddr,
    server: actix_web::dev::ServerHandle,
}

fn serve() -> Served {
    let config = config();
    let app = move || {
        App::new()
            .app_data(config.clone())
            .wrap(from_fn(edge))
            .service(web::resource("/echo").route(web::post().to(echo)))
            .service(web::resource("/list").route(routing::get().to(listed)))
            .service(web::resource("/panic").route(web::get().to(panicking)))
            .service(web::resource("/slow").route(web::get().to(slow)))
    };
    let server =
        HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).expect("a free port");
    let address = server.addrs()[0];
    let running = server.run();
    let handle = running.handle();
    actix_web::rt::spawn(running);
    Served { address, server: handle }
}

/// Sends the bytes and answers all that comes back until the server hangs up.
fn talk(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
    let sent = stream.write_all(request);
    let mut reply = Vec::new();
    let received = stream.read_to_end(&mut reply);
    let text = String::from_utf8_lossy(&reply).into_owned();
    assert!(!text.is_empty(), "no reply: sent {sent:?}, received {received:?}");
    text
}

async fn ask(request: impl Into<Vec<u8>>) -> String {
    let served = serve();
    let (address, request) = (served.address, request.into());
    let reply = web::block(move || talk(address, &request)).await.expect("not cancelled");
    served.server.stop(false).await;
    reply
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-request-id: mine\r\nconnection: close\r\n\r\n")
}

fn post(length: usize, body: usize) -> Vec<u8> {
    let head = format!(
        "POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    let mut request = head.into_bytes();
    request.resize(request.len() + body, b' ');
    request
}

fn is_problem(reply: &str, status: &str, code: &str) {
    assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{reply}");
    assert!(reply.contains("content-type: application/problem+json"), "{reply}");
    assert!(reply.contains("content-security-policy: default-src 'none'"), "{reply}");
    assert!(reply.contains(&format!("\"code\":\"{code}\"")), "{reply}");
}

#[actix_web::test]
async fn a_panic_and_a_time_out_are_answered_in_full() {
    for (path, status, code) in [("/panic", "500", "internal"), ("/slow", "408", "timeout")] {
        let reply = ask(get(path)).await;
        is_problem(&reply, status, code);
        assert!(reply.contains("x-request-id: mine") && reply.contains("\"instance\":\"mine\""), "{reply}");
    }
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    is_problem(&ask(post(1 << 30, 0)).await, "413", "too-large");
}

#[actix_web::test]
async fn a_caller_who_sends_too_much_all_the_same_still_reads_the_reply() {
    is_problem(&ask(post(3 << 20, 3 << 20)).await, "413", "too-large");
    let head = "POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n200000\r\n";
    let mut chunked = head.as_bytes().to_vec();
    chunked.resize(chunked.len() + 0x20_0000, b' ');
    chunked.extend_from_slice(b"\r\n0\r\n\r\n");
    is_problem(&ask(chunked).await, "413", "too-large");
}

#[actix_web::test]
async fn a_caller_who_stops_sending_is_given_up() {
    is_problem(&ask(post(100, 50)).await, "408", "timeout");
}

#[actix_web::test]
async fn head_has_the_headers_and_no_body() {
    let reply = ask(get("/list").replace("GET", "HEAD")).await;
    assert!(reply.starts_with("HTTP/1.1 200") && reply.ends_with("\r\n\r\n"), "{reply}");
    let missing = ask(get("/nowhere").replace("GET", "HEAD")).await;
    assert!(missing.starts_with("HTTP/1.1 404") && missing.ends_with("\r\n\r\n"), "{missing}");
}
