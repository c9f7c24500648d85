//! Somebody who asks, what they ask, and what they are told.

use std::net::{IpAddr, SocketAddr};

use actix_web::body::to_bytes;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use serde_json::Value;

use super::{TestApp, promise, schema};

/// One request, before it is known who sends it.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) uri: String,
    headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Option<Vec<u8>>,
}

impl Ask {
    pub(super) fn new(method: Method, uri: impl Into<String>) -> Self {
        Self { method, uri: uri.into(), headers: Vec::new(), body: None }
    }

    pub(super) fn get(uri: impl Into<String>) -> Self {
        Self::new(Method::GET, uri)
    }

    pub(super) fn post(uri: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::POST, uri).json(body.to_string())
    }

    pub(super) fn put(uri: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::PUT, uri).json(body.to_string())
    }

    /// A file of lines, whatever the body was before.
    pub(super) fn csv(mut self, file: String) -> Self {
        self.headers.retain(|(name, _)| name != "content-type");
        self.header("content-type", "text/csv").body(file)
    }

    /// A body as it stands, called JSON.
    pub(super) fn json(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    /// A body as it stands, of no type.
    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// One more header.
    pub(super) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// The path without its query.
    pub(super) fn path(&self) -> &str {
        self.uri.split_once('?').map_or(&self.uri, |(path, _)| path)
    }

    fn request(&self, from: IpAddr) -> TestRequest {
        let mut request = TestRequest::default().method(self.method.clone()).uri(&self.uri);
        request = request.peer_addr(SocketAddr::new(from, 4711));
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().expect("a header's name");
            request = request.append_header((name, HeaderValue::from_bytes(value).expect("a value")));
        }
        match &self.body {
            Some(body) => request.set_payload(body.clone()),
            None => request,
        }
    }
}

/// Somebody with or without credentials, at an address that is no evidence of anything.
#[derive(Clone)]
pub(super) struct Speaker {
    app: TestApp,
    credentials: Option<(&'static str, String)>,
    address: IpAddr,
}

impl Speaker {
    pub(super) fn new(app: TestApp, credentials: Option<(&'static str, String)>) -> Self {
        Self { app, credentials, address: IpAddr::from([127, 0, 0, 1]) }
    }

    /// The same at another address.
    pub(super) fn at(mut self, address: &str) -> Self {
        self.address = address.parse().expect("an address");
        self
    }

    pub(super) async fn get(&self, uri: &str) -> Reply {
        self.ask(&Ask::get(uri)).await
    }

    pub(super) async fn post(&self, uri: &str, body: Value) -> Reply {
        self.ask(&Ask::post(uri, &body)).await
    }

    /// Sends a request, and holds its reply against what every reply promises and what the document says of it.
    pub(super) async fn ask(&self, ask: &Ask) -> Reply {
        let sent = self.credentials.iter().fold(ask.clone(), |ask, (name, value)| ask.header(name, value));
        let reply = Reply::of(self.app.call(sent.request(self.address)).await).await;
        promise::hold(&sent, &reply);
        schema::hold(self.app.document(), &sent, &reply);
        reply
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Reply {
    async fn of(response: actix_web::HttpResponse) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = to_bytes(response.into_body()).await.expect("a body");
        Self { status, headers, body: String::from_utf8(bytes.to_vec()).expect("UTF-8") }
    }

    /// A header's text, empty when it is not there.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The body as JSON.
    pub(super) fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|fault| panic!("{fault}: {}", self.body))
    }

    /// The body of a reply that must have this status.
    pub(super) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.value()
    }

    /// Status and code of a refusal.
    pub(super) fn refusal(&self) -> (u16, String) {
        let code = self.value()["code"].as_str().unwrap_or_default().to_owned();
        (self.status, code)
    }

    /// Asserts that this is a refusal with this status and code.
    pub(super) fn refused(&self, status: u16, code: &str) {
        assert_eq!(self.refusal(), (status, code.to_owned()), "{}", self.body);
    }

    /// Where the faults lie, each with its code.
    pub(super) fn faults(&self) -> Vec<(String, String)> {
        let text = |fault: &Value, name: &str| fault[name].as_str().map(str::to_owned);
        let errors = self.value()["errors"].as_array().cloned().unwrap_or_default();
        let place = |fault: &Value| text(fault, "pointer").or_else(|| text(fault, "parameter"));
        errors
            .iter()
            .map(|fault| (place(fault).unwrap_or_default(), text(fault, "code").unwrap_or_default()))
            .collect()
    }
}
