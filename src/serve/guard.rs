//! A socket that gives up on readers who do not read: hyper has no such timeout.
//!
//! While a write cannot go on, two clocks run: one from the last byte taken (`stall`), one from the first time that this
//! answer had to wait (`total`). A write that goes through at once costs nothing. Reads are hyper's own timer's.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// `S`, with a limit on how long its peer may take to read.
#[derive(Debug)]
pub struct Guarded<S> {
    inner: S,
    stall: Duration,
    total: Duration,
    /// When this answer first had to wait.
    since: Option<Instant>,
    /// Running while `waiting`.
    alarm: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl<S> Guarded<S> {
    /// Guards `inner`.
    pub fn new(inner: S, stall: Duration, total: Duration) -> Guarded<S> {
        Guarded { inner, stall, total, since: None, alarm: None, waiting: false }
    }

    fn written(&mut self, outcome: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if outcome.is_ready() {
            self.waiting = false;
            return outcome;
        }
        if !self.waiting {
            let now = Instant::now();
            let since = *self.since.get_or_insert(now);
            let limit = (now + self.stall).min(since + self.total);
            match &mut self.alarm {
                Some(alarm) => alarm.as_mut().reset(limit),
                None => self.alarm = Some(Box::pin(sleep_until(limit))),
            }
            self.waiting = true;
        }
        if let Some(alarm) = &mut self.alarm {
            ready!(alarm.as_mut().poll(cx));
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the reader takes too long")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.written(outcome, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.written(outcome, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    /// hyper flushes when all it had to write is written: the answer has been taken.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        self.since = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_cut() {
        let (ours, _theirs) = duplex(16);
        let mut guarded = Guarded::new(ours, SHORT, limits::WRITE_TOTAL);
        let error = guarded.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_reader_that_takes_a_little_at_a_time_is_cut_in_the_end() {
        let (ours, mut theirs) = duplex(1);
        let mut guarded = Guarded::new(ours, limits::WRITE_STALL, SHORT);
        let trickle = tokio::spawn(async move {
            let mut byte = [0];
            while theirs.read(&mut byte).await.is_ok_and(|read| read > 0) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        let error = guarded.write_all(&[0; 64 * 1024]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(guarded);
        trickle.await.unwrap();
    }

    #[tokio::test]
    async fn answers_taken_in_time_do_not_add_up() {
        let (ours, mut theirs) = duplex(16);
        let mut guarded = Guarded::new(ours, limits::WRITE_STALL, limits::WRITE_TOTAL);
        let reader = tokio::spawn(async move {
            let mut taken = Vec::new();
            theirs.read_to_end(&mut taken).await.map(|_| taken.len())
        });
        for _ in 0..8 {
            guarded.write_all(&[0; 64]).await.unwrap();
            guarded.flush().await.unwrap();
            assert!(guarded.since.is_none());
        }
        drop(guarded);
        assert_eq!(reader.await.unwrap().unwrap(), 512);
    }
}
