//! Threads of lower priority, for requests that take longer than a short decision: batches, changes, uploads, lists. A
//! message that is decided by itself does not wait for a core behind them, whoever sent them.
//!
//! The lane is a runtime of its own, so everything that such a request does is done there: reading its body, planning and
//! writing a change, indexing, checking a component, and the process that compiles it, which inherits the priority.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinError, JoinHandle};

/// The lane.
pub(crate) struct BulkLane {
    handle: Handle,
    /// Until the lane has ended.
    runtime: Mutex<Option<Runtime>>,
}

/// Work that is given up when nobody waits for it any more.
struct Awaited<T>(JoinHandle<T>);

/// How many threads the lane has: as many as there are cores.
fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How many batches of a tenant are in the lane at a time: others always find half of the threads.
pub(crate) fn batches_at_a_time() -> usize {
    (threads() / 2).max(1)
}

impl BulkLane {
    /// # Errors
    /// The system has no threads.
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads())
            .thread_name("callsign-bulk")
            .on_thread_start(lower_priority)
            .enable_all()
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Mutex::new(Some(runtime)) })
    }

    /// Does work in the lane, and waits for it. It is given up where it awaits something if the caller goes away.
    ///
    /// # Errors
    /// The work panicked, or the lane has ended.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, JoinError> {
        let mut work = Awaited(self.handle.spawn(work));
        (&mut work.0).await
    }

    /// Does work in the lane that goes on until it is done, from any thread.
    pub(crate) fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.handle.spawn(work)
    }

    /// What enters its runtime.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Ends the lane. What it is writing at that moment has so long to be written.
    pub(crate) async fn end(&self, patience: Duration) {
        let Some(runtime) = self.lock().take() else { return };
        // This fails only if the process has no thread for it; the lane then ends with the process.
        let _ = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(patience)).await;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Runtime>> {
        self.runtime.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for BulkLane {
    fn drop(&mut self) {
        // A runtime must not wait for its threads where others wait for this one.
        if let Some(runtime) = self.lock().take() {
            runtime.shutdown_background();
        }
    }
}

impl<T> Drop for Awaited<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Lowers the priority of a new thread, and so that of the threads and processes that it starts.
fn lower_priority() {
    if let Err(error) = callsign_priority::lower(callsign_priority::BEHIND_ANSWERS) {
        tracing::debug!("the bulk lane keeps the priority of its process: {error}");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use std::sync::Arc;

    use tokio::sync::{Notify, oneshot};

    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn its_threads_and_what_they_start_have_a_lower_priority_and_the_others_do_not() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        let lane = BulkLane::start().unwrap();
        let of_worker = lane.run(async move { niceness() }).await.unwrap();
        let of_blocking = lane.run(async move { tokio::task::spawn_blocking(niceness).await.unwrap() }).await.unwrap();
        let started = lane.run(async move { thread::spawn(niceness).join().unwrap() }).await.unwrap();
        assert_eq!([of_worker, of_blocking, started], [callsign_priority::BEHIND_ANSWERS.max(before); 3]);
        assert_eq!(niceness(), before);
        lane.end(Duration::from_secs(10)).await;
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_given_up_and_what_is_spawned_goes_on() {
        let lane = BulkLane::start().unwrap();
        let (began, has_begun) = oneshot::channel();
        let (held, given_up) = oneshot::channel::<()>();
        let waiting = lane.run(async move {
            let _held = held;
            began.send(()).unwrap();
            std::future::pending::<()>().await;
        });
        tokio::select! {
            _ = waiting => unreachable!("it never ends"),
            begun = has_begun => begun.unwrap(),
        }
        assert!(given_up.await.is_err(), "what it held is dropped");
        let go_on = Arc::new(Notify::new());
        let (told, done) = oneshot::channel();
        let signal = Arc::clone(&go_on);
        drop(lane.spawn(async move {
            signal.notified().await;
            told.send(()).unwrap();
        }));
        go_on.notify_one();
        done.await.unwrap();
    }

    #[tokio::test]
    async fn a_lane_that_has_ended_takes_no_work() {
        let lane = BulkLane::start().unwrap();
        lane.end(Duration::from_secs(10)).await;
        lane.end(Duration::from_secs(10)).await;
        assert!(lane.run(async {}).await.unwrap_err().is_cancelled());
    }
}
