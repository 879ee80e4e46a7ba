//! The exports of a policy: looked up once per component, then called by index.
//!
//! Calls go through wasmtime's typed functions, with three types of our own: for the requests of a batch, an answer,
//! and the answers of a batch. wasmtime's own types look up the guest's memory for every field of every element of a
//! list, which takes longer than the decisions of the batch.

#![allow(
    unsafe_code,
    reason = "the canonical ABI of answers and of two lists, and calls of functions whose types were checked before"
)]

use std::mem::MaybeUninit;

use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext};
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, ComponentType, Instance, Lift, Lower, TypedFunc,
};
use wasmtime::{Error, Result, Store, ValRaw, bail, format_err};

use crate::bindings::contract::types::{Answer, Decision, Refusal, Request};
use crate::bindings::exports::callsign::policy::policy::Wording;
use crate::failure::Failure;
use crate::instance::State;
use crate::limits::Limits;

/// The interface that a policy exports. wasmtime finds it under later minor versions too.
const INTERFACE: &str = "callsign:policy/policy@1.0.0";

/// The indices of a component's exports.
#[derive(Debug)]
pub(super) struct Exports {
    check_settings: ComponentExportIndex,
    resolve: ComponentExportIndex,
    resolve_batch: ComponentExportIndex,
    refusal_text: ComponentExportIndex,
}

impl Exports {
    /// Looks up the exports. Their types must have been checked before, see [`crate::contract_check`].
    ///
    /// # Errors
    /// One of them is missing.
    pub(super) fn find(component: &Component) -> Result<Self> {
        let missing = |name: &str| format_err!("{INTERFACE} has no {name}");
        let interface = component.get_export_index(None, INTERFACE).ok_or_else(|| missing("instance"))?;
        let find = |name| component.get_export_index(Some(&interface), name).ok_or_else(|| missing(name));
        Ok(Self {
            check_settings: find("check-settings")?,
            resolve: find("resolve")?,
            resolve_batch: find("resolve-batch")?,
            refusal_text: find("refusal-text")?,
        })
    }

    #[inline]
    pub(super) fn resolve(&self, store: &mut Store<State>, instance: Instance, request: Request) -> Result<Answer> {
        let (SingleAnswer(answer),) = call(store, instance, &self.resolve, (request,))?;
        Ok(answer)
    }

    #[inline]
    pub(super) fn resolve_batch<'a>(
        &self,
        store: &mut Store<State>,
        instance: Instance,
        requests: impl RequestIter<'a>,
    ) -> Result<Vec<Answer>> {
        let (Answers(answers),) = call(store, instance, &self.resolve_batch, (Requests(requests),))?;
        Ok(answers)
    }

    pub(super) fn refusal_text(
        &self,
        store: &mut Store<State>,
        instance: Instance,
        code: u32,
        detail: u64,
    ) -> Result<Wording> {
        let (wording,) = call(store, instance, &self.refusal_text, (code, detail))?;
        Ok(wording)
    }

    pub(super) fn check_settings(
        &self,
        store: &mut Store<State>,
        instance: Instance,
        json: &str,
    ) -> Result<Result<(), String>> {
        let (settled,) = call(store, instance, &self.check_settings, (json,))?;
        Ok(settled)
    }
}

/// Calls an export, whose types were checked when the component was loaded.
#[inline]
fn call<Params: ComponentNamedList + Lower, Results: ComponentNamedList + Lift>(
    store: &mut Store<State>,
    instance: Instance,
    export: &ComponentExportIndex,
    params: Params,
) -> Result<Results> {
    let Some(function) = instance.get_func(&mut *store, export) else { bail!("the export is not a function") };
    // SAFETY: `contract_check::check` has checked the types of all four functions against these types, where
    // `Requests`, `SingleAnswer` and `Answers` have the component types of `[Request]`, `Answer` and `[Answer]`. A
    // `Policy`, which every instance is made from, exists only after that check.
    let function = unsafe { TypedFunc::<Params, Results>::new_unchecked(function) };
    function.call(store, params)
}

