//! Why a message gets its sender.

use crate::abi::{ErrorHandle, GatewayHandle, Message, OutputHandle, Status};
use crate::boundary::call;
use crate::handles::{self, Gateway};
use crate::memory::Memory;
use crate::{message, output};

/// Writes why a message gets its sender to an output, as JSON: the decision, and what each step of the resolution found. No pin is
/// written.
///
/// Any number of threads may call it at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_explain(
    gateway: GatewayHandle,
    message: *const Message,
    output: OutputHandle,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        output::check(output)?;
        message::with(memory, message, |message| {
            let explained = handles::with::<Gateway, _>(gateway.id, |open| Ok(open.gateway.explain(message)))?;
            output::put_json(output, &explained)
        })
    })
}
