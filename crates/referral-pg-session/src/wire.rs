//! What passes over a connection, read as it passes: the SQLSTATE of the last error, and how much was asked.
//!
//! Diesel answers an error's constraint but not its SQLSTATE, and a deadlock must be told from a disk that is full
//! without reading messages. So the stream under the driver is a `Tapped` one. It follows the frames of the protocol
//! (a tag, a length, a body), copies nothing but the bodies of errors, and notes in [`Wire`] what it saw.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio_postgres::tls::{ChannelBinding, TlsStream};

/// What a connection's tap saw.
#[derive(Debug, Default)]
pub struct Wire {
    last_error: Mutex<Option<[u8; 5]>>,
    flights: AtomicU64,
    statements: AtomicU64,
    ended: AtomicBool,
    announced: Mutex<VecDeque<String>>,
    news: Notify,
}

/// How much was asked of a connection so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// Times something was sent after something was received: round trips.
    pub round_trips: u64,
    /// Requests that were answered as a whole: statements, also those of one flight.
    pub statements: u64,
}

/// SQLSTATEs of a race that was lost: serialization failure, deadlock, lock not available; and a key that is taken or a row
/// that is gone, which Diesel tells itself, but not always first: of a flight of statements, a later one may be heard before
/// the one that failed, with nothing to say but that the transaction is aborted.
const LOST_RACES: [&[u8; 5]; 5] = [b"40001", b"40P01", b"55P03", b"23505", b"23503"];

impl Wire {
    /// Whether the first error since the last time somebody asked says that a race was lost.
    pub fn lost_a_race(&self) -> bool {
        let code = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).take();
        code.is_some_and(|code| LOST_RACES.contains(&&code))
    }

    /// Takes note that the connection ended.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.news.notify_one();
    }

    /// Whether the connection ended.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Keeps what was announced. Only a connection that listens is told anything.
    pub fn hear(&self, text: &str) {
        self.announced().push_back(text.to_owned());
        self.news.notify_one();
    }

    /// Waits for the next thing that was announced, for one listener; `None` when the connection ended.
    pub async fn heard(&self) -> Option<String> {
        loop {
            if let Some(text) = self.announced().pop_front() {
                return Some(text);
            }
            if self.has_ended() {
                return None;
            }
            self.news.notified().await;
        }
    }

    fn announced(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was asked so far.
    pub fn traffic(&self) -> Traffic {
        let [round_trips, statements] =
            [&self.flights, &self.statements].map(|count| count.load(Ordering::Relaxed));
        Traffic { round_trips, statements }
    }

    /// Only the first error counts: those after it say that the transaction is aborted.
    fn note(&self, error: &[u8]) {
        let mut last = self.last_error.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none() {
            *last = sqlstate(error);
        }
    }
}

/// The field `C` of an error's body: fields are a tag, a text and a zero.
fn sqlstate(body: &[u8]) -> Option<[u8; 5]> {
    let code = body.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"C"))?;
    code.try_into().ok()
}

/// The length of a frame's header: a tag and a length that counts itself.
const HEADER: usize = 5;

/// Follows frames over any cut of the stream.
#[derive(Default)]
struct Frames {
    header: [u8; HEADER],
    read: usize,
    body_left: usize,
    error: Option<Vec<u8>>,
}

impl Frames {
    fn follow(&mut self, mut bytes: &[u8], wire: &Wire) {
        while !bytes.is_empty() {
            let taken = if self.body_left == 0 { self.header(bytes, wire) } else { self.body(bytes, wire) };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    fn header(&mut self, bytes: &[u8], wire: &Wire) -> usize {
        let taken = bytes.len().min(HEADER - self.read);
        self.header[self.read..self.read + taken].copy_from_slice(&bytes[..taken]);
        self.read += taken;
        if self.read == HEADER {
            self.begin(wire);
        }
        taken
    }

    fn begin(&mut self, wire: &Wire) {
        self.read = 0;
        let [tag, length @ ..] = self.header;
        self.body_left = usize::try_from(u32::from_be_bytes(length)).unwrap_or_default().saturating_sub(4);
        match tag {
            b'E' => self.error = Some(Vec::new()),
            b'Z' => drop(wire.statements.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        }
    }

    fn body(&mut self, bytes: &[u8], wire: &Wire) -> usize {
        let taken = bytes.len().min(self.body_left);
        self.body_left -= taken;
        if let Some(error) = &mut self.error {
            error.extend_from_slice(&bytes[..taken]);
        }
        if self.body_left == 0 {
            self.error.take().into_iter().for_each(|error| wire.note(&error));
        }
        taken
    }
}

/// A stream with a tap on it.
pub(crate) struct Tapped<S> {
    stream: S,
    wire: Arc<Wire>,
    frames: Frames,
    answered: bool,
}

impl<S> Tapped<S> {
    pub(crate) fn new(stream: S, wire: Arc<Wire>) -> Self {
        Self { stream, wire, frames: Frames::default(), answered: true }
    }

    fn sent(&mut self) {
        if std::mem::take(&mut self.answered) {
            self.wire.flights.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        this.answered = true;
        this.frames.follow(&buffer.filled()[before..], &this.wire);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.stream).poll_write(cx, bytes))?;
        this.sent();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Tapped<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.stream.channel_binding()
    }
}

#[cfg(test)]
mod tests {
    use super::{Frames, Wire};

    /// An error of this SQLSTATE as the server sends it, and that it is ready again.
    fn refusal(code: &str) -> Vec<u8> {
        let body = format!("SERROR\0C{code}\0Mwhatever\0\0");
        let length = u32::try_from(body.len() + 4).expect("short").to_be_bytes();
        [&b"E"[..], &length[..], body.as_bytes(), b"Z\0\0\0\x05E"].concat()
    }

    #[test]
    fn the_first_error_is_read_off_the_wire_at_any_cut() {
        let bytes = [refusal("40P01"), refusal("25P02")].concat();
        for cut in 0..bytes.len() {
            let (wire, mut frames) = (Wire::default(), Frames::default());
            frames.follow(&bytes[..cut], &wire);
            frames.follow(&bytes[cut..], &wire);
            assert!(wire.lost_a_race(), "cut at {cut}");
            assert!(!wire.lost_a_race(), "it is told once");
            assert_eq!(wire.traffic().statements, 2, "cut at {cut}");
        }
        println!("cuts={}", bytes.len());
    }

    #[test]
    fn only_a_lost_race_is_one() {
        for (code, lost) in [
            ("40001", true),
            ("40P01", true),
            ("55P03", true),
            ("23505", true),
            ("23503", true),
            ("23514", false),
            ("57014", false),
            ("42501", false),
        ] {
            let (wire, mut frames) = (Wire::default(), Frames::default());
            frames.follow(&refusal(code), &wire);
            assert_eq!(wire.lost_a_race(), lost, "{code}");
        }
    }
}
