//! Deciding.

use std::os::raw::c_char;

use crate::abi::{Decision, ErrorHandle, GatewayHandle, Message, Status};
use crate::boundary::call;
use crate::decision::{Place, check_room};
use crate::failure::{Failure, Outcome, Place as FaultPlace};
use crate::handles::{self, Gateway};
use crate::limits::CALLSIGN_MAX_BATCH;
use crate::memory::Memory;
use crate::message;

/// Decides from which sender a message goes out. The policy runs on this thread, up to its deadline.
///
/// `decision` is filled in; its texts are written into `buffer`, which needs room for `CALLSIGN_DECISION_TEXT` bytes for each
/// channel of the message. A refusal is a decision, and its status is `CALLSIGN_STATUS_OK`. Neither may overlap the message.
///
/// Any number of threads may call it at once, none waits for another one. It allocates nothing once the gateway is warm.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_resolve(
    gateway: GatewayHandle,
    message: *const Message,
    decision: *mut Decision,
    buffer: *mut c_char,
    capacity: usize,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let slot = memory.sized_slot(decision, "decision")?;
        let mut room = memory.room(buffer, capacity, "buffer")?;
        message::with(memory, message, |message| {
            let channels = message.channels.map_or(1, |channels| channels.as_slice().len());
            check_room(&room, channels)?;
            let place = Place::new(memory, slot, channels)?;
            handles::with::<Gateway, _>(gateway.id, |open| {
                let decided = open.gateway.resolve(message);
                place.write(decided.get(), message.channel, &mut room)
            })
        })
    })
}

/// Decides several messages, each as `callsign_resolve` would, on one catalog and one set of policies. It is faster than one by one, and
/// new pins are written together.
///
/// `messages` and `decisions` are arrays of `count` structs, at most `CALLSIGN_MAX_BATCH`. `buffer` needs room for
/// `CALLSIGN_DECISION_TEXT` bytes for each channel of each message: what is not written to takes no memory. If one message is
/// invalid nothing is decided, and the path of its fault begins with `messages[INDEX]`.
///
/// Any number of threads may call it at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_resolve_batch(
    gateway: GatewayHandle,
    messages: *const Message,
    decisions: *mut Decision,
    count: usize,
    buffer: *mut c_char,
    capacity: usize,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let given = memory.list(messages, count, CALLSIGN_MAX_BATCH, "messages")?;
        let mut room = memory.room(buffer, capacity, "buffer")?;
        let (mut pairs, mut read) = (Vec::new(), Vec::with_capacity(count));
        for (index, message) in given.iter().enumerate() {
            let at = |failure| of_batch(index, failure);
            let message = memory.sized(std::ptr::from_ref(message), "message").map_err(at)?;
            let attributes = message::add_attributes(memory, message, &mut pairs).map_err(at)?;
            read.push((message::read(memory, message).map_err(at)?, attributes));
        }
        let mut rest = &pairs[..];
        let mut checked = Vec::with_capacity(count);
        let (mut places, mut rooms) = (Vec::with_capacity(count), 0);
        for (index, (message, attributes)) in read.into_iter().enumerate() {
            let at = |failure| of_batch(index, failure);
            let own;
            (own, rest) = rest.split_at(attributes);
            checked.push(message.attributes(message::check(own).map_err(at)?));
            let channels = message.channels.map_or(1, |channels| channels.as_slice().len());
            rooms += channels;
            let slot = memory.element(decisions, index, "decisions").map_err(at)?;
            places.push(Place::new(memory, slot, channels).map_err(at)?);
        }
        check_room(&room, rooms)?;
        handles::with::<Gateway, _>(gateway.id, |open| -> Outcome<()> {
            let decided = open.gateway.resolve_batch(&checked);
            for ((decision, place), message) in decided.iter().zip(&places).zip(&checked) {
                place.write(decision, message.channel, &mut room)?;
            }
            Ok(())
        })
    })
}

/// A failure of a message of a batch.
#[cold]
fn of_batch(index: usize, mut failure: Box<Failure>) -> Box<Failure> {
    let place = |path: &str| format!("messages[{index}].{path}");
    failure.message = place(&failure.message);
    failure.faults.iter_mut().for_each(|fault: &mut FaultPlace| fault.path = place(&fault.path));
    failure
}
