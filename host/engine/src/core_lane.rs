//! The core lane: calling the program inside a component itself, which takes about half the instructions.
//!
//! **Why.** A component is a core program, an ordinary WebAssembly module, with its contract around it. wasmtime's way into
//! a component and out again serves all components that there can be, and costs more than a decision. The usual tool
//! (`wit-component`, as for Rust) makes components of one shape, and for these the host can do that work itself: a
//! request is nine numbers, an answer 24 bytes of the program's memory.
//!
//! **What is checked.** [`shape::CoreShape`] reads the bytes of a component and says whether it is *plain*: one program, and
//! nothing around it but what links its imports to the contract, in the version that this host has. The types of all
//! functions are those of the component, which [`crate::contract_check`] has checked, and wasmtime checks each against
//! the type that it is called with here. What the program passes and returns is checked in [`canonical`], as strictly as
//! wasmtime does it for components.
//!
//! **What if a component is not plain?** Nothing fails: it is called as a component ([`crate::callee`]), and so is every policy
//! whose instructions are counted. It takes longer, and decides the same, within the same limits and with the same words of
//! failures; `tests/hostile/core_lane.rs` compares both ways. `callsign policy inspect` says which lane a component takes,
//! [`Policy::takes_core_lane`](crate::Policy::takes_core_lane) which one a policy has taken. With
//! `CALLSIGN_CORE_LANE=off` in the environment all are called as components.
//!
//! **How it starts.** A component is compiled once. Before that its program is exported from it under a name of the host's
//! own ([`CoreShape::export_program`]). The first start of a policy starts the component, takes the compiled program from it
//! ([`Lane::of`]) and drops it. All instances that are called are of the program alone.
//!
//! The imports as core functions, and how each type lies in memory, are generated from `wit/policy.wit` (`build/core_abi.rs`).

mod canonical;
mod shape;

use std::env;
use std::sync::OnceLock;

use wasmtime::{InstancePre, Linker, Module, ModuleExport, Result, Store, TypedFunc, WasmParams, bail, format_err};

pub(crate) use self::canonical::Guest;
use self::canonical::{Lift, Load, Lower};
pub(crate) use self::shape::CoreShape;
use self::shape::{CoreExport, PROGRAM};
use crate::bindings::contract::types::{Answer, Request};
use crate::bindings::explain::Trace;
use crate::bindings::exports::callsign::policy::policy::Wording;
use crate::exports::{ANSWER_ALIGN, ANSWER_BYTES, REQUEST_ALIGN, REQUEST_BYTES, RequestIter};
use crate::exports::{parse_answer, parse_answers, write_requests};
use crate::instance::State;

/// The contract as core functions, made of `wit/policy.wit` by `build/core_abi.rs`.
#[allow(clippy::all, reason = "generated")]
mod abi {
    use wasmtime::Caller;

    use super::canonical::{self, FromFlat, Lift, Load, Lower, Plain, Store};
    use crate::bindings::contract::{
        attributes, log, messages, senders, settings, signals, sticky, strategies, times, types,
    };
    use crate::bindings::explain;
    use crate::bindings::exports::callsign::policy::policy;
    use crate::instance::State;

    include!(concat!(env!("OUT_DIR"), "/core_abi.rs"));
}

/// Whether plain components are called through the core lane, unless a policy says otherwise.
pub(crate) fn is_on() -> bool {
    static ON: OnceLock<bool> = OnceLock::new();
    *ON.get_or_init(|| env::var_os("CALLSIGN_CORE_LANE").is_none_or(|lane| lane != "off"))
}

/// The linker of an engine for programs of plain components.
pub(crate) fn linker(engine: &wasmtime::Engine) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    abi::link(&mut linker)?;
    Ok(linker)
}

/// The program of a plain component, ready to start.
pub(crate) struct Lane {
    program: InstancePre<State>,
    memory: ModuleExport,
    realloc: Option<ModuleExport>,
    exports: Exports<Option<ModuleExport>>,
}

/// Something for each export, and for what is called after it.
struct Exports<T> {
    check_settings: (T, T),
    resolve: (T, T),
    resolve_batch: (T, T),
    refusal_text: (T, T),
    explain: (T, T),
}

impl Lane {
    /// Takes the program from an instance of its component.
    ///
    /// # Errors
    /// It imports what this host does not serve as core functions: a later version of the contract.
    pub(crate) fn of(
        shape: &CoreShape,
        linker: &Linker<State>,
        component: wasmtime::component::Instance,
        store: &mut Store<State>,
    ) -> Result<Self> {
        let Some(program) = component.get_module(&mut *store, PROGRAM) else { bail!("the program is not exported") };
        let find = |name: &str| find(&program, name);
        let both = |export: &CoreExport| {
            let after = export.post_return.as_deref().map(find).transpose()?;
            Ok::<_, wasmtime::Error>((Some(find(&export.name)?), after))
        };
        Ok(Self {
            memory: find(&shape.memory)?,
            realloc: shape.realloc.as_deref().map(find).transpose()?,
            exports: Exports {
                check_settings: both(&shape.check_settings)?,
                resolve: both(&shape.resolve)?,
                resolve_batch: both(&shape.resolve_batch)?,
                refusal_text: both(&shape.refusal_text)?,
                explain: shape.explain.as_ref().map_or(Ok((None, None)), both)?,
            },
            program: linker.instantiate_pre(&program)?,
        })
    }

