//! Where a request comes from.
//!
//! The address is the socket's, unless the socket is one of our own proxies: only then is `X-Forwarded-For`
//! read, from the right, past further proxies of ours, to the first address we do not know. What stands left
//! of that was written by strangers and is never looked at.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest, web};
use ipnet::IpNet;

/// More proxies in a row than anybody runs; a longer header is not read further.
const HOPS_MAX: usize = 32;

/// The networks whose word on the client's address is taken.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// These networks; none means that no header is ever read.
    #[must_use]
    pub const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Reads networks and single addresses, separated by commas: `10.0.0.0/8, 192.0.2.7`.
    ///
    /// # Errors
    /// Every part that is neither.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let (good, bad): (Vec<_>, Vec<_>) =
            parts.map(|part| network(part).ok_or(part)).partition(Result::is_ok);
        if bad.is_empty() {
            return Ok(Self(good.into_iter().flatten().collect()));
        }
        Err(bad.into_iter().filter_map(Result::err).map(str::to_owned).collect())
    }

    /// The client's address for a request from this socket with these headers.
    #[must_use]
    pub fn client(&self, socket: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = socket.to_canonical();
        for hop in forwarded(headers) {
            match hop {
                Some(address) if self.trusts(client) => client = address,
                _ => break,
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical())))
}

/// The addresses of `X-Forwarded-For` from the right; `None` where something else stands.
fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").map(|line| line.to_str().unwrap_or("?")).collect();
    let hops: Vec<_> = lines.iter().rev().flat_map(|line| line.rsplit(',')).take(HOPS_MAX).map(hop).collect();
    hops.into_iter()
}

/// An address, with or without a port: some proxies write one.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

/// The client's address; the proxies that are trusted come from the app's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address a request came from.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let socket = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |socket| socket.ip());
        let trusted = request.app_data::<web::Data<TrustedProxies>>();
        Self(trusted.map_or(socket.to_canonical(), |trusted| trusted.client(socket, request.headers())))
    }
}

impl FromRequest for ClientAddress {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn client(socket: &str, headers: &[&str]) -> String {
        let trusted = TrustedProxies::parse("10.0.0.0/8, 2001:db8::/32,192.0.2.1").expect("networks");
        let mut request = TestRequest::default().app_data(web::Data::new(trusted));
        request = request.peer_addr(SocketAddr::new(socket.parse().expect("an address"), 4711));
        for header in headers {
            request = request.append_header(("x-forwarded-for", *header));
        }
        ClientAddress::of(&request.to_http_request()).0.to_string()
    }

    #[test]
    fn the_client_is_whom_our_proxies_saw() {
        for (socket, headers, expected) in [
            ("198.51.100.9", &["203.0.113.1"][..], "198.51.100.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.1"], "203.0.113.1"),
            ("192.0.2.1", &["203.0.113.1"], "203.0.113.1"),
            ("192.0.2.2", &["203.0.113.1"], "192.0.2.2"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.1"], "203.0.113.1"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.1, 10.9.9.9"], "203.0.113.1"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.1, 10.9.9.9"], "203.0.113.1"),
            ("10.0.0.1", &["10.2.2.2, 10.3.3.3"], "10.2.2.2"),
            ("::ffff:10.0.0.1", &["::ffff:203.0.113.1"], "203.0.113.1"),
            ("2001:db8::1", &["2001:4860::1"], "2001:4860::1"),
            ("10.0.0.1", &["203.0.113.1:8080"], "203.0.113.1"),
            ("10.0.0.1", &["[2001:4860::1]:443"], "2001:4860::1"),
            ("10.0.0.1", &["[2001:4860::1]"], "2001:4860::1"),
        ] {
            assert_eq!(client(socket, headers), expected, "{socket} {headers:?}");
        }
    }

    #[test]
    fn garbage_stops_at_the_last_proxy_that_is_ours() {
        for garbage in ["unknown", "", "1.1.1.1, _hidden", "<script>", "203.0.113.1 203.0.113.2"] {
            assert_eq!(client("10.0.0.1", &[garbage]), "10.0.0.1", "{garbage}");
        }
        assert_eq!(client("10.0.0.1", &["203.0.113.1, junk, 10.5.5.5"]), "10.5.5.5");
    }

    #[test]
    fn a_flood_of_hops_is_not_read_to_its_end() {
        let flood = format!("203.0.113.1{}", ", 10.1.1.1".repeat(10_000));
        assert_eq!(client("10.0.0.1", &[&flood]), "10.1.1.1");
    }

    #[test]
    fn nobody_is_trusted_by_default() {
        let trusted = TrustedProxies::default();
        let mut headers = HeaderMap::new();
        headers.insert(
            actix_web::http::header::HeaderName::from_static("x-forwarded-for"),
            actix_web::http::header::HeaderValue::from_static("203.0.113.1"),
        );
        assert_eq!(trusted.client(IpAddr::V4(Ipv4Addr::LOCALHOST), &headers).to_string(), "127.0.0.1");
    }

    #[test]
    fn every_bad_network_is_named() {
        let bad = TrustedProxies::parse("10.0.0.0/33, localhost, 10.0.0.1").expect_err("two are wrong");
        assert_eq!(bad, ["10.0.0.0/33", "localhost"]);
    }
}
