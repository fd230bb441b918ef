//! Reads one response body: counted off the wire, decompressed as it comes, cut at its bounds.
//!
//! Promises: at most [`limits::MAX_WIRE_BODY`] (or `fetch.max_body`, if less) bytes are taken off the wire and at most
//! `fetch.max_body` are kept; a body that grows more than [`limits::MAX_RATIO`] times is dropped at its first mebibyte.
//! Memory is the kept bytes, one chunk of the wire, and a decoder whose window is bounded (32 KiB deflate, 16 MiB brotli,
//! 8 MiB zstd); a bomb fills none of it further than the cap. Undoes one content coding: gzip (several members, trailing
//! bytes ignored as browsers do), deflate (with or without zlib's wrapper), br, zstd. A body shorter than announced, on
//! the wire or inside its coding, is an error, never a short success. Called by `client.rs`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::{Buf, BufMut, Bytes};
use hyper::HeaderMap;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::error::{Bound, FetchError, Phase, Place, reason};
use crate::base::limits;

/// One content coding of RFC 9110 §8.4.1 (zstd: RFC 8878).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// What is asked for in `Accept-Encoding`.
pub(super) const CODINGS: &str = "gzip, deflate, br, zstd";

impl Coding {
    /// The coding a head announces. Labels that name no coding (`identity`, nothing, and the charset that some feeds put
    /// there) are identity; a second coding and unknown ones are errors, with the reason.
    pub fn of(headers: &HeaderMap) -> Result<Coding, String> {
        let mut coding = Coding::Identity;
        for value in headers.get_all(CONTENT_ENCODING) {
            let text = String::from_utf8_lossy(value.as_bytes());
            for label in text.split(',').map(|label| label.trim().to_ascii_lowercase()) {
                let next = match label.as_str() {
                    "" | "identity" | "none" | "utf-8" | "utf8" => continue,
                    "gzip" | "x-gzip" => Coding::Gzip,
                    "deflate" => Coding::Deflate,
                    "br" => Coding::Brotli,
                    "zstd" => Coding::Zstd,
                    other => return Err(format!("unknown content coding `{}`", reason(other))),
                };
                if coding != Coding::Identity {
                    return Err("more than one content coding".into());
                }
                coding = next;
            }
        }
        Ok(coding)
    }
}

/// The bounds of one body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Decoded bytes: `fetch.max_body`, or less.
    pub body: usize,
    /// What that bound is called.
    pub called: fn(usize) -> Bound,
    /// Longest silence.
    pub gap: Duration,
}

impl Bounds {
    fn wire(&self) -> usize {
        self.body.min(limits::MAX_WIRE_BODY)
    }

    /// The bound that a body breaks by having more than [`Bounds::wire`] bytes.
    fn wire_bound(&self, coding: Coding) -> Bound {
        let wire = self.wire();
        if coding == Coding::Identity && wire == self.body { (self.called)(wire) } else { Bound::Wire(wire) }
    }
}

/// The whole decoded body, or why not.
pub(super) async fn read(headers: &HeaderMap, body: Incoming, bounds: Bounds, at: &Place) -> Result<Bytes, FetchError> {
    let at = || at.clone();
    let coding = Coding::of(headers).map_err(|reason| FetchError::Encoding { at: at(), reason })?;
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    if announced.is_some_and(|length| length > bounds.wire() as u64) {
        return Err(FetchError::TooLarge { at: at(), bound: bounds.wire_bound(coding) });
    }
    let mut out = Sink { kept: Vec::new(), limit: bounds.body };
    match decode(coding, Wire::new(body, bounds), &mut out).await {
        Ok(()) => {
            out.kept.shrink_to_fit(); // the cache keeps this allocation
            Ok(Bytes::from(out.kept))
        }
        Err(error) => Err(explain(error, coding, bounds, at())),
    }
}

/// Faults that travel through the decoders inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("too many bytes on the wire")]
    Wire,
    #[error("too many bytes decoded")]
    Body,
    #[error("grows too much")]
    Ratio,
    #[error("silent")]
    Silent,
    #[error("the connection broke")]
    Broken(#[source] hyper::Error),
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> io::Error {
        io::Error::other(fault)
    }
}

