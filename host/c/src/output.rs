//! Texts of any length that the library writes and the caller reads.

use std::os::raw::c_char;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::abi::{ErrorHandle, OutputHandle, Status};
use crate::boundary::call;
use crate::failure::{Failure, Outcome};
use crate::handles::{self, Object, Output};
use crate::memory::Memory;

/// Puts a text in the place of what an output has.
pub(crate) fn put(output: OutputHandle, text: String) -> Outcome<()> {
    handles::with::<Output, _>(output.id, |output| {
        *output.lock().unwrap_or_else(PoisonError::into_inner) = text;
        Ok(())
    })
}

/// The same with a value as JSON.
pub(crate) fn put_json(output: OutputHandle, value: &impl Serialize) -> Outcome<()> {
    let text = serde_json::to_string(value);
    put(output, text.map_err(|error| Failure::new(Status::Internal, format!("it cannot be written: {error}")))?)
}

/// Looks whether an output is open, before something is done for it.
pub(crate) fn check(output: OutputHandle) -> Outcome<()> {
    handles::with::<Output, _>(output.id, |_| Ok(()))
}

/// Opens an output, which is empty until a call writes to it.
///
/// Any thread may call it. Give each thread an output of its own: of one that threads share, the last text counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_output_open(output: *mut OutputHandle, error: ErrorHandle) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let output = memory.new_handle(output, OutputHandle { id: 0 }, "output")?;
        output.set(OutputHandle { id: handles::open::<Output>(Object::Output(Mutex::default()))? });
        Ok(())
    })
}

/// Closes an output.
///
/// Any thread may call it; calls under way on other threads end as they would.
#[unsafe(no_mangle)]
pub extern "C" fn callsign_output_close(output: OutputHandle, error: ErrorHandle) -> Status {
    // SAFETY: no pointer is given.
    call(error, unsafe { Memory::of_caller() }, |_| handles::close::<Output>(output.id))
}

/// Sets `length` to the bytes that an output has.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_output_length(
    output: OutputHandle,
    length: *mut usize,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let length = memory.slot(length, "length")?;
        handles::with::<Output, _>(output.id, |output| {
            length.set(output.lock().unwrap_or_else(PoisonError::into_inner).len());
            Ok(())
        })
    })
}

/// Writes what an output has into `buffer`, without a zero at its end. There must be room for all of it.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_output_read(
    output: OutputHandle,
    buffer: *mut c_char,
    capacity: usize,
    written: *mut usize,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let mut room = memory.room(buffer, capacity, "buffer")?;
        let written = memory.slot(written, "written")?;
        handles::with::<Output, _>(output.id, |output| {
            let text = output.lock().unwrap_or_else(PoisonError::into_inner);
            if text.len() > capacity {
                let says = format!("is {capacity} bytes, and the output has {}", text.len());
                return Err(Failure::at(Status::Room, "capacity", says));
            }
            written.set(room.put(&text, usize::MAX).length);
            Ok(())
        })
    })
}
