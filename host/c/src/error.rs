//! What the last call that failed says about it.

use std::os::raw::c_char;
use std::sync::{Mutex, PoisonError};

use crate::abi::{ErrorHandle, Fault, Status};
use crate::boundary::quiet_call;
use crate::decision::check_room;
use crate::failure::{Failure, Outcome, Place};
use crate::handles::{self, Error, Object};
use crate::limits::CALLSIGN_MAX_TEXT;
use crate::memory::Memory;

/// The last failure, if there was one.
#[derive(Default)]
pub(crate) struct LastError(Option<Box<Failure>>);

/// Keeps a failure for the caller.
pub(crate) fn keep(error: ErrorHandle, failure: Box<Failure>) -> Outcome<()> {
    handles::with::<Error, _>(error.id, |last| {
        last.lock().unwrap_or_else(PoisonError::into_inner).0 = Some(failure);
        Ok(())
    })
}

/// Reads the last failure.
fn last<T>(error: ErrorHandle, read: impl FnOnce(&Failure) -> Outcome<T>) -> Outcome<T> {
    handles::with::<Error, _>(error.id, |last| match &last.lock().unwrap_or_else(PoisonError::into_inner).0 {
        Some(failure) => read(failure),
        None => read(&Failure { status: Status::Ok, message: String::new(), faults: Vec::new() }),
    })
}

/// Opens an error, which any call can be given and which then keeps why the call failed. A call that succeeds leaves it as it was.
///
/// Any thread may call it. Give each thread an error of its own: of one that threads share, the last failure counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_error_open(error: *mut ErrorHandle) -> Status {
    // SAFETY: the pointers are those of the caller.
    quiet_call(unsafe { Memory::of_caller() }, |memory| {
        let error = memory.new_handle(error, ErrorHandle { id: 0 }, "error")?;
        error.set(ErrorHandle { id: handles::open::<Error>(Object::Error(Mutex::default()))? });
        Ok(())
    })
}

/// Closes an error.
///
/// Any thread may call it; calls under way on other threads end as they would.
#[unsafe(no_mangle)]
pub extern "C" fn callsign_error_close(error: ErrorHandle) -> Status {
    // SAFETY: no pointer is given.
    quiet_call(unsafe { Memory::of_caller() }, |_| handles::close::<Error>(error.id))
}

/// The status of the last failure: `CALLSIGN_STATUS_OK` if there was none. `length` is set to the bytes of its sentence, and
/// `faults` to the number of its faults; either may be null.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_error_status(
    error: ErrorHandle,
    status: *mut Status,
    length: *mut usize,
    faults: *mut usize,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    quiet_call(unsafe { Memory::of_caller() }, |memory| {
        let slot = memory.slot(status, "status")?;
        last(error, |failure| {
            slot.set(failure.status);
            if !length.is_null() {
                memory.slot(length, "length")?.set(failure.message.len());
            }
            if !faults.is_null() {
                memory.slot(faults, "faults")?.set(failure.faults.len());
            }
            Ok(())
        })
    })
}

/// Writes the sentence of the last failure, for people, into `buffer`, with a zero at its end. One that has not enough room is
/// cut, but never inside a character; `written`, which may be null, is set to its bytes without the zero.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_error_message(
    error: ErrorHandle,
    buffer: *mut c_char,
    capacity: usize,
    written: *mut usize,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    quiet_call(unsafe { Memory::of_caller() }, |memory| {
        let mut room = memory.room(buffer, capacity, "buffer")?;
        if room.capacity() == 0 {
            return Err(Failure::at(Status::Room, "capacity", "is 0; there must be room for the zero at the end"));
        }
        last(error, |failure| {
            let length = room.put(&failure.message, capacity - 1).length;
            room.put("\0", 1);
            if !written.is_null() {
                memory.slot(written, "written")?.set(length);
            }
            Ok(())
        })
    })
}

/// Fills in a fault of the last failure, by its index from 0. Its texts are written into `buffer`, which needs room for
/// `CALLSIGN_DECISION_TEXT` bytes; longer ones are cut.
///
/// A catalog can have up to 1,000 faults, in the order of the file. Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_error_fault(
    error: ErrorHandle,
    index: usize,
    fault: *mut Fault,
    buffer: *mut c_char,
    capacity: usize,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    quiet_call(unsafe { Memory::of_caller() }, |memory| {
        let slot = memory.sized_slot(fault, "fault")?;
        let mut room = memory.room(buffer, capacity, "buffer")?;
        check_room(&room, 1)?;
        last(error, |failure| {
            let Some(Place { line, column, path, message }) = failure.faults.get(index) else {
                let text = format!("is {index}, and there are {} faults", failure.faults.len());
                return Err(Failure::at(Status::Length, "index", text));
            };
            let path = room.put(path, CALLSIGN_MAX_TEXT);
            let message = room.put(message, usize::MAX);
            slot.set(Fault { size: size_of::<Fault>(), line: *line, column: *column, path, message });
            Ok(())
        })
    })
}