fn explain(error: io::Error, coding: Coding, bounds: Bounds, at: Place) -> FetchError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()) {
        Some(Fault::Wire) => FetchError::TooLarge { at, bound: bounds.wire_bound(coding) },
        Some(Fault::Body) => FetchError::TooLarge { at, bound: (bounds.called)(bounds.body) },
        Some(Fault::Ratio) => FetchError::TooLarge { at, bound: Bound::Ratio },
        Some(Fault::Silent) => FetchError::Timeout { at, phase: Phase::Body, limit: bounds.gap },
        Some(Fault::Broken(error)) if is_cut(error) => FetchError::Truncated { at },
        Some(Fault::Broken(error)) => FetchError::Protocol { at, reason: reason(error) },
        None if error.kind() == io::ErrorKind::UnexpectedEof => FetchError::Truncated { at },
        None => FetchError::Encoding { at, reason: reason(error) },
    }
}

/// The end came before what `Content-Length` or the last chunk announced.
fn is_cut(error: &hyper::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof) {
            return true;
        }
        source = inner.source();
    }
    error.is_incomplete_message()
}

async fn decode(coding: Coding, mut wire: Wire, out: &mut Sink) -> io::Result<()> {
    // Some servers send an empty body under a coding, without the coding's own frame.
    if coding != Coding::Identity && wire.peek(1).await?.is_empty() {
        return Ok(());
    }
    match coding {
        Coding::Identity => out.fill(&mut wire, |wire| wire).await,
        Coding::Gzip => gunzip(wire, out).await,
        Coding::Deflate if is_zlib(wire.peek(2).await?) => out.fill(&mut ZlibDecoder::new(wire), |d| d.get_ref()).await,
        Coding::Deflate => out.fill(&mut DeflateDecoder::new(wire), |d| d.get_ref()).await,
        // The decoder would take the "large window" extension, outside RFC 7932, and up to 1 GiB for it.
        Coding::Brotli if wire.peek(1).await?.first().is_some_and(|byte| byte & 0x7f == 0x11) => {
            Err(io::Error::new(io::ErrorKind::InvalidData, "brotli window outside RFC 7932"))
        }
        Coding::Brotli => out.fill(&mut BrotliDecoder::new(wire), |d| d.get_ref()).await,
        Coding::Zstd => {
            let mut decoder = ZstdDecoder::with_params(wire, &[DParameter::window_log_max(limits::ZSTD_WINDOW_LOG)]);
            decoder.multiple_members(true);
            out.fill(&mut decoder, |d| d.get_ref()).await
        }
    }
}

/// Member by member (RFC 1952 §2.2), because bytes after the last one are tolerated, as long as they are no member.
async fn gunzip(mut wire: Wire, out: &mut Sink) -> io::Result<()> {
    for _ in 0..limits::MAX_GZIP_MEMBERS {
        let mut decoder = GzipDecoder::new(wire);
        out.fill(&mut decoder, |d| d.get_ref()).await?;
        wire = decoder.into_inner();
        if !wire.peek(3).await?.starts_with(&[0x1f, 0x8b, 8]) {
            return Ok(());
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "too many gzip members"))
}

/// RFC 1950 §2.2: method 8, a window of at most 32 KiB, and a check that makes both bytes a multiple of 31.
fn is_zlib(start: &[u8]) -> bool {
    matches!(*start, [cmf, flg, ..] if cmf & 0x0f == 8 && cmf >> 4 <= 7 && u16::from_be_bytes([cmf, flg]) % 31 == 0)
}

/// The kept bytes, never more than `limit`.
struct Sink {
    kept: Vec<u8>,
    limit: usize,
}

impl Sink {
    /// Reads `from` to its end. `wire` is the body under it.
    async fn fill<R: AsyncRead + Unpin>(&mut self, from: &mut R, wire: impl Fn(&R) -> &Wire) -> io::Result<()> {
        loop {
            let room = self.limit.saturating_sub(self.kept.len()).saturating_add(1); // one more tells "full" from "too large"
            let step = room.min(limits::BODY_STEP);
            if self.kept.capacity() - self.kept.len() < step {
                self.kept.reserve(step); // doubles, so that growing stays linear
            }
            let read = from.read_buf(&mut (&mut self.kept).limit(step)).await;
            let read = read.map_err(|error| wire(from).or_cut(error))?;
            if read == 0 {
                return Ok(());
            }
            if self.kept.len() > self.limit {
                return Err(Fault::Body.into());
            }
            let (decoded, taken) = (self.kept.len() as u64, wire(from).taken as u64);
            if decoded > limits::MAX_RATIO_FREE && decoded / limits::MAX_RATIO > taken {
                return Err(Fault::Ratio.into());
            }
            tokio::task::coop::consume_budget().await; // decompressing 32 MiB must not hold up the thread's other tasks
        }
    }
}

