//! Where parsing, rules and compression run: on blocking threads, as many at once as there are processors.
//!
//! So that they never delay the sockets, and a flood of them is refused instead of queued without end. A panic in a job
//! is that job's failure. Dropping the caller does not stop a job that runs; it keeps its processor until it ends.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::base::limits;

/// Why a job has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkError {
    /// Too many wait already.
    Busy,
    /// The job panicked: a bug.
    Panicked,
}

/// The pool. Clones share it.
#[derive(Clone, Debug)]
pub struct Workers {
    processors: Arc<Semaphore>,
    /// One place per job that runs or waits.
    places: Arc<Semaphore>,
}

impl Workers {
    /// One job per processor at once, `queue` waiting.
    pub fn new(processors: usize, queue: usize) -> Workers {
        let processors = processors.max(1);
        let places = Arc::new(Semaphore::new(processors + queue));
        Workers { processors: Arc::new(Semaphore::new(processors)), places }
    }

    /// As many as the machine has, with the queue of `base::limits`.
    pub fn of_this_machine() -> Workers {
        Workers::new(std::thread::available_parallelism().map_or(1, usize::from), limits::MAX_QUEUED_WORK)
    }

    /// The result of `job`.
    pub async fn run<T, J>(&self, job: J) -> Result<T, WorkError>
    where
        T: Send + 'static,
        J: FnOnce() -> T + Send + 'static,
    {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| WorkError::Busy)?;
        let processor = Arc::clone(&self.processors).acquire_owned().await.map_err(|_| WorkError::Busy)?;
        let held = (place, processor);
        let job = move || {
            let _held = held;
            job()
        };
        tokio::task::spawn_blocking(job).await.map_err(|_| WorkError::Panicked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn a_panic_is_one_failed_job() {
        let workers = Workers::new(1, 0);
        assert_eq!(workers.run(|| panic!("as the test wants")).await, Err::<(), _>(WorkError::Panicked));
        assert_eq!(workers.run(|| 1).await, Ok(1));
    }

    #[tokio::test]
    async fn a_full_queue_refuses() {
        let workers = Arc::new(Workers::new(1, 0));
        let (go, gate) = mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let pool = Arc::clone(&workers);
        let first = tokio::spawn(async move {
            pool.run(move || {
                let _ = started.send(());
                gate.recv()
            })
            .await
        });
        running.await.unwrap();
        assert_eq!(workers.run(|| 2).await, Err(WorkError::Busy));
        go.send(()).unwrap();
        first.await.unwrap().unwrap().unwrap();
        assert_eq!(workers.run(|| 3).await, Ok(3));
    }
}
