//! Threads for calls that take longer than others may wait for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use callsign_engine::{Failure, InstanceSlot, Limits, RequestLength, RequestTime};
use cpu_time::ThreadTime;
use futures_channel::oneshot;

use super::LaneOptions;
use super::fair_queue::{FairQueue, Tenant};
use super::policy_time::{PolicyTime, Usage};

/// How many messages of an application a request has its time for.
const MESSAGES: usize = 1_000;

/// How many comparisons of shadows may wait for each application. More are dropped.
const SHADOWS: usize = 256;

/// The slow lane of a gateway. Its threads end when it is dropped.
pub(crate) struct SlowLane {
    shared: Arc<Shared>,
}

struct Shared {
    options: LaneOptions,
    length: RequestLength,
    state: Mutex<State>,
    work_came: Condvar,
    time: PolicyTime,
}

struct State {
    decisions: FairQueue<Work>,
    /// Taken only while no decision waits.
    shadows: FairQueue<Work>,
    threads: usize,
    running_shadows: usize,
    is_closed: bool,
}

struct Work {
    /// Where the thread that wants the result has its idle instances.
    slot: InstanceSlot,
    run: Run,
}

/// Does the work, and counts its time before whoever waits hears of it.
type Run = Box<dyn FnOnce(&PolicyTime) + Send>;

/// What the slow lane will give.
pub(crate) struct Reply<T>(oneshot::Receiver<T>);

impl<T> Reply<T> {
    /// Waits for it.
    pub(crate) async fn wait(self) -> Result<T, Failure> {
        self.0.await.map_err(|_| Failure::Host("the slow lane gave the work up".into()))
    }
}

impl SlowLane {
    pub(crate) fn new(mut options: LaneOptions) -> Self {
        // One thread is always left for decisions while shadows run.
        options.threads = options.threads.max(2);
        let state = State {
            decisions: FairQueue::new(),
            shadows: FairQueue::new(),
            threads: 0,
            running_shadows: 0,
            is_closed: false,
        };
        Self {
            shared: Arc::new(Shared {
                length: RequestLength::new(options.request),
                time: PolicyTime::new(options.milliseconds_per_second),
                options,
                state: Mutex::new(state),
                work_came: Condvar::new(),
            }),
        }
    }

    /// Whether asynchronous calls are tried on the caller's thread first.
    #[inline]
    pub(crate) fn tries_quick(&self) -> bool {
        self.shared.options.quick
    }

    /// The time of a request that begins now.
    #[inline]
    pub(crate) fn request_time(&self) -> RequestTime {
        RequestTime::begin(self.shared.length)
    }

    /// How long a request of this many messages may take.
    pub(crate) fn length_for(&self, messages: usize) -> RequestLength {
        self.shared.length.times(messages.div_ceil(MESSAGES).max(1))
    }

    /// How many messages of an application may wait.
    pub(crate) fn most_waiting(&self) -> usize {
        self.shared.options.waiting
    }

    /// Lets the slow lane work for a number of messages of an application.
    ///
    /// # Errors
    /// Too many messages of the application wait already.
    pub(crate) fn decide<T: Send + 'static>(
        &self,
        tenant: Tenant,
        messages: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Reply<T>, Failure> {
        let (sender, receiver) = oneshot::channel();
        let run = Box::new(move |time: &PolicyTime| {
            // Whoever asked may have gone.
            if !sender.is_canceled() {
                let done = timed(time, tenant, work);
                let _ = sender.send(done);
            }
        });
        let most = self.shared.options.waiting;
        self.push(|state, work| state.decisions.push(tenant, messages, work, most), run).map_err(|()| {
            self.shared.time.refuse(tenant);
            Failure::Waiting(most)
        })?;
        Ok(Reply(receiver))
    }

    /// Lets the slow lane work on a shadow, when no decision waits. False if too many wait already.
    pub(crate) fn shadow(&self, tenant: Tenant, work: impl FnOnce() + Send + 'static) -> bool {
        let run = Box::new(move |time: &PolicyTime| timed(time, tenant, work));
        self.push(|state, work| state.shadows.push(tenant, 1, work, SHADOWS), run).is_ok()
    }

