//! Whether this process was forked after the library was first used. The threads of the engine are not in the child, and locks may be
//! held there for ever, so nothing may be done in it.
//!
//! A handler of the system tells the child: a call would otherwise have to ask for the number of its process, a system call at each
//! decision. `posix_spawn` and `vfork` followed by `exec` run no handler, and none of this code.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::abi::Status;
use crate::failure::{Failure, Outcome};

static IS_CHILD: AtomicBool = AtomicBool::new(false);

extern "C" fn note_child() {
    IS_CHILD.store(true, Ordering::Relaxed);
}

/// Whether nothing may be done any more.
#[inline]
pub(crate) fn is_child() -> bool {
    IS_CHILD.load(Ordering::Relaxed)
}

/// Sees to it that children know that they are. Before the first handle is opened.
pub(crate) fn watch() -> Outcome<()> {
    static WATCHED: Once = Once::new();
    static FAILED: AtomicBool = AtomicBool::new(false);
    WATCHED.call_once(|| {
        // SAFETY: the handler stores one number, which is allowed in a child of a process with threads. The library is never
        // unloaded (`build.rs`), so the handler stays.
        let result = unsafe { libc::pthread_atfork(None, None, Some(note_child)) };
        FAILED.store(result != 0, Ordering::Relaxed);
    });
    match FAILED.load(Ordering::Relaxed) {
        false => Ok(()),
        true => Err(Failure::new(Status::Internal, "the system has no memory to note forks with")),
    }
}