/// The requests of a batch: any iterator over references to them, so that they need not be copied into a list first.
pub trait RequestIter<'a>: ExactSizeIterator<Item = &'a Request> + Clone + Send + Sync {}

impl<'a, I: ExactSizeIterator<Item = &'a Request> + Clone + Send + Sync> RequestIter<'a> for I {}

/// The `list<request>` that `resolve-batch` takes.
struct Requests<I>(I);

/// The size of a request in the guest's memory by the canonical ABI, in bytes.
pub(super) const REQUEST_BYTES: usize = <Request as ComponentType>::SIZE32;
pub(super) const REQUEST_ALIGN: usize = <Request as ComponentType>::ALIGN32 as usize;
const _: () = assert!(REQUEST_BYTES == 48 && REQUEST_ALIGN == 8);

#[inline]
fn request_bytes(request: &Request) -> [u8; REQUEST_BYTES] {
    let mut bytes = [0; REQUEST_BYTES];
    bytes[0..4].copy_from_slice(&request.message.to_le_bytes());
    bytes[4..8].copy_from_slice(&request.scope.to_le_bytes());
    bytes[8..16].copy_from_slice(&request.revision.to_le_bytes());
    bytes[16..24].copy_from_slice(&request.recipient.to_le_bytes());
    bytes[24..32].copy_from_slice(&request.message_type.to_le_bytes());
    bytes[32..36].copy_from_slice(&request.marks.to_le_bytes());
    bytes[36..38].copy_from_slice(&request.country.to_le_bytes());
    bytes[38..40].copy_from_slice(&request.area_code.to_le_bytes());
    bytes[40] = request.channel;
    bytes
}

/// Writes requests one after the other.
#[inline]
pub(super) fn write_requests<'a>(memory: &mut [u8], requests: impl RequestIter<'a>) {
    for (bytes, request) in memory.as_chunks_mut().0.iter_mut().zip(requests) {
        *bytes = request_bytes(request);
    }
}

// SAFETY: the type, its flat form and its size are those of `[Request]`.
unsafe impl<'a, I: RequestIter<'a>> ComponentType for Requests<I> {
    type Lower = <[Request] as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = <[Request] as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        <[Request] as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: `dst` is written in full. It points to memory that the guest allocated; the slices below check that it is
// inside the guest's memory, and all of it is written.
unsafe impl<'a, I: RequestIter<'a>> Lower for Requests<I> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        _ty: InterfaceType,
        dst: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        let size = self.0.len() * REQUEST_BYTES;
        let at = cx.realloc(0, 0, <Request as ComponentType>::ALIGN32, size)?;
        let memory = cx.as_slice_mut().get_mut(at..).and_then(|memory| memory.get_mut(..size));
        let Some(memory) = memory else {
            bail!("cabi_realloc of the policy returned a pointer out of bounds of its memory")
        };
        write_requests(memory, self.0.clone());
        dst.write([ValRaw::i64(at as i64), ValRaw::i64(self.0.len() as i64)]);
        Ok(())
    }

    /// Called for lists inside other types. The contract has none.
    fn linear_lower_to_memory<T>(&self, cx: &mut LowerContext<'_, T>, ty: InterfaceType, offset: usize) -> Result<()> {
        let requests: Vec<Request> = self.0.clone().copied().collect();
        requests.linear_lower_to_memory(cx, ty, offset)
    }
}

/// The `answer` that `resolve` returns.
struct SingleAnswer(Answer);

/// The `list<answer>` that `resolve-batch` returns.
struct Answers(Vec<Answer>);