    /// Starts an instance. Nothing of it runs yet.
    pub(crate) fn start(&self, store: &mut Store<State>) -> Result<CoreInstance> {
        let instance = self.program.instantiate(&mut *store)?;
        let Some(memory) =
            instance.get_module_export(&mut *store, &self.memory).and_then(|export| export.into_memory())
        else {
            bail!("the memory is no memory")
        };
        let realloc = self.realloc.as_ref().map(|realloc| typed(store, instance, realloc)).transpose()?;
        store.data_mut().guest = Some(Guest { memory, realloc, may_leave: true });
        Ok(CoreInstance { instance, memory, resolve: None, resolve_batch: None })
    }
}

fn find(program: &Module, name: &str) -> Result<ModuleExport> {
    program.get_export_index(name).ok_or_else(|| format_err!("the program has no {name}"))
}

fn typed<P: WasmParams, R: wasmtime::WasmResults>(
    store: &mut Store<State>,
    instance: wasmtime::Instance,
    export: &ModuleExport,
) -> Result<TypedFunc<P, R>> {
    let function = instance.get_module_export(&mut *store, export).and_then(|export| export.into_func());
    function.ok_or_else(|| format_err!("an export is no function"))?.typed(&*store)
}

/// A started instance of a program.
pub(crate) struct CoreInstance {
    instance: wasmtime::Instance,
    memory: wasmtime::Memory,
    /// Found when they are first called.
    resolve: Option<Function<abi::ResolveRegisters>>,
    resolve_batch: Option<Function<abi::ResolveBatchRegisters>>,
}

/// An export, and what is called once its result was read.
struct Function<P> {
    call: TypedFunc<P, u32>,
    post_return: Option<TypedFunc<(u32,), ()>>,
}

impl<P: WasmParams> Function<P> {
    fn find(
        store: &mut Store<State>,
        instance: wasmtime::Instance,
        (call, after): &(Option<ModuleExport>, Option<ModuleExport>),
    ) -> Result<Self> {
        let Some(call) = call else { bail!("the export is not a function") };
        let call = typed(store, instance, call)?;
        let post_return = after.as_ref().map(|after| typed(store, instance, after)).transpose()?;
        Ok(Self { call, post_return })
    }

    /// Calls the function, and reads its result with `read` from the memory and the address that it returned.
    #[inline]
    fn call<T>(
        &self,
        store: &mut Store<State>,
        memory: wasmtime::Memory,
        registers: P,
        read: impl FnOnce(&mut Lift<'_>, u32) -> Result<T>,
    ) -> Result<T> {
        let at = self.call.call(&mut *store, registers)?;
        let limit = store.hostcall_fuel();
        let result = read(&mut Lift::new(memory.data(&*store), limit), at)?;
        if let Some(post_return) = &self.post_return {
            // What ends a call may not call imports.
            store.data_mut().guest()?.may_leave = false;
            post_return.call(&mut *store, (at,))?;
            store.data_mut().guest()?.may_leave = true;
        }
        Ok(result)
    }
}

impl CoreInstance {
    #[inline]
    pub(crate) fn resolve(&mut self, lane: &Lane, store: &mut Store<State>, request: &Request) -> Result<Answer> {
        if self.resolve.is_none() {
            self.resolve = Some(Function::find(store, self.instance, &lane.exports.resolve)?);
        }
        let Some(function) = &self.resolve else { bail!("the export is not a function") };
        function.call(store, self.memory, abi::request_registers(request), |from, at| {
            let at = canonical::place_of(from.memory(), at, ANSWER_BYTES, ANSWER_ALIGN)?;
            let Some(bytes) = from.memory()[at..].first_chunk() else { bail!("an answer is {ANSWER_BYTES} bytes") };
            parse_answer(bytes)
        })
    }

    #[inline]
    pub(crate) fn resolve_batch<'a>(
        &mut self,
        lane: &Lane,
        store: &mut Store<State>,
        requests: impl RequestIter<'a>,
    ) -> Result<Vec<Answer>> {
        if self.resolve_batch.is_none() {
            self.resolve_batch = Some(Function::find(store, self.instance, &lane.exports.resolve_batch)?);
        }
        let Some(function) = &self.resolve_batch else { bail!("the export is not a function") };
        let (size, count) = (requests.len() * REQUEST_BYTES, requests.len() as u32);
        let mut lower = Lower::new((&mut *store).into())?;
        let at = lower.allocate(REQUEST_ALIGN, size)?;
        write_requests(lower.bytes(at, size)?, requests);
        function.call(store, self.memory, (at as u32, count), |from, at| {
            let at = canonical::place_of(from.memory(), at, 8, 4)?;
            parse_answers(from.memory(), u32::load(from, at)?, u32::load(from, at + 4)?)
        })
    }

    pub(crate) fn refusal_text(
        &self,
        lane: &Lane,
        store: &mut Store<State>,
        code: u32,
        detail: u64,
    ) -> Result<Wording> {
        let function = Function::<abi::RefusalTextRegisters>::find(store, self.instance, &lane.exports.refusal_text)?;
        function.call(store, self.memory, (code, detail), |from, at| from.returned(at))
    }

    pub(crate) fn check_settings(
        &self,
        lane: &Lane,
        store: &mut Store<State>,
        json: &str,
    ) -> Result<Result<(), String>> {
        let exports = &lane.exports.check_settings;
        let function = Function::<abi::CheckSettingsRegisters>::find(store, self.instance, exports)?;
        let text = Lower::new((&mut *store).into())?.text(json)?;
        function.call(store, self.memory, text, |from, at| from.returned(at))
    }

    pub(crate) fn explain(&self, lane: &Lane, store: &mut Store<State>, request: &Request) -> Result<Trace> {
        let function = Function::<abi::ExplainRegisters>::find(store, self.instance, &lane.exports.explain)?;
        function.call(store, self.memory, abi::request_registers(request), |from, at| from.returned(at))
    }
}
