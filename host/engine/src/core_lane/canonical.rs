//! The canonical ABI of the contract, as far as it has pointers or cases: how values are read from what a policy passes,
//! and written where it takes them. What the contract's own types are made of is generated from `wit/policy.wit`.
//!
//! Every check and its words are those of wasmtime's components, so that a policy fails alike on both ways.

use std::mem;
use std::slice;

use wasmtime::{AsContextMut, Caller, Memory, Result, StoreContextMut, Trap, TypedFunc, bail, format_err};

use crate::instance::State;

/// The realloc of a policy: the old pointer and size, the alignment and the new size.
pub(super) type Realloc = TypedFunc<(u32, u32, u32, u32), u32>;

/// What the imports of an instance need of it.
pub(crate) struct Guest {
    pub(super) memory: Memory,
    /// None while it runs.
    pub(super) realloc: Option<Realloc>,
    /// Whether the policy may call imports: not while memory is allocated or given back.
    pub(super) may_leave: bool,
}

impl State {
    /// The instance that calls, or is called.
    ///
    /// # Errors
    /// It has not started: a module that has a start function is not called this way.
    #[inline]
    pub(super) fn guest(&mut self) -> Result<&mut Guest> {
        self.guest.as_mut().ok_or_else(|| format_err!("the instance has not started"))
    }
}

/// An offset made a multiple of an alignment.
const fn aligned(offset: usize, align: usize) -> usize {
    offset.next_multiple_of(align)
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

// Reading.

/// What a policy passes: its memory, and how many bytes of texts and lists it may still pass in this call.
pub(super) struct Lift<'a> {
    memory: &'a [u8],
    left: usize,
}

impl<'a> Lift<'a> {
    pub(super) fn new(memory: &'a [u8], limit: usize) -> Self {
        Self { memory, left: limit }
    }

    /// For numbers alone.
    pub(super) fn numbers() -> Self {
        Self::new(&[], 0)
    }

    pub(super) fn memory(&self) -> &'a [u8] {
        self.memory
    }

    /// Counts so many bytes. Past the limit the error is wasmtime's own, so that `Failure::from_wasmtime` makes the same of
    /// both: a refusal of memory comes first there.
    fn take(&mut self, elements: usize, size: usize) -> Result<()> {
        let left = elements.checked_mul(size).and_then(|bytes| self.left.checked_sub(bytes));
        self.left = left.ok_or_else(|| format_err!("fuel allocated for hostcalls has been exhausted"))?;
        Ok(())
    }

    #[inline]
    fn bytes<const N: usize>(&self, at: usize) -> Result<[u8; N]> {
        let bytes = self.memory.get(at..).and_then(|memory| memory.first_chunk());
        bytes.copied().ok_or_else(|| format_err!("pointer out of bounds of memory"))
    }

    /// The case of an option, a result or a variant.
    pub(super) fn case(&self, at: usize) -> Result<u8> {
        self.bytes::<1>(at).map(|[case]| case)
    }

    /// A result that a function returned the address of.
    pub(super) fn returned<T: Load>(&mut self, at: u32) -> Result<T> {
        T::load(self, place_of(self.memory, at, T::SIZE, T::ALIGN)?)
    }

    fn text(&mut self, at: usize, len: usize) -> Result<String> {
        let end = at.checked_add(len).filter(|&end| end <= self.memory.len());
        let Some(end) = end else { bail!("string pointer/length out of bounds of memory") };
        self.take(len, 1)?;
        Ok(str::from_utf8(&self.memory[at..end])?.to_owned())
    }

    fn pointer_and_length(&self, at: usize) -> Result<(usize, usize)> {
        let [a, b, c, d, e, f, g, h] = self.bytes(at)?;
        Ok((u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([e, f, g, h]) as usize))
    }
}

/// Checks the address that a function returned of so many bytes.
#[inline]
pub(super) fn place_of(memory: &[u8], at: u32, size: usize, align: usize) -> Result<usize> {
    let at = at as usize;
    if !at.is_multiple_of(align) {
        bail!("return pointer not aligned");
    }
    if memory.get(at..).and_then(|memory| memory.get(..size)).is_none() {
        bail!("pointer out of bounds of memory");
    }
    Ok(at)
}

