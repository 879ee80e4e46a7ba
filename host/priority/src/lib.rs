//! Threads that leave their core to others, and those that they leave it to: what somebody waits for does not wait for a core.
//!
//! A low priority alone is not enough. Since version 6.6 Linux lets a thread that has begun to run keep its core for a slice,
//! 3 ms as a rule, whatever wakes up meanwhile: an answer of 0.2 ms then takes ten times as long. Since 6.12 a thread can have a
//! slice of its own (`sched_runtime` of `sched_setattr`, see `sched(7)`), and one that wakes up takes the core at once from a thread
//! whose slice is longer than its own. So answers have the shortest slices ([`hasten`]), and what takes long has slices that are
//! longer, but not long ([`lower`]): for threads of other programs too. Before 6.12 the kernel ignores all of it, and a thread on other
//! systems keeps the priority that it has.
//!
//! No crate that is kept up sets the slice, so the call is made here by hand.
#![cfg_attr(not(target_os = "linux"), forbid(unsafe_code))]

use std::io;

/// The niceness of work that somebody waits for, but not in milliseconds: it runs a forty-fifth as much as another thread
/// that wants the same core. At 10 that is a tenth, and one quick decision in a hundred meets it.
pub const BEHIND_ANSWERS: i32 = 17;

/// The niceness of work that nobody waits for, the largest: a seventieth.
pub const LAST: i32 = 19;

/// Lets this thread, and the threads that it will start, have their core as soon as they wake up, before those that were
/// [lowered](lower): slices as short as Linux allows, 0.1 ms. Its priority stays, and a thread with another policy than the usual
/// one keeps that.
///
/// # Errors
/// The system refuses it. The thread goes on as it was.
#[cfg(target_os = "linux")]
pub fn hasten() -> io::Result<()> {
    if linux::has_usual_policy() {
        linux::set_slices(rustix::process::getpriority_process(None)?, linux::SHORTEST)?;
    }
    Ok(())
}

/// Elsewhere threads have no slices of their own, and this does nothing.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn hasten() -> io::Result<()> {
    Ok(())
}

/// Lowers the priority of this thread, and of the threads and processes that it will start, to a niceness of 0 to
/// [`LAST`], and makes its slices short, 0.2 ms. A thread that is nicer already keeps its niceness. There is no way back for a thread
/// without privileges.
///
/// # Errors
/// The system refuses it. The thread goes on as it was, or with the priority alone.
#[cfg(target_os = "linux")]
pub fn lower(niceness: i32) -> io::Result<()> {
    let niceness = rustix::process::getpriority_process(None)?.max(niceness.min(LAST));
    rustix::process::setpriority_process(None, niceness)?;
    linux::set_slices(niceness, linux::SHORT)
}

/// Elsewhere threads have no priorities of their own, and this does nothing.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn lower(_: i32) -> io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "neither the standard library nor rustix has sched_setattr")]
mod linux {
    use std::io;

    use libc::sched_attr;

    /// The shortest slice that Linux takes, in nanoseconds.
    pub(crate) const SHORTEST: u64 = 100_000;

    /// A slice that is longer than the shortest, and short for who waits for its end.
    pub(crate) const SHORT: u64 = 200_000;

    const SIZE: u32 = size_of::<sched_attr>() as u32;