    fn push(&self, push: impl FnOnce(&mut State, Work) -> Result<(), Work>, run: Run) -> Result<(), ()> {
        let mut state = self.shared.lock();
        push(&mut state, Work { slot: InstanceSlot::of_this_thread(), run }).map_err(drop)?;
        if state.threads < self.shared.options.threads && self.start_thread() {
            state.threads += 1;
        }
        drop(state);
        self.shared.work_came.notify_one();
        Ok(())
    }

    fn start_thread(&self) -> bool {
        let shared = Arc::clone(&self.shared);
        let started = thread::Builder::new().name("callsign-slow".into()).spawn(move || shared.run());
        if let Err(error) = &started {
            log::warn!("a thread of the slow lane does not start: {error}");
        }
        started.is_ok()
    }

    /// Fails if the policies of an application have taken their time.
    pub(crate) fn check_budget(&self, tenant: Tenant) -> Result<(), Failure> {
        self.shared.time.check(tenant)
    }

    /// Counts ticks of [`Limits::TICK`] that ended while a policy ran on a caller's thread. Whether the application has
    /// used up its budget.
    #[cold]
    pub(crate) fn sample(&self, tenant: Tenant, ticks: u64) -> bool {
        self.spend(tenant, Limits::TICK.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX)))
    }

    /// Counts time that a policy took on a caller's thread. Whether the application has used up its budget.
    #[cold]
    pub(crate) fn spend(&self, tenant: Tenant, time: Duration) -> bool {
        self.shared.time.spend(tenant, time, false);
        self.shared.time.is_over(tenant)
    }

    /// What the policies of an application took.
    pub(crate) fn usage(&self, tenant: Tenant) -> Usage {
        let waiting = self.shared.lock().decisions.waiting(tenant);
        Usage { waiting, ..self.shared.time.usage(tenant) }
    }
}

impl Drop for SlowLane {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_closed = true;
        let decisions = std::mem::replace(&mut state.decisions, FairQueue::new());
        let shadows = std::mem::replace(&mut state.shadows, FairQueue::new());
        drop(state);
        self.shared.work_came.notify_all();
        // Whoever waits hears of it, without the lock.
        drop((decisions, shadows));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a thread of the lane does.
    fn run(&self) {
        if let Err(error) = callsign_priority::lower(callsign_priority::BEHIND_ANSWERS) {
            log::debug!("the slow lane keeps the priority of its process: {error}");
        }
        // One application leaves half of the threads to others.
        let most = (self.options.threads / 2).max(1);
        let mut state = self.lock();
        while !state.is_closed {
            if let Some((tenant, work)) = state.decisions.take(most) {
                drop(state);
                self.work(work);
                state = self.lock();
                state.decisions.done(tenant);
            } else if state.running_shadows + 1 < self.options.threads
                && let Some((tenant, work)) = state.shadows.take(1)
            {
                state.running_shadows += 1;
                drop(state);
                self.work(work);
                state = self.lock();
                state.running_shadows -= 1;
                state.shadows.done(tenant);
            } else {
                state = self.work_came.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn work(&self, work: Work) {
        work.slot.adopt();
        // Whoever waits for the reply hears that there is none.
        if catch_unwind(AssertUnwindSafe(|| (work.run)(&self.time))).is_err() {
            log::error!("the host panicked in the slow lane");
        }
    }
}

/// Works, and counts the time on a core.
fn timed<T>(time: &PolicyTime, tenant: Tenant, work: impl FnOnce() -> T) -> T {
    let began = ThreadTime::now();
    let done = work();
    time.spend(tenant, began.elapsed(), true);
    done
}

/// How long a message may take on a core to count as quick: others may wait so long for the thread that decides it.
const QUICK: Duration = Duration::from_micros(200);

/// How long the decisions of some messages may take on a core to count as quick: 0.2 ms, and 1 ms more for a whole batch.
pub(crate) fn quick_time(messages: usize) -> Duration {
    QUICK + 2 * Limits::TICK * (messages - messages.min(1)) as u32 / Limits::BATCH as u32
}