/// The size of an answer in the guest's memory by the canonical ABI, in bytes.
pub(super) const ANSWER_BYTES: usize = <Answer as ComponentType>::SIZE32;
pub(super) const ANSWER_ALIGN: usize = <Answer as ComponentType>::ALIGN32 as usize;
const _: () = assert!(ANSWER_BYTES == 24 && ANSWER_ALIGN == 8);

/// Reads an answer. Its words (the step, the reason) are any numbers: who checks the answer says which are known.
#[inline]
pub(super) fn parse_answer(bytes: &[u8; ANSWER_BYTES]) -> Result<Answer> {
    let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let unknown = |what: &str, value: u8| Err(format_err!("the answer has the unknown {what} {value}"));
    match bytes[0] {
        0 => {
            let strategy = match bytes[12] {
                0 => None,
                1 => Some(u32_at(16)),
                other => return unknown("option", other),
            };
            Ok(Answer::Decided(Decision { sender: u32_at(8), strategy, step: bytes[20], pin: bytes[21] != 0 }))
        }
        1 => {
            let detail = u64::from(u32_at(16)) | u64::from(u32_at(20)) << 32;
            Ok(Answer::Refused(Refusal { reason: bytes[8], code: u32_at(12), detail }))
        }
        other => unknown("case", other),
    }
}

// SAFETY: the type, its flat form and its size are those of `Answer`.
unsafe impl ComponentType for SingleAnswer {
    type Lower = <Answer as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = <Answer as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        <Answer as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: every value read is checked to be a valid case of its type.
unsafe impl Lift for SingleAnswer {
    /// Called for an answer in registers. The canonical ABI has too few for one, so this is never called.
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, src: &Self::Lower) -> Result<Self> {
        Answer::linear_lift_from_flat(cx, ty, src).map(Self)
    }

    #[inline]
    fn linear_lift_from_memory(_cx: &mut LiftContext<'_>, _ty: InterfaceType, bytes: &[u8]) -> Result<Self> {
        let Some(bytes) = bytes.first_chunk() else { bail!("an answer is {ANSWER_BYTES} bytes") };
        parse_answer(bytes).map(Self)
    }
}

// SAFETY: the type, its flat form and its size are those of `[Answer]`.
unsafe impl ComponentType for Answers {
    type Lower = <[Answer] as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = <[Answer] as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        <[Answer] as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: only bytes inside the guest's memory are read, and every value is checked to be a valid case of its type.
unsafe impl Lift for Answers {
    /// Called for a list in two registers. The canonical ABI returns lists in memory, so this is never called.
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, _ty: InterfaceType, src: &Self::Lower) -> Result<Self> {
        parse_answers(cx.memory(), src[0].get_u32(), src[1].get_u32()).map(Self)
    }

    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, _ty: InterfaceType, bytes: &[u8]) -> Result<Self> {
        let [a, b, c, d, e, f, g, h] = *bytes else { bail!("a list is a pointer and a length") };
        parse_answers(cx.memory(), u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])).map(Self)
    }
}

/// Reads a list of answers from the memory of a policy.
pub(super) fn parse_answers(memory: &[u8], at: u32, len: u32) -> Result<Vec<Answer>> {
    let (at, len) = (at as usize, len as usize);
    // No batch is larger. This bounds what is copied, so the limit on returned bytes need not be counted here.
    if len > Limits::BATCH {
        return Err(Error::new(Failure::Answers { answers: len, requests: Limits::BATCH }));
    }
    if !at.is_multiple_of(ANSWER_ALIGN) {
        bail!("list pointer is not aligned");
    }
    let Some(bytes) = memory.get(at..).and_then(|memory| memory.get(..len * ANSWER_BYTES)) else {
        bail!("list pointer/length out of bounds of memory")
    };
    let mut answers = Vec::with_capacity(len);
    for bytes in bytes.as_chunks::<ANSWER_BYTES>().0 {
        answers.push(parse_answer(bytes)?);
    }
    Ok(answers)
}

#[cfg(test)]
mod tests;
