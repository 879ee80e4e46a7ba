//! What every function goes through: no panic gets out, nothing is done in a forked process, and a failure is told to the caller.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::abi::{ErrorHandle, Status};
use crate::error;
use crate::failure::{Failure, Outcome};
use crate::fork;
use crate::memory::Memory;

/// Does what a function is for. `memory` is that of its caller.
///
/// In a forked process the error is not told: somebody may hold its lock for ever.
#[inline]
pub(crate) fn call(error: ErrorHandle, memory: Memory, work: impl FnOnce(&Memory) -> Outcome<()>) -> Status {
    if fork::is_child() {
        return Status::Forked;
    }
    // What a panic leaves behind is behind locks, which ignore it, or is never seen again.
    match catch_unwind(AssertUnwindSafe(|| work(&memory))) {
        Ok(Ok(())) => Status::Ok,
        Ok(Err(failure)) => tell(error, failure),
        Err(panic) => tell(error, of_panic(panic)),
    }
}

/// The same for functions that give no error but their status.
pub(crate) fn quiet_call(memory: Memory, work: impl FnOnce(&Memory) -> Outcome<()>) -> Status {
    call(ErrorHandle { id: 0 }, memory, work)
}

#[cold]
fn tell(error: ErrorHandle, failure: Box<Failure>) -> Status {
    let status = failure.status;
    // Without an error that is open nobody wants to know more.
    let _ = catch_unwind(AssertUnwindSafe(|| error::keep(error, failure)));
    status
}

#[cold]
fn of_panic(panic: Box<dyn Any + Send>) -> Box<Failure> {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    // What drops it may panic again.
    std::mem::forget(panic);
    Failure::new(Status::Internal, format!("a fault of the library, please report it: {text}"))
}
