//! The caller's memory: the only place that reads and writes it. What can be checked is checked: null pointers, alignment, the sizes of
//! structs, lengths, UTF-8.

use std::os::raw::c_char;
use std::slice;

use crate::abi::{Decision, Fault, Message, Status, Target, Text};
use crate::failure::{Failure, Outcome};

/// The memory of the caller, for the time of one call.
pub(crate) struct Memory(());

/// A struct that begins with its size.
///
/// # Safety
/// Its first field is a `usize`, which says how many bytes the caller has of it, and every pattern of bits is a valid value.
pub(crate) unsafe trait Sized0: Copy {
    const NAME: &'static str;
}

// SAFETY: its fields are numbers and pointers, the first of them the size.
unsafe impl Sized0 for Message {
    const NAME: &'static str = "callsign_message";
}
// SAFETY: as above.
unsafe impl Sized0 for Decision {
    const NAME: &'static str = "callsign_decision";
}
// SAFETY: as above.
unsafe impl Sized0 for Target {
    const NAME: &'static str = "callsign_target";
}
// SAFETY: as above.
unsafe impl Sized0 for Fault {
    const NAME: &'static str = "callsign_fault";
}

/// Room in the caller's memory for one value.
pub(crate) struct Slot<'m, T> {
    pointer: *mut T,
    _memory: &'m Memory,
}

impl<T: Copy> Slot<'_, T> {
    #[inline]
    pub(crate) fn set(&self, value: T) {
        // SAFETY: `Memory` has checked the pointer, and its caller promises that it has room for the value.
        unsafe { self.pointer.write(value) }
    }
}

impl Slot<'_, Decision> {
    /// Where the caller wants what the other channels would get, and for how many of them there is room. Nothing else of the struct is
    /// read.
    #[inline]
    pub(crate) fn room_for_fallbacks(&self) -> (*mut Decision, usize) {
        // SAFETY: `Memory` has checked the pointer and the size, and its caller has set both fields.
        unsafe { ((*self.pointer).fallbacks, (*self.pointer).fallback_capacity) }
    }
}

/// Room in the caller's memory for texts, one after the other.
pub(crate) struct Room<'m> {
    start: *mut u8,
    capacity: usize,
    used: usize,
    _memory: &'m Memory,
}

impl Memory {
    /// The memory of a caller.
    ///
    /// # Safety
    /// Every pointer that is given to it came from the caller in this call, and is what the header says: null, or with as much
    /// memory behind it as its type or the length beside it says, which nobody changes during the call.
    #[inline]
    pub(crate) unsafe fn of_caller() -> Self {
        Self(())
    }

    fn check<T>(pointer: *const T, name: &str) -> Outcome<()> {
        if pointer.is_null() {
            return Err(Failure::at(Status::Pointer, name, "is null"));
        }
        if !pointer.is_aligned() {
            let wanted = align_of::<T>();
            return Err(Failure::at(Status::Pointer, name, format!("is not aligned; its type needs {wanted} bytes")));
        }
        Ok(())
    }

