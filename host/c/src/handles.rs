//! Handles: numbers that stand for what a caller has opened.
//!
//! A handle is the number of a place in a table, and how many handles the place had before. It is looked up by one load of an atomic
//! pointer, so a decision waits for nobody. A handle that was closed, or that never was, finds nothing: its place is empty, or has
//! another generation. What a call works on lives until the call ends, whoever closes it meanwhile.
//!
//! The table is of the process, but nothing of what one caller does can be seen by another one.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwapOption;

use crate::abi::Status;
use crate::error::LastError;
use crate::failure::{Failure, Outcome};
use crate::fork;
use crate::gateway::OpenGateway;
use crate::limits::CALLSIGN_MAX_HANDLES;

/// Places are made by so many.
const CHUNK: usize = 1_024;
const CHUNKS: usize = CALLSIGN_MAX_HANDLES / CHUNK;

type Place = ArcSwapOption<Entry>;

static PLACES: [OnceLock<Box<[Place]>>; CHUNKS] = [const { OnceLock::new() }; CHUNKS];
static FREE: Mutex<Free> = Mutex::new(Free { places: Vec::new(), unused: 0 });

/// Which places are free.
struct Free {
    /// Those that were used before, with the generation that comes next.
    places: Vec<(u32, u32)>,
    /// The first that was never used.
    unused: u32,
}

struct Entry {
    generation: u32,
    object: Object,
}

/// What a handle stands for.
pub(crate) enum Object {
    Error(Mutex<LastError>),
    Output(Mutex<String>),
    Catalog(callsign::Catalog),
    Policy(Arc<callsign::Policy>),
    Gateway(Box<OpenGateway>),
}

/// A kind of handles.
pub(crate) trait Kind {
    /// The first byte of its handles, not 0.
    const NUMBER: u8;
    const NAME: &'static str;
    type Object;

    fn of(object: &Object) -> Option<&Self::Object>;
}

macro_rules! kinds {
    ($($kind:ident, $number:literal, $name:literal, $object:ty;)*) => {$(
        pub(crate) enum $kind {}

        impl Kind for $kind {
            const NUMBER: u8 = $number;
            const NAME: &'static str = $name;
            type Object = $object;

            #[inline]
            fn of(object: &Object) -> Option<&$object> {
                match object {
                    Object::$kind(object) => Some(object),
                    _ => None,
                }
            }
        }
    )*};
}

kinds! {
    Error, 1, "callsign_error", Mutex<LastError>;
    Output, 2, "callsign_output", Mutex<String>;
    Catalog, 3, "callsign_catalog", callsign::Catalog;
    Policy, 4, "callsign_policy", Arc<callsign::Policy>;
    Gateway, 5, "callsign_gateway", OpenGateway;
}

/// The parts of a handle.
#[derive(Clone, Copy)]
struct Parts {
    kind: u8,
    place: usize,
    generation: u32,
}

impl Parts {
    #[inline]
    fn of(id: u64) -> Self {
        Self { kind: (id >> 56) as u8, place: (id >> 32) as usize & 0xff_ffff, generation: id as u32 }
    }

    #[inline]
    fn place(self) -> Option<&'static Place> {
        PLACES.get(self.place / CHUNK)?.get()?.get(self.place % CHUNK)
    }
}

/// Opens a handle of a kind for an object of it.
///
/// # Errors
/// There are too many.
pub(crate) fn open<K: Kind>(object: Object) -> Outcome<u64> {
    fork::watch()?;
    let (place, generation) = {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        match free.places.pop() {
            Some(used) => used,
            None if (free.unused as usize) < CALLSIGN_MAX_HANDLES => {
                free.unused += 1;
                (free.unused - 1, 1)
            }
            None => {
                let text = format!("{CALLSIGN_MAX_HANDLES} handles are open, and there may be no more; close some");
                return Err(Failure::new(Status::TooManyHandles, text));
            }
        }
    };
    let chunk = PLACES[place as usize / CHUNK].get_or_init(|| (0..CHUNK).map(|_| Place::empty()).collect());
    chunk[place as usize % CHUNK].store(Some(Arc::new(Entry { generation, object })));
    Ok(u64::from(K::NUMBER) << 56 | u64::from(place) << 32 | u64::from(generation))
}

/// Works on what a handle stands for.
///
/// # Errors
/// It is not open, or of another kind.
#[inline]
pub(crate) fn with<K: Kind, T>(id: u64, work: impl FnOnce(&K::Object) -> Outcome<T>) -> Outcome<T> {
    let parts = Parts::of(id);
    if parts.kind == K::NUMBER
        && let Some(place) = parts.place()
        && let Some(entry) = &*place.load()
        && entry.generation == parts.generation
        && let Some(object) = K::of(&entry.object)
    {
        return work(object);
    }
    Err(not_open::<K>(id))
}

/// Closes a handle. What calls under way work on stays until they end.
///
/// # Errors
/// It is not open, or of another kind.
pub(crate) fn close<K: Kind>(id: u64) -> Outcome<()> {
    let parts = Parts::of(id);
    let place = if parts.kind == K::NUMBER { parts.place() } else { None };
    let Some(place) = place else { return Err(not_open::<K>(id)) };
    let entry = place.load_full();
    let Some(entry) = entry.filter(|entry| entry.generation == parts.generation) else {
        return Err(not_open::<K>(id));
    };
    // Of two callers who close it at once, one does.
    let was = place.compare_and_swap(&entry, None);
    if !was.as_ref().is_some_and(|was| Arc::ptr_eq(was, &entry)) {
        return Err(not_open::<K>(id));
    }
    // A generation that has no next one ends its place.
    if let Some(next) = parts.generation.checked_add(1) {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        free.places.push((parts.place as u32, next));
    }
    Ok(())
}

#[cold]
fn not_open<K: Kind>(id: u64) -> Box<Failure> {
    let name = K::NAME;
    let text = match Parts::of(id).kind {
        _ if id == 0 => format!("no {name} was given: its handle is 0"),
        kind if kind == K::NUMBER => format!("the handle {id:#x} is no open {name}: it was closed, or never opened"),
        _ => format!("the handle {id:#x} is not a {name}"),
    };
    Failure::new(Status::Handle, text)
}
