//! `refeed cache` while a server runs: the store is the server's, so the server is asked, over a socket beside the store's file.
//!
//! One question and one answer per connection, as JSON, each on a line. The socket lies in a directory that is its owner's
//! alone; who can write there could change the store itself. Bounded: [`limits::CONTROL_LINE`], [`limits::CONTROL_TIME`],
//! one connection after the other.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream as Blocking;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{sleep, timeout};

use super::Router;
use crate::base::limits;
use crate::cache::disk::{Disk, Listed, Stats};
use crate::pipeline::Pipeline;

/// What is wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Question {
    /// How much is kept.
    Stats,
    /// Of which feeds.
    List,
    /// Forget this feed.
    Purge(String),
}

/// What comes of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// To [`Question::Stats`].
    Stats(Stats),
    /// To [`Question::List`].
    List(Vec<Listed>),
    /// To [`Question::Purge`]: so many records.
    Purged(usize),
    /// It could not be done.
    Failed(String),
}

/// Answers questions about the store behind `router` until the end of the process, from when it can be used; returns at once where
/// there is none.
pub async fn answer(router: Router) {
    let pipeline = router.pipeline();
    let Some(path) = pipeline.disk().directory().map(socket) else { return };
    opened(pipeline.disk(), limits::DISK_RETRY).await;
    let listener = match bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(socket = %path.display(), %error, "`refeed cache` will not work while this server runs");
            return;
        }
    };
    while let Ok((stream, _)) = listener.accept().await {
        // an asker that leaves or stalls is no matter
        let _ = timeout(limits::CONTROL_TIME, serve(stream, &router.pipeline())).await;
    }
}

/// Returns once the store can be used, tried `every` so long. Until then it is another refeed's, perhaps of one that is just ending,
/// or broken: `refeed cache` will say so itself.
async fn opened(disk: &Disk, every: Duration) {
    while disk.write(|_| Ok(())).await.is_err() {
        sleep(every).await;
    }
}

/// Asks the server that has the store in `directory`; nothing where none runs.
pub fn ask(directory: &Path, question: &Question) -> Option<io::Result<Answer>> {
    let stream = Blocking::connect(socket(directory)).ok()?;
    Some(converse(&stream, question))
}

fn converse(mut stream: &Blocking, question: &Question) -> io::Result<Answer> {
    stream.set_read_timeout(Some(limits::CONTROL_TIME))?;
    let mut line = serde_json::to_vec(question)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut said = String::new();
    BufReader::new(stream.take(limits::CONTROL_ANSWER)).read_line(&mut said)?;
    Ok(serde_json::from_str(&said)?)
}

async fn serve(stream: UnixStream, pipeline: &Pipeline) -> io::Result<()> {
    let mut stream = tokio::io::BufReader::new(stream);
    let mut line = String::new();
    (&mut stream).take(limits::CONTROL_LINE).read_line(&mut line).await?;
    let answer = match serde_json::from_str(&line) {
        Ok(question) => perform(question, pipeline).await,
        Err(error) => Answer::Failed(error.to_string()),
    };
    let mut said = serde_json::to_vec(&answer)?;
    said.push(b'\n');
    stream.write_all(&said).await
}

async fn perform(question: Question, pipeline: &Pipeline) -> Answer {
    let done = match question {
        Question::Stats => pipeline.disk().stats().await.map(Answer::Stats),
        Question::List => pipeline.disk().list().await.map(Answer::List),
        Question::Purge(name) => pipeline.purge(&name).await.map(Answer::Purged),
    };
    done.unwrap_or_else(|error| Answer::Failed(error.to_string()))
}

/// The last server's socket stays behind where it was killed; the store's lock says that it is gone.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => UnixListener::bind(path),
    }
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("refeed.socket")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Clock;

    #[tokio::test]
    async fn a_store_that_another_refeed_lets_go_is_used_then() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Disk::open(directory.path(), 64 * limits::MIB, Clock::system());
        let first = open();
        first.flush().await.unwrap();
        let second = open();
        assert!(second.write(|_| Ok(())).await.is_err());
        let waiting = tokio::spawn({
            let second = second.clone();
            async move { opened(&second, Duration::from_millis(1)).await }
        });
        drop(first);
        waiting.await.unwrap();
        second.write(|_| Ok(())).await.unwrap();
    }
}
