//! Answers in place: requests are read where the host wrote them, and each answer is written over requests that have been
//! answered. So a batch is one list in memory, which nobody copies. Not for direct use: [`policy!`](crate::policy!) exports
//! it.
//!
//! Except for the generated bindings, all unsafe code of the SDK is in this file.

use core::ptr;

use crate::instance::Exported;
use crate::types::{Answer, Decision, Refusal, Request};

/// An answer as the canonical ABI lays it out in memory, which is little-endian.
///
/// | bytes | `decided` | `refused` |
/// | --- | --- | --- |
/// | 0 | 0 | 1 |
/// | 8 to 11 | the sender | 8: the reason |
/// | 12 to 15 | 12: whether there is a strategy | the code |
/// | 16 to 23 | 16 to 19: the strategy, 20: the step, 21: the pin | the detail |
///
/// It has no padding of its own, so what is written over a request is still one for Rust: any bytes are.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    case: u32,
    unused: u32,
    first: u32,
    second: u32,
    rest: u64,
}

// The sizes of the canonical ABI. An answer must end before the next request begins, wherever it is in the list.
const _: () = assert!(size_of::<Request>() == 48 && align_of::<Request>() == 8);
const _: () = assert!(size_of::<Slot>() == 24 && align_of::<Slot>() == 8);

impl From<Answer> for Slot {
    #[inline(always)]
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Decided(Decision { sender, strategy, step, pin }) => {
                let rest = u64::from(strategy.unwrap_or(0)) | u64::from(step) << 32 | u64::from(pin) << 40;
                Self { case: 0, unused: 0, first: sender, second: u32::from(strategy.is_some()), rest }
            }
            Answer::Refused(Refusal { reason, code, detail }) => {
                Self { case: 1, unused: 0, first: u32::from(reason), second: code, rest: detail }
            }
        }
    }
}

/// Answers each request in its order. The answers take the place of the requests, from the start of their memory on.
#[inline(always)]
pub fn answer_in_place(requests: &mut [Request], mut answer: impl FnMut(&Request) -> Answer) -> &[Slot] {
    let len = requests.len();
    let requests = requests.as_mut_ptr();
    let slots = requests.cast::<Slot>();
    for index in 0..len {
        // SAFETY: the request is one of the slice, which nobody else has. The answers so far end at byte 24 * index, and
        // the request begins at byte 48 * index.
        let slot = Slot::from(answer(unsafe { &*requests.add(index) }));
        // SAFETY: a slot is half of a request and as aligned, so it is inside the slice; it ends at byte 24 * index + 24,
        // and the next request begins at byte 48 * index + 48. The reference to this request is not used any more.
        unsafe { slots.add(index).write(slot) };
    }
    // SAFETY: all of them were written, and the slice is borrowed as long as they are.
    unsafe { core::slice::from_raw_parts(slots, len) }
}

/// A list of answers as the canonical ABI returns it.
#[repr(C)]
#[derive(Debug)]
pub struct List {
    at: *mut Slot,
    len: usize,
}

impl Default for List {
    fn default() -> Self {
        Self { at: ptr::dangling_mut(), len: 0 }
    }
}

/// What the macro of the generated bindings takes as them: they are, but for the two exports that answer.
pub mod exports {
    /// The namespace of the contract.
    pub mod callsign {
        /// The package of the contract.
        #[allow(clippy::module_inception, reason = "the names of the generated bindings")]
        pub mod policy {
            pub use crate::bindings::exports::callsign::policy::explain;

            /// The interface `policy`.
            pub mod policy {
                pub use crate::bindings::exports::callsign::policy::policy::*;
                pub use crate::in_place::{
                    __post_return_resolve_batch, _export_resolve_batch_cabi, _export_resolve_cabi,
                };
            }
        }
    }
}

/// The export `resolve`.
///
/// # Safety
/// The arguments are those of a request by the canonical ABI.
#[expect(clippy::too_many_arguments, reason = "the canonical ABI")]
pub unsafe fn _export_resolve_cabi<T: Exported>(
    message: i32,
    scope: i32,
    revision: i64,
    recipient: i64,
    message_type: i64,
    marks: i32,
    country: i32,
    area_code: i32,
    channel: i32,
) -> *mut u8 {
    let request = Request {
        message: message as u32,
        scope: scope as u32,
        revision: revision as u64,
        recipient: recipient as u64,
        message_type: message_type as u64,
        marks: marks as u32,
        country: country as u16,
        area_code: area_code as u16,
        channel: channel as u8,
    };
    T::with(|instance| ptr::from_ref(instance.resolve(request)).cast_mut().cast())
}

/// The export `resolve-batch`.
///
/// # Safety
/// `at` is what `cabi_realloc` gave for `len` requests, which are there.
pub unsafe fn _export_resolve_batch_cabi<T: Exported>(at: *mut u8, len: usize) -> *mut u8 {
    let requests = match len {
        0 => &mut [],
        // SAFETY: they are there, and nobody else has them until the host calls the function below.
        _ => unsafe { core::slice::from_raw_parts_mut(at.cast::<Request>(), len) },
    };
    T::with(|instance| {
        instance.resolve_batch(requests);
        // The host's own pointer, which stands for all of the memory.
        instance.answers = List { at: at.cast(), len };
        (&raw mut instance.answers).cast()
    })
}

/// What the host calls once it has read the answers of `resolve-batch`.
///
/// # Safety
/// `list` is what [`_export_resolve_batch_cabi`] returned for the last batch.
pub unsafe fn __post_return_resolve_batch<T: Exported>(list: *mut u8) {
    // SAFETY: it points to the list in the instance.
    let List { at, len } = unsafe { list.cast::<List>().read() };
    if len > 0 {
        // SAFETY: the answers begin where the requests began, in the memory that was allocated for as many requests.
        drop(unsafe { Vec::from_raw_parts(at.cast::<Request>(), len, len) });
    }
}

#[cfg(test)]
mod tests;
