//! The connection to the shared store: one for all, made and made again by one task, which also writes.
//!
//! It is up, or down. A question that fails or takes longer than [`limits::SHARED_PATIENCE`] puts it down; while it is down every
//! question is answered "nothing" at once and nothing is queued, so that a store that is slow or gone costs one wait, not one for
//! each reader. The task alone tries again, once in [`limits::SHARED_REST`], so that no reader pays for the trial. An error that
//! the store itself answers (full, loading, no permission) leaves the connection up.
//!
//! What went wrong is said once, and that it works again once; nothing that is said holds the address or what the store said: both may hold a
//! password.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, cmd};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::form;
use super::millis;
use crate::base::limits;
use crate::cache::{Fetched, Key};

/// What is done behind.
pub(super) enum Op {
    /// Stores a copy.
    Put { name: String, key: Key, copy: Arc<Fetched>, lasts: Duration },
    /// Runs commands whose answers nobody needs.
    Run(Vec<Cmd>),
    /// Gives a turn back, if it is still that one's.
    Release { turn: String, token: Key },
}

/// What is to be done, and how many bytes of bodies it holds.
type Waiting = (Op, usize);

/// The way to the store.
pub(super) struct Link {
    state: Arc<State>,
    ops: mpsc::Sender<Waiting>,
    /// What the task needs, until it is started.
    idle: Mutex<Option<Idle>>,
}

struct Idle {
    client: Client,
    ops: mpsc::Receiver<Waiting>,
}

struct State {
    line: watch::Sender<Line>,
    /// Bytes of bodies that wait.
    waiting: AtomicUsize,
    unanswered: Said,
    refused: Said,
}

#[derive(Clone)]
enum Line {
    /// Not tried yet: the first questions wait for it.
    New,
    Up(MultiplexedConnection),
    Down,
}

/// What the log was told of one sort of trouble.
#[derive(Default)]
struct Said {
    /// That it is there, and since not that it is over.
    failing: AtomicBool,
    /// When.
    last: Mutex<Option<Instant>>,
}

/// Why there is no answer.
enum Fault {
    Late,
    Failed(RedisError),
}

impl Link {
    pub(super) fn new(client: Client) -> Link {
        let (ops, queue) = mpsc::channel(limits::SHARED_QUEUE);
        let state = State {
            line: watch::Sender::new(Line::New),
            waiting: AtomicUsize::new(0),
            unanswered: Said::default(),
            refused: Said::default(),
        };
        Link { state: Arc::new(state), ops, idle: Mutex::new(Some(Idle { client, ops: queue })) }
    }

    /// Starts the task that connects and writes, when first called.
    fn start(&self) {
        if let Some(Idle { client, ops }) = lock(&self.idle).take() {
            tokio::spawn(run(client, Arc::clone(&self.state), ops));
        }
    }

    /// Does `op` behind, which holds `weight` bytes; lets it go where too much waits or the store does not answer.
    pub(super) fn send(&self, op: Op, weight: usize) {
        let state = &self.state;
        if matches!(*state.line.borrow(), Line::Down) {
            return;
        }
        let before = state.waiting.fetch_add(weight, Ordering::SeqCst);
        if before + weight > limits::SHARED_WAITING.max(weight) || self.ops.try_send((op, weight)).is_err() {
            state.waiting.fetch_sub(weight, Ordering::SeqCst);
            tracing::debug!("not shared: too much waits for the shared store (`cache.shared`)");
        }
    }

    /// What the store answers; `None` where it does not, in time.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Option<T> {
        self.start();
        let mut line = self.state.line.subscribe();
        let known = timeout(limits::SHARED_PATIENCE, line.wait_for(|line| !matches!(line, Line::New))).await;
        let line = known.ok()?.ok()?.clone();
        let Line::Up(connection) = line else { return None };
        self.state.query(connection, command).await
    }
}

impl State {
    async fn query<T: FromRedisValue>(&self, mut connection: MultiplexedConnection, command: &Cmd) -> Option<T> {
        let answer = timeout(limits::SHARED_PATIENCE, command.query_async(&mut connection)).await;
        match answer {
            Ok(Ok(answer)) => {
                self.unanswered.works();
                Some(answer)
            }
            Ok(Err(error)) => {
                match error.code() {
                    Some(_) => self.refused.fails(&Fault::Failed(error)),
                    None => self.fell(&Fault::Failed(error)),
                }
                None
            }
            Err(_) => {
                self.fell(&Fault::Late);
                None
            }
        }
    }

