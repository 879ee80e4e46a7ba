//! Makes several threads do something one after another, in the order of the chunks.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A value that the worker of chunk 0 uses first, then the worker of chunk 1, and so on.
pub(super) struct Sequencer<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    /// The chunk whose turn it is.
    next: u64,
    /// A worker ended early, so no other chunk gets its turn.
    stopped: bool,
    value: T,
}

/// The sequencer was stopped before the turn of the chunk came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stopped;

impl<T> Sequencer<T> {
    pub(super) fn new(value: T) -> Self {
        Self { state: Mutex::new(State { next: 0, stopped: false, value }), changed: Condvar::new() }
    }

    /// Waits for the turn of a chunk, uses the value, and passes the turn on.
    ///
    /// # Errors
    /// [`Sequencer::stop`] was called.
    pub(super) fn run<R>(&self, chunk: u64, with: impl FnOnce(&mut T) -> R) -> Result<R, Stopped> {
        let mut state = self.lock();
        while state.next != chunk && !state.stopped {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopped {
            return Err(Stopped);
        }
        let result = with(&mut state.value);
        state.next += 1;
        drop(state);
        self.changed.notify_all();
        Ok(result)
    }

    /// Makes all waiting threads give up, now and later.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// A poisoned lock is safe to use: a worker that panics does not pass its turn on, and `stop` follows, so the value
    /// is never used again.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn turns_come_in_order() {
        let sequencer = Sequencer::new(Vec::new());
        std::thread::scope(|scope| {
            for worker in 0..8 {
                let sequencer = &sequencer;
                scope.spawn(move || {
                    for chunk in (0..80).rev().filter(|chunk| chunk % 8 == 7 - worker).rev() {
                        sequencer.run(chunk, |seen| seen.push(chunk)).expect("nobody stops");
                    }
                });
            }
        });
        let seen = sequencer.run(80, std::mem::take).expect("nobody stops");
        assert_eq!(seen, (0..80).collect::<Vec<u64>>());
    }

    #[test]
    fn a_panic_in_a_turn_and_a_stop_end_the_waiting() {
        let sequencer = Sequencer::new(());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| sequencer.run(1, |()| ()));
            let panicked = catch_unwind(AssertUnwindSafe(|| sequencer.run(0, |()| panic!("meant"))));
            assert!(panicked.is_err());
            sequencer.stop();
            assert_eq!(waiting.join().expect("no panic"), Err(Stopped));
        });
    }
}