/// A parameter of an import, in registers.
pub(super) trait FromFlat: Sized {
    /// How many registers it takes.
    const REGISTERS: usize;
    fn lift(from: &mut Lift<'_>, registers: &mut slice::Iter<'_, u64>) -> Result<Self>;
}

/// The next register. There are as many as the signature says.
#[inline]
fn next(registers: &mut slice::Iter<'_, u64>) -> u64 {
    registers.next().copied().unwrap_or_default()
}

/// The case of an enum, an option or a variant in registers.
#[inline]
pub(super) fn next_case(registers: &mut slice::Iter<'_, u64>) -> u32 {
    next(registers) as u32
}

/// A value in memory.
pub(super) trait Load: Sized {
    const SIZE: usize;
    const ALIGN: usize;
    /// Reads the value at an address that is in memory and aligned.
    fn load(from: &mut Lift<'_>, at: usize) -> Result<Self>;
}

// Writing.

/// A value without pointers in memory.
pub(super) trait Plain {
    const SIZE: usize;
    const ALIGN: usize;
    /// Writes it to its bytes. What is between its fields stays as it is.
    fn write(&self, bytes: &mut [u8]);
}

/// A value with pointers in memory, which the policy allocates.
pub(super) trait Store {
    const SIZE: usize;
    const ALIGN: usize;
    /// Writes it to an address that is in memory and aligned.
    fn store(&self, to: &mut Lower<'_>, at: usize) -> Result<()>;
}

/// Where values are written: the memory of an instance.
pub(super) struct Lower<'a> {
    store: StoreContextMut<'a, State>,
    memory: Memory,
}

impl<'a> Lower<'a> {
    pub(super) fn new(mut store: StoreContextMut<'a, State>) -> Result<Self> {
        let memory = store.data_mut().guest()?.memory;
        Ok(Self { store, memory })
    }

    /// Lets the policy allocate so many bytes, without calling imports meanwhile.
    pub(super) fn allocate(&mut self, align: usize, size: usize) -> Result<usize> {
        let (align32, size32) = (u32::try_from(align)?, u32::try_from(size)?);
        let guest = self.store.data_mut().guest()?;
        let Some(realloc) = guest.realloc.take() else { bail!("the policy has no cabi_realloc") };
        let may_leave = mem::replace(&mut guest.may_leave, false);
        let allocated = realloc.call(&mut self.store, (0, 0, align32, size32));
        let guest = self.store.data_mut().guest()?;
        guest.may_leave = may_leave;
        guest.realloc = Some(realloc);
        let at = allocated?;
        if !at.is_multiple_of(align32) {
            bail!("realloc return: result not aligned");
        }
        let at = at as usize;
        if self.memory.data(&self.store).get(at..).and_then(|memory| memory.get(..size)).is_none() {
            bail!("realloc return: beyond end of memory");
        }
        Ok(at)
    }

    /// Bytes of memory.
    pub(super) fn bytes(&mut self, at: usize, size: usize) -> Result<&mut [u8]> {
        let memory = self.memory.data_mut(&mut self.store).get_mut(at..).and_then(|memory| memory.get_mut(..size));
        memory.ok_or_else(|| format_err!("pointer out of bounds of memory"))
    }

    pub(super) fn text(&mut self, text: &str) -> Result<(u32, u32)> {
        let at = self.allocate(1, text.len())?;
        self.bytes(at, text.len())?.copy_from_slice(text.as_bytes());
        Ok((at as u32, text.len() as u32))
    }

    fn put<T: Plain>(&mut self, at: usize, value: &T) -> Result<()> {
        value.write(self.bytes(at, T::SIZE)?);
        Ok(())
    }