    /// Room for one value.
    #[inline]
    pub(crate) fn slot<T: Copy>(&self, pointer: *mut T, name: &str) -> Outcome<Slot<'_, T>> {
        Self::check(pointer, name)?;
        Ok(Slot { pointer, _memory: self })
    }

    /// A handle that is to be opened: none, until it is.
    #[inline]
    pub(crate) fn new_handle<T: Copy>(&self, pointer: *mut T, none: T, name: &str) -> Outcome<Slot<'_, T>> {
        let slot = self.slot(pointer, name)?;
        slot.set(none);
        Ok(slot)
    }

    /// A struct with its size, where it is.
    #[inline]
    pub(crate) fn sized<T: Sized0>(&self, pointer: *const T, name: &str) -> Outcome<&T> {
        self.check_sized(pointer, name)?;
        // SAFETY: the caller says that it has all of the struct, and nobody changes it during the call.
        Ok(unsafe { &*pointer })
    }

    #[inline]
    fn check_sized<T: Sized0>(&self, pointer: *const T, name: &str) -> Outcome<()> {
        Self::check(pointer, name)?;
        // SAFETY: the pointer is aligned and not null, and the size is the first field of such a struct.
        let size = unsafe { pointer.cast::<usize>().read() };
        if size != size_of::<T>() {
            return Err(Self::wrong_size::<T>(size, name));
        }
        Ok(())
    }

    #[cold]
    fn wrong_size<T: Sized0>(size: usize, name: &str) -> Box<Failure> {
        let (wanted, kind) = (size_of::<T>(), T::NAME);
        let text = format!("has the size {size}; set it to sizeof({kind}), which is {wanted} in this version");
        Failure::at(Status::StructSize, name, text)
    }

    /// A struct with its size that is filled in.
    #[inline]
    pub(crate) fn sized_slot<T: Sized0>(&self, pointer: *mut T, name: &str) -> Outcome<Slot<'_, T>> {
        self.check_sized(pointer.cast_const(), name)?;
        Ok(Slot { pointer, _memory: self })
    }

    /// Values one after the other; none if there are 0 of them, wherever the pointer points.
    #[inline]
    pub(crate) fn list<T: Copy>(&self, pointer: *const T, count: usize, most: usize, name: &str) -> Outcome<&[T]> {
        if count == 0 {
            return Ok(&[]);
        }
        if count > most {
            return Err(Failure::at(Status::Length, name, format!("has {count} elements; it may have {most} at most")));
        }
        Self::check(pointer, name)?;
        // SAFETY: the caller says that there are so many.
        Ok(unsafe { slice::from_raw_parts(pointer, count) })
    }

    /// The element of a list that the caller fills in. `count` was checked.
    pub(crate) fn element<T: Sized0>(&self, first: *mut T, index: usize, name: &str) -> Outcome<Slot<'_, T>> {
        // SAFETY: the caller says that there are more than `index`.
        self.sized_slot(unsafe { first.add(index) }, name)
    }

    /// The bytes of a text, where there is one.
    #[inline]
    pub(crate) fn bytes(&self, text: Text, most: usize, name: &str) -> Outcome<Option<&[u8]>> {
        if text.data.is_null() {
            if text.length != 0 {
                let says = format!("has no data, and the length {}", text.length);
                return Err(Failure::at(Status::Pointer, name, says));
            }
            return Ok(None);
        }
        if text.length > most {
            let says = format!("has {} bytes; it may have {most} at most", text.length);
            return Err(Failure::at(Status::Length, name, says));
        }
        // SAFETY: the caller says that there are so many bytes.
        Ok(Some(unsafe { slice::from_raw_parts(text.data.cast(), text.length) }))
    }

    /// A text, where there is one.
    #[inline]
    pub(crate) fn text(&self, text: Text, most: usize, name: &str) -> Outcome<Option<&str>> {
        // As most texts of most messages are.
        if text.data.is_null() && text.length == 0 {
            return Ok(None);
        }
        self.given_text(text, most, name)
    }

    fn given_text(&self, text: Text, most: usize, name: &str) -> Outcome<Option<&str>> {
        let Some(bytes) = self.bytes(text, most, name)? else { return Ok(None) };
        if is_short_ascii(bytes) {
            // SAFETY: ASCII is UTF-8.
            return Ok(Some(unsafe { std::str::from_utf8_unchecked(bytes) }));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => {
                let says = format!("is not UTF-8 at byte {}", error.valid_up_to());
                Err(Failure::at(Status::Utf8, name, says))
            }
        }
    }

    /// A text that must be there.
    #[inline]
    pub(crate) fn needed(&self, text: Text, most: usize, name: &str) -> Outcome<&str> {
        self.text(text, most, name)?.ok_or_else(|| Failure::at(Status::Pointer, name, "is missing: its data is null"))
    }

    /// Room for texts.
    #[inline]
    pub(crate) fn room(&self, start: *mut c_char, capacity: usize, name: &str) -> Outcome<Room<'_>> {
        if capacity > 0 {
            Self::check(start, name)?;
        }
        if capacity > isize::MAX as usize {
            return Err(Failure::at(Status::Length, name, format!("no memory has {capacity} bytes")));
        }
        Ok(Room { start: start.cast(), capacity, used: 0, _memory: self })
    }
}

/// Whether a text is ASCII and has 4 to 16 bytes, as numbers and most ids are: four instructions instead of a loop.
#[inline]
fn is_short_ascii(bytes: &[u8]) -> bool {
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    let bits = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) if bytes.len() <= 16 => u64::from_ne_bytes(*first) | u64::from_ne_bytes(*last),
        (None, _) => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last)) => u64::from(u32::from_ne_bytes(*first) | u32::from_ne_bytes(*last)),
            _ => return false,
        },
        _ => return false,
    };
    bits & HIGH_BITS == 0
}

impl Room<'_> {
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Writes a text, cut to `most` bytes and to what there is room for, but never inside a character.
    #[inline]
    pub(crate) fn put(&mut self, text: &str, most: usize) -> Text {
        let room = most.min(self.capacity - self.used);
        let length = if text.len() <= room { text.len() } else { text.floor_char_boundary(room) };
        let data = if self.capacity == 0 {
            self.start
        } else {
            // SAFETY: `used + length` is at most the capacity, and the caller says that there is so much room.
            unsafe {
                let data = self.start.add(self.used);
                std::ptr::copy_nonoverlapping(text.as_ptr(), data, length);
                data
            }
        };
        self.used += length;
        Text { data: data.cast_const().cast(), length }
    }

    /// Writes what is formatted, cut to `most` bytes and to what there is room for.
    pub(crate) fn format(&mut self, what: &dyn std::fmt::Display, most: usize) -> Text {
        use std::fmt::Write;

        struct Cut<'r, 'm> {
            room: &'r mut Room<'m>,
            left: usize,
            text: Text,
        }

        impl Write for Cut<'_, '_> {
            fn write_str(&mut self, part: &str) -> std::fmt::Result {
                let written = self.room.put(part, self.left);
                self.left -= written.length;
                self.text.length += written.length;
                if written.length == part.len() { Ok(()) } else { Err(std::fmt::Error) }
            }
        }

        let text = self.put("", 0);
        let mut cut = Cut { room: self, left: most, text };
        // It fails where the text is cut.
        let _ = write!(cut, "{what}");
        cut.text
    }
}