/// The body as it comes off the wire: a buffered reader that counts, and that fails on silence.
struct Wire {
    body: Incoming,
    chunk: Bytes,
    taken: usize,
    ended: bool,
    bounds: Bounds,
    silence: Pin<Box<Sleep>>,
}

impl Wire {
    fn new(body: Incoming, bounds: Bounds) -> Wire {
        Wire {
            body,
            chunk: Bytes::new(),
            taken: 0,
            ended: false,
            bounds,
            silence: Box::pin(tokio::time::sleep(bounds.gap)),
        }
    }

    /// The next piece; empty at the end.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        loop {
            let frame = match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(Fault::Broken(error).into())),
                Poll::Ready(None) => {
                    self.ended = true;
                    return Poll::Ready(Ok(Bytes::new()));
                }
                Poll::Pending => {
                    ready!(self.silence.as_mut().poll(cx));
                    return Poll::Ready(Err(Fault::Silent.into()));
                }
            };
            // Trailers and empty frames are not data: they are passed over and do not count as a sign of life.
            let Some(piece) = frame.into_data().ok().filter(|piece| !piece.is_empty()) else { continue };
            self.taken = self.taken.saturating_add(piece.len());
            if self.taken > self.bounds.wire() {
                return Poll::Ready(Err(Fault::Wire.into()));
            }
            self.silence.as_mut().reset(Instant::now() + self.bounds.gap);
            return Poll::Ready(Ok(piece));
        }
    }

    /// A decoder that fails once it has seen the end was cut short, whatever it calls that.
    fn or_cut(&self, error: io::Error) -> io::Error {
        let ours = error.get_ref().is_some_and(|inner| inner.is::<Fault>());
        if self.ended && !ours { io::ErrorKind::UnexpectedEof.into() } else { error }
    }

    /// The next bytes without taking them: `count`, fewer at the end.
    async fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.chunk.len() < count {
            let piece = std::future::poll_fn(|cx| self.poll_piece(cx)).await?;
            if piece.is_empty() {
                break;
            }
            self.chunk = if self.chunk.is_empty() { piece } else { [&self.chunk[..], &piece].concat().into() };
        }
        Ok(self.chunk.get(..count).unwrap_or(&self.chunk))
    }
}

impl AsyncBufRead for Wire {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let wire = self.get_mut();
        if wire.chunk.is_empty() {
            wire.chunk = ready!(wire.poll_piece(cx))?;
        }
        Poll::Ready(Ok(&wire.chunk))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        let wire = self.get_mut();
        wire.chunk.advance(count.min(wire.chunk.len()));
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let available = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = available.len().min(buf.remaining());
        buf.put_slice(available.get(..count).unwrap_or_default());
        self.consume(count);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn coding(values: &[&'static str]) -> Result<Coding, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        Coding::of(&headers)
    }

    #[test]
    fn one_coding_is_read_and_labels_that_name_none_are_identity() {
        assert_eq!(coding(&[]), Ok(Coding::Identity));
        assert_eq!(coding(&["identity, "]), Ok(Coding::Identity));
        assert_eq!(coding(&["UTF-8"]), Ok(Coding::Identity));
        assert_eq!(coding(&["X-Gzip"]), Ok(Coding::Gzip));
        assert_eq!(coding(&["identity", "br"]), Ok(Coding::Brotli));
    }

    #[test]
    fn stacked_and_unknown_codings_are_refused() {
        assert!(coding(&["gzip, gzip"]).is_err());
        assert!(coding(&["gzip", "br"]).is_err());
        assert!(coding(&["compress"]).unwrap_err().contains("compress"));
    }

    #[test]
    fn zlib_is_told_from_raw_deflate() {
        assert!(is_zlib(&[0x78, 0x9c, 0]));
        assert!(is_zlib(&[0x78, 0x01]));
        assert!(!is_zlib(&[0x4b, 0x4c]));
        assert!(!is_zlib(&[0x78]));
    }
}
