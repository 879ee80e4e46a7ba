//! Policies.

use std::num::NonZeroUsize;
use std::os::raw::c_char;
use std::sync::Arc;

use callsign::{Isolation, Limits, Policy, PolicyError};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::abi::{ErrorHandle, OutputHandle, PolicyHandle, Status, Text};
use crate::boundary::call;
use crate::failure::{Failure, Outcome};
use crate::handles::{self, Object};
use crate::limits::CALLSIGN_MAX_PATH;
use crate::memory::{Memory, Slot};
use crate::{options, output};

/// How a policy runs.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct PolicyOptions {
    settings: Option<Box<RawValue>>,
    /// How many calls an instance is used for; 1 for a fresh one each time.
    calls: Option<u64>,
    limits: LimitsJson,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct LimitsJson {
    deadline_milliseconds: Option<u64>,
    memory: Option<u64>,
    idle_memory: Option<u64>,
    table_elements: Option<u64>,
    fuel: Option<u64>,
    imports: Option<u32>,
    returned: Option<u64>,
    component: Option<u64>,
    compile_milliseconds: Option<u64>,
}

impl LimitsJson {
    fn to_limits(&self) -> Outcome<Limits> {
        let mut limits = Limits::default();
        let size = |given: Option<u64>, default: usize, name: &str| match given {
            None => Ok(default),
            Some(value) => {
                options::within(value, 1, 1 << 40, &format!("options.limits.{name}")).map(|size| size as usize)
            }
        };
        limits.memory = size(self.memory, limits.memory, "memory")?;
        limits.idle_memory = size(self.idle_memory, limits.idle_memory, "idleMemory")?;
        limits.table_elements = size(self.table_elements, limits.table_elements, "tableElements")?;
        limits.returned = size(self.returned, limits.returned, "returned")?;
        limits.component = size(self.component, limits.component, "component")?;
        limits.fuel = self.fuel;
        limits.imports = self.imports.unwrap_or(limits.imports);
        if let Some(time) = self.deadline_milliseconds {
            limits.deadline = options::milliseconds(time, "options.limits.deadlineMilliseconds")?;
        }
        if let Some(time) = self.compile_milliseconds {
            limits.compile = options::milliseconds(time, "options.limits.compileMilliseconds")?;
        }
        Ok(limits)
    }
}

/// Opens a policy with its options.
fn open(
    memory: &Memory,
    options: Text,
    handle: Slot<'_, PolicyHandle>,
    make: impl FnOnce(Limits) -> Result<Policy, PolicyError>,
) -> Outcome<()> {
    let options: PolicyOptions = options::read(memory, options, "options")?;
    let refused = |error: PolicyError| Failure::of(Status::Policy, &error);
    let mut policy = make(options.limits.to_limits()?).map_err(refused)?;
    if let Some(calls) = options.calls {
        let calls = options::within(calls, 1, 1 << 40, "options.calls")? as usize;
        policy = policy.with_isolation(match NonZeroUsize::new(calls) {
            Some(calls) if calls.get() > 1 => Isolation::Warm(calls),
            _ => Isolation::Fresh,
        });
    }
    if let Some(settings) = &options.settings {
        policy = policy.with_settings(settings.get()).map_err(refused)?;
    }
    handle.set(PolicyHandle { id: handles::open::<handles::Policy>(Object::Policy(Arc::new(policy)))? });
    Ok(())
}

/// Makes a policy of a component in memory.
///
/// `options` is JSON, and may be left out: `{"settings": ..., "calls": N, "limits": {...}}`. `settings` is any JSON, which the policy
/// checks. `calls` is for how many calls an instance is used, 10,000,000 by default; 1 gives each call a fresh one. `limits` has
/// `deadlineMilliseconds` (200), `memory` (bytes, 128 MiB), `idleMemory` (1 GiB), `tableElements` (20,000), `fuel` (instructions for each
/// message, no limit), `imports` (2,000 for each message), `returned` (bytes, 16 MiB), `component` (bytes, 32 MiB) and
/// `compileMilliseconds` (60,000).
///
/// Any thread may call it. The component is compiled on the calling thread, which takes a tenth of a second or more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_policy_open_bytes(
    component: *const c_char,
    length: usize,
    options: Text,
    policy: *mut PolicyHandle,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let policy = memory.new_handle(policy, PolicyHandle { id: 0 }, "policy")?;
        let bytes = memory.bytes(Text { data: component, length }, isize::MAX as usize, "component")?;
        let bytes = bytes.ok_or_else(|| Failure::at(Status::Pointer, "component", "is null"))?;
        open(memory, options, policy, |limits| Policy::from_bytes_within(bytes, limits))
    })
}

/// Makes a policy of a component in a file. `options` are those of `callsign_policy_open_bytes`.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_policy_open_file(
    path: Text,
    options: Text,
    policy: *mut PolicyHandle,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let policy = memory.new_handle(policy, PolicyHandle { id: 0 }, "policy")?;
        let path = std::path::Path::new(memory.needed(path, CALLSIGN_MAX_PATH, "path")?);
        open(memory, options, policy, |limits| {
            let bytes = std::fs::read(path).map_err(|source| PolicyError::Read { path: path.to_owned(), source })?;
            Policy::from_bytes_within(&bytes, limits)
        })
    })
}

/// Makes the standard policy, which follows the specification. `options` are those of `callsign_policy_open_bytes`.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_policy_open_standard(
    options: Text,
    policy: *mut PolicyHandle,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let policy = memory.new_handle(policy, PolicyHandle { id: 0 }, "policy")?;
        open(memory, options, policy, |limits| Policy::from_bytes_within(callsign::standard_component(), limits))
    })
}

/// Writes the label of a policy, `name@version`, to an output.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub extern "C" fn callsign_policy_label(policy: PolicyHandle, output: OutputHandle, error: ErrorHandle) -> Status {
    // SAFETY: no pointer is given.
    call(error, unsafe { Memory::of_caller() }, |_| {
        let label = handles::with::<handles::Policy, _>(policy.id, |policy| Ok(policy.label().to_owned()))?;
        output::put(output, label)
    })
}

/// Closes a policy. Gateways that it is bound in go on with it.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub extern "C" fn callsign_policy_close(policy: PolicyHandle, error: ErrorHandle) -> Status {
    // SAFETY: no pointer is given.
    call(error, unsafe { Memory::of_caller() }, |_| handles::close::<handles::Policy>(policy.id))
}
