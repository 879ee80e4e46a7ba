//! Work on long lists, shared among threads.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    thread,
};

/// How many elements each thread has at least. For fewer, starting a thread is not worth it.
const MIN_ELEMENTS_PER_THREAD: usize = 4_096;

const THREAD_NAME: &str = "callsign-load";

/// The most threads: more of them wait for memory.
const MAX_THREADS: usize = 8;

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_THREADS)
}

/// Splits a list into parts, works on each on its own thread, and gives the results in order; nothing if any is nothing.
pub fn parts<'l, E: Sync, T: Send>(list: &'l [E], work: impl Fn(&'l [E]) -> Option<T> + Sync) -> Option<Vec<T>> {
    // Asking the system for its processors takes longer than a short list.
    let threads = match list.len() / MIN_ELEMENTS_PER_THREAD {
        0 | 1 => 1,
        most => processors().min(most),
    };
    let mut parts = list.chunks(list.len().div_ceil(threads).max(1));
    let first = parts.next().unwrap_or_default();
    thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> = parts
            .map(|part| {
                // If no thread can be started, this one does the work.
                let started = thread::Builder::new().name(THREAD_NAME.into()).spawn_scoped(scope, move || work(part));
                started.map_err(|_| part)
            })
            .collect();
        let mut done = vec![work(first)];
        for other in others {
            done.push(match other {
                Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(part) => work(part),
            });
        }
        done.into_iter().collect()
    })
}

/// Does two things, at the same time if there are many elements.
pub fn both<A, B: Send>(elements: usize, one: impl FnOnce() -> A, other: impl FnOnce() -> B + Send) -> (A, B) {
    if elements < MIN_ELEMENTS_PER_THREAD || processors() < 2 {
        return (one(), other());
    }
    // Taken by the thread, or by this one if no thread can be started.
    let waiting = Mutex::new(Some(other));
    let take = || waiting.lock().unwrap_or_else(PoisonError::into_inner).take().map(|other| other());
    let (one, done) = thread::scope(|scope| {
        let started = thread::Builder::new().name(THREAD_NAME.into()).spawn_scoped(scope, take);
        let one = one();
        (one, started.ok().and_then(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
    });
    match done.or_else(take) {
        Some(done) => (one, done),
        None => unreachable!("what waits is taken once"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_in_order() {
        for len in [0, 1, 5_000, 100_003] {
            let list: Vec<usize> = (0..len).collect();
            let parts = parts(&list, |part| Some(part.to_vec())).expect("all of them");
            assert_eq!(parts.concat(), list);
        }
        let list: Vec<usize> = (0..50_000).collect();
        assert_eq!(parts(&list, |part| (!part.contains(&40_000)).then_some(())), None);
    }

    #[test]
    fn both_are_done() {
        for elements in [0, 1_000_000] {
            assert_eq!(both(elements, || 1, || 2), (1, 2));
        }
    }
}