    async fn perform(&self, op: Op, connection: MultiplexedConnection) {
        match op {
            Op::Put { name, key, copy, lasts } => {
                let written = tokio::task::spawn_blocking(move || form::write(&copy, &key)).await;
                if let Ok(Some(value)) = written {
                    let put = cmd("SET").arg(name).arg(value).arg("PX").arg(millis(lasts)).take();
                    if let Some(redis::Value::Okay) = self.query(connection, &put).await {
                        self.refused.works();
                    }
                }
            }
            Op::Run(commands) => {
                for command in commands {
                    let done: Option<redis::Value> = self.query(connection.clone(), &command).await;
                    if done.is_none() {
                        return; // the rest would wait as long
                    }
                }
            }
            Op::Release { turn, token } => {
                let release = cmd("EVAL").arg(RELEASE).arg(1).arg(turn).arg(token.as_bytes()).take();
                let _: Option<redis::Value> = self.query(connection, &release).await;
            }
        }
    }
}

/// A turn may have run out and be another's by now.
const RELEASE: &str =
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";

/// Connects, writes what is to be written, and connects again, until nobody has the link any more.
async fn run(client: Client, state: Arc<State>, mut ops: mpsc::Receiver<Waiting>) {
    let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None); // ours are around them
    loop {
        let began = Instant::now();
        match timeout(limits::SHARED_PATIENCE, connect(&client, &config)).await {
            Ok(Ok(connection)) => {
                state.line.send_replace(Line::Up(connection));
            }
            Ok(Err(error)) => state.fell(&Fault::Failed(error)),
            Err(_) => state.fell(&Fault::Late),
        }
        if write(&state, &mut ops).await.is_break() {
            return;
        }
        // what waited when it fell is let go
        let again = began + limits::SHARED_REST;
        loop {
            tokio::select! {
                () = sleep_until(again) => break,
                op = ops.recv() => match op {
                    Some((_, weight)) => state.done(weight),
                    None => return,
                }
            }
        }
    }
}

async fn connect(client: &Client, config: &AsyncConnectionConfig) -> Result<MultiplexedConnection, RedisError> {
    let mut connection = client.get_multiplexed_async_connection_with_config(config).await?;
    let _: redis::Value = cmd("PING").query_async(&mut connection).await?;
    Ok(connection)
}

/// Writes while the line is up.
async fn write(state: &State, ops: &mut mpsc::Receiver<Waiting>) -> std::ops::ControlFlow<()> {
    let mut line = state.line.subscribe();
    loop {
        let up = match &*line.borrow_and_update() {
            Line::Up(connection) => connection.clone(),
            Line::New | Line::Down => return std::ops::ControlFlow::Continue(()),
        };
        tokio::select! {
            changed = line.changed() => if changed.is_err() { return std::ops::ControlFlow::Break(()) },
            op = ops.recv() => match op {
                Some((op, weight)) => {
                    state.perform(op, up).await;
                    state.done(weight);
                }
                None => return std::ops::ControlFlow::Break(()),
            }
        }
    }
}

impl State {
    fn fell(&self, fault: &Fault) {
        self.line.send_replace(Line::Down);
        self.unanswered.fails(fault);
    }

    fn done(&self, weight: usize) {
        self.waiting.fetch_sub(weight, Ordering::SeqCst);
    }
}

impl Said {
    fn fails(&self, fault: &Fault) {
        let reason = match fault {
            Fault::Late => "it takes too long".to_owned(),
            // a code is a word in capitals; whatever else a store says stays unsaid
            Fault::Failed(error) => match error.code() {
                Some(code) if code.bytes().all(|b| b.is_ascii_uppercase()) => format!("it answers {code}"),
                Some(_) => "it answers with an error".to_owned(),
                None if error.is_connection_refusal() => "the connection is refused".to_owned(),
                None if error.is_connection_dropped() => "the connection broke".to_owned(),
                None => error.category().to_owned(),
            },
        };
        let mut last = lock(&self.last);
        // one that comes and goes is not worth a line each time
        let lately = last.is_some_and(|last| last.elapsed() < limits::SHARED_SAY_AGAIN);
        if lately || self.failing.swap(true, Ordering::SeqCst) {
            tracing::debug!(reason, "the shared store (`cache.shared`) cannot be used");
            return;
        }
        *last = Some(Instant::now());
        tracing::warn!(
            reason,
            "the shared store (`cache.shared`) cannot be used; it is tried again, and refeed goes on without it"
        );
    }

    fn works(&self) {
        if self.failing.swap(false, Ordering::SeqCst) {
            tracing::info!("the shared store (`cache.shared`) is used again");
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