    /// Sets the slice of this thread, which has this niceness and the usual policy.
    pub(crate) fn set_slices(nice: i32, slice: u64) -> io::Result<()> {
        let attributes = sched_attr { sched_nice: nice, sched_runtime: slice, ..no_attributes() };
        // SAFETY: the kernel reads as many bytes as `size` says, which is how long the structure is.
        let set = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
        if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Whether this thread has the policy that threads have unless somebody gives them another one.
    pub(crate) fn has_usual_policy() -> bool {
        // SAFETY: it takes the number of a thread, of which 0 is this one, and touches no memory of ours.
        unsafe { libc::sched_getscheduler(0) == libc::SCHED_OTHER }
    }

    /// Those of the usual policy, of no niceness and with the slices that the kernel gives.
    fn no_attributes() -> sched_attr {
        sched_attr {
            size: SIZE,
            sched_policy: libc::SCHED_OTHER as u32,
            sched_flags: 0,
            sched_nice: 0,
            sched_priority: 0,
            sched_runtime: 0,
            sched_deadline: 0,
            sched_period: 0,
        }
    }

    /// The slice of this thread; 0 where the kernel has none of a thread's own.
    #[cfg(test)]
    pub(crate) fn slice() -> io::Result<u64> {
        let mut attributes = no_attributes();
        // SAFETY: the kernel writes at most `SIZE` bytes, which is how long the structure is.
        let got = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, SIZE, 0) };
        if got == 0 { Ok(attributes.sched_runtime) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, unsafe_code, reason = "a test, which gives a thread another policy")]
mod tests {
    use std::thread;

    use super::*;

    fn niceness() -> i32 {
        rustix::process::getpriority_process(None).unwrap()
    }

    /// The niceness of a new thread that is lowered, to one after the other, and of one that it starts. Where the system
    /// refuses short slices, priorities are lowered all the same.
    fn niceness_after(lowered: &'static [i32]) -> [i32; 2] {
        let thread = thread::spawn(move || {
            lowered.iter().for_each(|&niceness| drop(lower(niceness)));
            [niceness(), thread::spawn(niceness).join().unwrap()]
        });
        thread.join().unwrap()
    }

    #[test]
    fn a_thread_and_those_that_it_starts_have_the_lower_priority_and_others_keep_theirs() {
        let before = niceness();
        assert_eq!(niceness_after(&[BEHIND_ANSWERS]), [BEHIND_ANSWERS.max(before); 2]);
        assert_eq!(niceness(), before);
    }

    #[test]
    fn a_thread_that_is_nicer_stays_so_and_no_thread_is_nicer_than_the_last() {
        assert_eq!(niceness_after(&[LAST, BEHIND_ANSWERS]), [LAST; 2]);
        assert_eq!(niceness_after(&[100]), [LAST; 2]);
    }

    #[test]
    fn a_thread_that_was_hastened_keeps_its_priority_and_the_threads_that_it_starts_have_it_too() {
        let before = niceness();
        let hastened = thread::spawn(|| (hasten().is_ok(), niceness(), thread::spawn(niceness).join().unwrap()));
        let (_, own, started) = hastened.join().unwrap();
        assert_eq!([own, started], [before; 2]);
    }

    #[test]
    fn slices_are_short_where_linux_has_those_of_a_thread_and_shortest_after_hastening() {
        let lowered: fn() -> io::Result<()> = || lower(BEHIND_ANSWERS);
        for (set, wanted) in [(lowered, linux::SHORT), (hasten, linux::SHORTEST)] {
            let slices = thread::spawn(move || {
                set()?;
                Ok([linux::slice()?, thread::spawn(linux::slice).join().unwrap()?])
            });
            let slices: io::Result<[u64; 2]> = slices.join().unwrap();
            let is_refused =
                |error: &io::Error| matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM | libc::EACCES));
            match slices {
                Ok(slices) => assert!([[0; 2], [wanted; 2]].contains(&slices), "{slices:?}"),
                Err(error) => assert!(is_refused(&error), "{error}"),
            }
        }
    }

    #[test]
    fn a_thread_with_another_policy_keeps_it_when_it_is_hastened() {
        let policy = thread::spawn(|| {
            let batch = libc::sched_param { sched_priority: 0 };
            // SAFETY: it reads the parameters, which are there until it returns.
            assert_eq!(unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const batch) }, 0);
            hasten().unwrap();
            // SAFETY: as above, it touches no memory.
            unsafe { libc::sched_getscheduler(0) }
        });
        assert_eq!(policy.join().unwrap(), libc::SCHED_BATCH);
    }
}
