//! A small HTTP/1.1 client: one connection, one request at a time, and raw bytes where a test needs them.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longer than any answer may take: the server gives a request up after 30 seconds.
const PATIENCE: Duration = Duration::from_secs(40);

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn post(path: &str, body: &Value) -> Self {
        Self::new("POST", path).json(body)
    }

    pub(crate) fn put(path: &str, body: &Value) -> Self {
        Self::new("PUT", path).json(body)
    }

    fn json(self, body: &Value) -> Self {
        self.with("content-type", "application/json").text(&body.to_string())
    }

    pub(crate) fn text(self, body: &str) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.with("x-api-key", key)
    }

    /// `METHOD /path`, for messages.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The head, with its closing blank line.
    pub(crate) fn head(&self) -> String {
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = self.body.len();
        format!(
            "{} {} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{headers}\r\n",
            self.method, self.path
        )
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The body of a reply that must have this status.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.json()
    }

    /// A reply that must be a problem with this status and code.
    pub(crate) fn refused(&self, status: u16, code: &str) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.expect(status);
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()), "{}", self.body);
        assert_eq!(problem["type"], format!("/problems/{code}"));
        assert_eq!(problem["instance"].as_str(), self.header("x-request-id"));
    }
}

/// A connection that is kept open from request to request.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// # Errors
    /// When the server is gone, or answers something that is no HTTP.
    pub(crate) fn send(&mut self, request: &Request) -> io::Result<Reply> {
        let mut bytes = request.head().into_bytes();
        bytes.extend_from_slice(request.body());
        self.write(&bytes)?;
        self.read()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    pub(crate) fn read(&mut self) -> io::Result<Reply> {
        let status_line = self.line()?;
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| garbled(&status_line))?;
        let headers = self.headers()?;
        let mut reply = Reply { status, headers, body: String::new() };
        let body = self.payload(&reply)?;
        reply.body = String::from_utf8(body).map_err(io::Error::other)?;
        Ok(reply)
    }

    fn headers(&mut self) -> io::Result<Vec<(String, String)>> {
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(headers);
            }
            let (name, value) = line.split_once(':').ok_or_else(|| garbled(&line))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    fn payload(&mut self, reply: &Reply) -> io::Result<Vec<u8>> {
        if matches!(reply.status, 100..=199 | 204 | 304) {
            return Ok(Vec::new());
        }
        match (reply.header("transfer-encoding"), reply.header("content-length")) {
            (Some("chunked"), _) => self.chunks(),
            (_, Some(length)) => self.exactly(length.parse().map_err(io::Error::other)?),
            _ => Err(garbled("a reply whose end cannot be told")),
        }
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let length = usize::from_str_radix(&self.line()?, 16).map_err(io::Error::other)?;
            body.extend(self.exactly(length)?);
            self.line()?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let whole = line.strip_suffix("\r\n").map(str::to_owned);
        whole.ok_or_else(|| io::Error::new(ErrorKind::UnexpectedEof, "the server closed the connection"))
    }

    /// Sends no more; whatever the server still says until it closes or cuts the connection off.
    pub(crate) fn finish(mut self) -> String {
        let mut told = Vec::new();
        if self.stream.get_ref().shutdown(Shutdown::Write).is_ok() {
            while let Ok(1..) = self.stream.by_ref().take(1 << 16).read_to_end(&mut told) {}
        }
        String::from_utf8_lossy(&told).into_owned()
    }
}

fn garbled(text: &str) -> io::Error {
    io::Error::other(format!("not HTTP: {text:?}"))
}
