//! A connection that is kept: one request at a time, HTTP/1.1, bodies of a known length.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// A request, written out.
#[derive(Debug, Clone)]
pub(super) struct Request(Vec<u8>);

impl Request {
    pub(super) fn get(path: &str) -> Self {
        Self(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes())
    }

    pub(super) fn post(path: &str, key: &str, body: &str) -> Self {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        Self([head.as_bytes(), body.as_bytes()].concat())
    }
}

/// A reply's status and body.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
}

pub(super) struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub(super) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { reader: BufReader::new(stream) })
    }

    pub(super) fn send(&mut self, request: &Request) -> Result<Reply> {
        self.reader.get_mut().write_all(&request.0)?;
        let status = self.status()?;
        let mut body = vec![0; self.length()?];
        self.reader.read_exact(&mut body)?;
        Ok(Reply { status, body: String::from_utf8(body)? })
    }

    /// Sends, and fails unless the reply is a success.
    pub(super) fn must(&mut self, request: &Request) -> Result<String> {
        let reply = self.send(request)?;
        if !(200..300).contains(&reply.status) {
            bail!("{} {}", reply.status, reply.body);
        }
        Ok(reply.body)
    }

    fn status(&mut self) -> Result<u16> {
        let line = self.line()?;
        let status = line.split_whitespace().nth(1).context("no status")?;
        Ok(status.parse()?)
    }

    fn length(&mut self) -> Result<usize> {
        let mut length = 0;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.strip_prefix("content-length:") {
                Some(value) => length = value.trim().parse()?,
                None if line.is_empty() => return Ok(length),
                None => {}
            }
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(line.trim_end().to_owned())
    }
}