    fn put_pointer(&mut self, at: usize, (pointer, length): (u32, u32)) -> Result<()> {
        self.put(at, &pointer)?;
        self.put(at + 4, &length)
    }
}

/// Begins an import.
///
/// # Errors
/// The policy may not call any now.
#[inline]
pub(super) fn enter(caller: &mut Caller<'_, State>) -> Result<()> {
    if caller.data_mut().guest()?.may_leave { Ok(()) } else { Err(Trap::CannotLeaveComponent.into()) }
}

/// What a policy passes to an import that takes texts.
pub(super) fn passed<'a>(caller: &'a mut Caller<'_, State>) -> Result<Lift<'a>> {
    let memory = caller.data_mut().guest()?.memory;
    let limit = caller.as_context_mut().hostcall_fuel();
    Ok(Lift::new(memory.data(&*caller), limit))
}

/// Checks the address that a policy wants a result at.
fn result_place(lower: &Lower<'_>, at: u32, size: usize, align: usize) -> Result<usize> {
    let at = at as usize;
    if !at.is_multiple_of(align) {
        bail!("pointer not aligned");
    }
    let Some(end) = at.checked_add(size) else { bail!("pointer size overflow") };
    if end > lower.memory.data_size(&lower.store) {
        bail!("pointer out of bounds");
    }
    Ok(at)
}

/// Ends an import whose result has no pointers.
#[inline]
pub(super) fn give_plain<T: Plain>(caller: &mut Caller<'_, State>, at: u32, value: &T) -> Result<()> {
    let mut lower = Lower::new(caller.as_context_mut())?;
    let at = result_place(&lower, at, T::SIZE, T::ALIGN)?;
    lower.put(at, value)
}

/// Ends an import whose result has pointers.
pub(super) fn give<T: Store>(caller: &mut Caller<'_, State>, at: u32, value: &T) -> Result<()> {
    let mut lower = Lower::new(caller.as_context_mut())?;
    let at = result_place(&lower, at, T::SIZE, T::ALIGN)?;
    value.store(&mut lower, at)
}

// The types that every contract has.

macro_rules! numbers {
    ($($number:ident)*) => {$(
        impl Load for $number {
            const SIZE: usize = size_of::<Self>();
            const ALIGN: usize = size_of::<Self>();
            #[inline]
            fn load(from: &mut Lift<'_>, at: usize) -> Result<Self> {
                from.bytes(at).map(Self::from_le_bytes)
            }
        }

        impl Plain for $number {
            const SIZE: usize = size_of::<Self>();
            const ALIGN: usize = size_of::<Self>();
            #[inline]
            fn write(&self, bytes: &mut [u8]) {
                bytes[..size_of::<Self>()].copy_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}
numbers! { u8 u16 u32 u64 i16 f64 }

macro_rules! registers {
    ($($number:ident)*) => {$(
        impl FromFlat for $number {
            const REGISTERS: usize = 1;
            #[inline]
            fn lift(_: &mut Lift<'_>, registers: &mut slice::Iter<'_, u64>) -> Result<Self> {
                Ok(next(registers) as Self)
            }
        }
    )*};
}
registers! { u8 u16 u32 u64 }

impl FromFlat for bool {
    const REGISTERS: usize = 1;
    #[inline]
    fn lift(_: &mut Lift<'_>, registers: &mut slice::Iter<'_, u64>) -> Result<Self> {
        Ok(next_case(registers) != 0)
    }
}

impl Load for bool {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;
    fn load(from: &mut Lift<'_>, at: usize) -> Result<Self> {
        Ok(from.case(at)? != 0)
    }
}

impl Plain for bool {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;
    #[inline]
    fn write(&self, bytes: &mut [u8]) {
        bytes[0] = u8::from(*self);
    }
}

impl FromFlat for String {
    const REGISTERS: usize = 2;
    fn lift(from: &mut Lift<'_>, registers: &mut slice::Iter<'_, u64>) -> Result<Self> {
        let (at, len) = (next_case(registers), next_case(registers));
        from.text(at as usize, len as usize)
    }
}

impl Load for String {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;
    fn load(from: &mut Lift<'_>, at: usize) -> Result<Self> {
        let (at, len) = from.pointer_and_length(at)?;
        from.text(at, len)
    }
}

impl Store for String {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;
    fn store(&self, to: &mut Lower<'_>, at: usize) -> Result<()> {
        let text = to.text(self)?;
        to.put_pointer(at, text)
    }
}

impl<T: Load> Load for Vec<T> {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;
    fn load(from: &mut Lift<'_>, at: usize) -> Result<Self> {
        let (at, len) = from.pointer_and_length(at)?;
        let end = len.checked_mul(T::SIZE).and_then(|size| at.checked_add(size));
        if end.is_none_or(|end| end > from.memory.len()) {
            bail!("list pointer/length out of bounds of memory");
        }
        // This bounds what is allocated here.
        from.take(len, size_of::<T>())?;
        if !at.is_multiple_of(T::ALIGN) {
            bail!("list pointer is not aligned");
        }
        let mut list = Self::with_capacity(len);
        for index in 0..len {
            list.push(T::load(from, at + index * T::SIZE)?);
        }
        Ok(list)
    }
}

impl<T: Plain> Store for Vec<T> {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;
    fn store(&self, to: &mut Lower<'_>, at: usize) -> Result<()> {
        let size = self.len().checked_mul(T::SIZE).ok_or_else(|| format_err!("size overflow copying a list"))?;
        let list = to.allocate(T::ALIGN, size)?;
        for (bytes, element) in to.bytes(list, size)?.chunks_exact_mut(T::SIZE).zip(self) {
            element.write(bytes);
        }
        to.put_pointer(at, (list as u32, self.len() as u32))
    }
}

impl<T: FromFlat> FromFlat for Option<T> {
    const REGISTERS: usize = 1 + T::REGISTERS;
    #[inline]
    fn lift(from: &mut Lift<'_>, registers: &mut slice::Iter<'_, u64>) -> Result<Self> {
        match next_case(registers) {
            0 => {
                registers.by_ref().take(T::REGISTERS).for_each(drop);
                Ok(None)
            }
            1 => T::lift(from, registers).map(Some),
            _ => bail!("invalid option discriminant"),
        }
    }
}

impl<T: Load> Load for Option<T> {
    const SIZE: usize = aligned(aligned(1, T::ALIGN) + T::SIZE, Self::ALIGN);
    const ALIGN: usize = T::ALIGN;
    fn load(from: &mut Lift<'_>, at: usize) -> Result<Self> {
        match from.case(at)? {
            0 => Ok(None),
            1 => T::load(from, at + aligned(1, T::ALIGN)).map(Some),
            _ => bail!("invalid option discriminant"),
        }
    }
}

impl<T: Plain> Plain for Option<T> {
    const SIZE: usize = aligned(aligned(1, T::ALIGN) + T::SIZE, Self::ALIGN);
    const ALIGN: usize = T::ALIGN;
    #[inline]
    fn write(&self, bytes: &mut [u8]) {
        bytes[0] = u8::from(self.is_some());
        if let Some(value) = self {
            value.write(&mut bytes[aligned(1, T::ALIGN)..]);
        }
    }
}

impl<T: Store> Store for Option<T> {
    const SIZE: usize = aligned(aligned(1, T::ALIGN) + T::SIZE, Self::ALIGN);
    const ALIGN: usize = T::ALIGN;
    fn store(&self, to: &mut Lower<'_>, at: usize) -> Result<()> {
        to.put(at, &u8::from(self.is_some()))?;
        self.as_ref().map_or(Ok(()), |value| value.store(to, at + aligned(1, T::ALIGN)))
    }
}

/// A `result` with nothing in its good case.
impl<E: Load> Load for std::result::Result<(), E> {
    const SIZE: usize = aligned(aligned(1, E::ALIGN) + E::SIZE, Self::ALIGN);
    const ALIGN: usize = max(1, E::ALIGN);
    fn load(from: &mut Lift<'_>, at: usize) -> Result<Self> {
        match from.case(at)? {
            0 => Ok(Ok(())),
            1 => E::load(from, at + aligned(1, E::ALIGN)).map(Err),
            _ => bail!("invalid expected discriminant"),
        }
    }
}
