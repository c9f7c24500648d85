//! A small HTTP/1.1 client that costs little: one connection, one request at a time, replies of a known length.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request, written out.
pub(crate) fn get(path: &str, key: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {key}\r\n\r\n").into_bytes()
}

/// A request without credentials.
pub(crate) fn get_as_anybody(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

/// A request with a JSON body.
pub(crate) fn post(path: &str, key: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// A kept connection.
pub(crate) struct Connection {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, bytes: Vec::with_capacity(1 << 16) })
    }

    /// Sends a request; answers the body of a reply that must be a success.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<&str> {
        self.stream.write_all(request).await?;
        self.bytes.clear();
        let (head, length) = self.head().await?;
        while self.bytes.len() < head + length {
            self.more().await?;
        }
        let status = std::str::from_utf8(&self.bytes[9..12])?;
        let body = std::str::from_utf8(&self.bytes[head..head + length])?;
        if !status.starts_with('2') {
            bail!("{status} {body}");
        }
        Ok(body)
    }

    /// Reads until the head is whole; answers its length and that of the body.
    async fn head(&mut self) -> Result<(usize, usize)> {
        loop {
            if let Some(end) = self.bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.bytes[..end])?;
                let length = head.lines().find_map(length).context("a reply without its length")?;
                return Ok((end + 4, length));
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.bytes).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

fn length(line: &str) -> Option<usize> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
}
