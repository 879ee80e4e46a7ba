//! Threads that leave their core to others: what takes long, so that what somebody waits for does not wait for a core.
//!
//! A low priority alone is not enough. Since version 6.6 Linux lets a thread that has begun to run keep its core for a slice,
//! 3 ms as a rule, whatever wakes up meanwhile: an answer of 0.2 ms then takes ten times as long. Since 6.12 a thread can have a
//! slice of its own (`sched_runtime` of `sched_setattr`, see `sched(7)`); before that the kernel ignores it, and a thread on
//! other systems keeps the priority that it has.
//!
//! No crate that is kept up sets the slice, so the call is made here by hand.
#![cfg_attr(not(target_os = "linux"), forbid(unsafe_code))]

use std::io;

/// The niceness of work that somebody waits for, but not in milliseconds: it runs a thirtieth as much as another thread
/// that wants the same core. At 10 that is a tenth, and one quick decision in a hundred meets it.
pub const BEHIND_ANSWERS: i32 = 15;

/// The niceness of work that nobody waits for, the largest: a seventieth.
pub const LAST: i32 = 19;

/// Lowers the priority of this thread, and of the threads and processes that it will start, to a niceness of 0 to
/// [`LAST`], and makes its slices as short as Linux allows, 0.1 ms. A thread that is nicer already keeps its niceness. There is no
/// way back for a thread without privileges.
///
/// # Errors
/// The system refuses it. The thread goes on as it was, or with the priority alone.
#[cfg(target_os = "linux")]
pub fn lower(niceness: i32) -> io::Result<()> {
    let niceness = rustix::process::getpriority_process(None)?.max(niceness.min(LAST));
    rustix::process::setpriority_process(None, niceness)?;
    linux::shorten_slices(niceness)
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

    /// The shortest slice that Linux takes, in nanoseconds.
    pub(crate) const SLICE: u64 = 100_000;

    /// `struct sched_attr` of `linux/sched/types.h` in its first form, which every kernel takes.
    #[repr(C)]
    #[derive(Default)]
    pub(crate) struct Attributes {
        size: u32,
        policy: u32,
        flags: u64,
        pub(crate) nice: i32,
        priority: u32,
        pub(crate) runtime: u64,
        deadline: u64,
        period: u64,
    }

    const SIZE: u32 = size_of::<Attributes>() as u32;

    /// Sets the slice of this thread, which has this niceness and the usual policy.
    pub(crate) fn shorten_slices(nice: i32) -> io::Result<()> {
        let policy = libc::SCHED_OTHER as u32;
        let attributes = Attributes { size: SIZE, policy, nice, runtime: SLICE, ..Attributes::default() };
        // SAFETY: the kernel reads as many bytes as `size` says, which is how long the structure is.
        let set = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
        if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    #[cfg(test)]
    pub(crate) fn attributes() -> io::Result<Attributes> {
        let mut attributes = Attributes::default();
        // SAFETY: the kernel writes at most `SIZE` bytes, which is how long the structure is.
        let got = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, SIZE, 0) };
        if got == 0 { Ok(attributes) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use std::thread;

    use super::*;

    /// The niceness of a new thread that does this first, and of one that it starts.
    fn niceness_after(lower: impl FnOnce() + Send + 'static) -> [i32; 2] {
        let niceness = || linux::attributes().unwrap().nice;
        thread::spawn(move || {
            lower();
            [niceness(), thread::spawn(niceness).join().unwrap()]
        })
        .join()
        .unwrap()
    }

    #[test]
    fn a_thread_and_those_that_it_starts_have_the_lower_priority_and_others_keep_theirs() {
        let before = linux::attributes().unwrap().nice;
        assert_eq!(niceness_after(|| lower(BEHIND_ANSWERS).unwrap()), [BEHIND_ANSWERS.max(before); 2]);
        assert_eq!(linux::attributes().unwrap().nice, before);
    }

    #[test]
    fn a_thread_that_is_nicer_stays_so_and_no_thread_is_nicer_than_the_last() {
        let twice = || [LAST, BEHIND_ANSWERS].into_iter().for_each(|niceness| lower(niceness).unwrap());
        assert_eq!(niceness_after(twice), [LAST; 2]);
        assert_eq!(niceness_after(|| lower(100).unwrap()), [LAST; 2]);
    }

    /// A kernel before 6.12 says 0, or what it was told for a policy that has deadlines.
    #[test]
    fn where_linux_has_slices_of_a_thread_they_are_short() {
        let slice = thread::spawn(|| {
            lower(BEHIND_ANSWERS).unwrap();
            linux::attributes().unwrap().runtime
        });
        assert!([0, linux::SLICE].contains(&slice.join().unwrap()));
    }
}
