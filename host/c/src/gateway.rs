//! Gateways.

use std::os::raw::c_char;
use std::sync::{Arc, Mutex};

use callsign::log::Recorder;
use callsign::sticky::{EmbeddedOptions, RecipientKey, Recipients, StoreAddress};
use callsign::{GatewayError, LaneOptions, MemoryStore, Policy, SignalBoard, StickyStore};
use serde::Deserialize;

use crate::abi::{CatalogHandle, ErrorHandle, GatewayHandle, PolicyHandle, Status, Text};
use crate::boundary::call;
use crate::events::Events;
use crate::failure::{Failure, Outcome};
use crate::handles::{self, Gateway, Object};
use crate::limits::CALLSIGN_ABI_VERSION;
use crate::memory::Memory;
use crate::options;

/// A gateway, and what its caller has of it.
pub(crate) struct OpenGateway {
    pub(crate) gateway: callsign::Gateway,
    pub(crate) signals: Arc<SignalBoard>,
    pub(crate) events: Arc<Events>,
    /// The log that decisions are recorded in.
    pub(crate) recorder: Mutex<Option<Arc<Recorder>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct GatewayOptions {
    pins: PinOptions,
    /// How long the policies of a call may take, for each 1,000 of its messages.
    request_milliseconds: Option<u64>,
    /// How long the policies of an application may take, in each second.
    milliseconds_per_second: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct PinOptions {
    /// None for memory.
    store: Option<String>,
    /// What recipients are hashed with, 64 hexadecimal digits.
    key: Option<String>,
    /// Whether a new folder keeps plain numbers.
    plain: bool,
}

impl PinOptions {
    fn open(&self) -> Outcome<Arc<dyn StickyStore>> {
        let at = |name: &str, error: &dyn std::fmt::Display| {
            Failure::at(Status::Options, format!("options.pins.{name}"), error.to_string())
        };
        let Some(store) = &self.store else { return Ok(Arc::new(MemoryStore::new())) };
        let address: StoreAddress = store.parse().map_err(|error| at("store", &error))?;
        let key: Option<RecipientKey> =
            self.key.as_ref().map(|key| key.parse()).transpose().map_err(|error| at("key", &error))?;
        if self.plain && key.is_some() {
            return Err(at("plain", &"stands beside `key`; keep one of the two"));
        }
        let mut folder = EmbeddedOptions::default().create(true);
        if self.plain {
            folder = folder.recipients(Recipients::Plain);
        }
        callsign::sticky::open(&address, key, folder).map_err(|error| Failure::of(Status::Store, &error))
    }
}

/// The version of this ABI that the library has.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub extern "C" fn callsign_abi_version() -> u32 {
    CALLSIGN_ABI_VERSION
}

/// The version of the library, such as `0.1.0`: a text that is always there, with a zero at its end.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub extern "C" fn callsign_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Opens a gateway on a catalog.
///
/// `abi_version` is `CALLSIGN_ABI_VERSION` of the header that the program was compiled with. `policy` is what decides for the platform;
/// `{0}` stands for the standard policy. The catalog and the policy may be closed afterwards.
///
/// `options` is JSON, and may be left out:
/// `{"pins": {"store": ADDRESS, "key": HEX, "plain": false}, "requestMilliseconds": 1000, "millisecondsPerSecond": N}`. `store` is where
/// pins are kept: a folder, or an address that begins with `postgres://`, `redis://` or `rediss://`; without it they are in memory.
/// `key` hashes recipients (64 hexadecimal digits; a folder has a key of its own), `plain` lets a new folder keep numbers as they
/// are. `requestMilliseconds` is how long the policies of a call may take for each 1,000 of its messages, `millisecondsPerSecond`
/// how long those of one application may take in each second, which has no bound by default.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_open(
    abi_version: u32,
    catalog: CatalogHandle,
    policy: PolicyHandle,
    options: Text,
    gateway: *mut GatewayHandle,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        check_version(abi_version)?;
        let slot = memory.new_handle(gateway, GatewayHandle { id: 0 }, "gateway")?;
        let options: GatewayOptions = options::read(memory, options, "options")?;
        let mut lanes = LaneOptions::default();
        if let Some(time) = options.request_milliseconds {
            lanes.request = options::milliseconds(time, "options.requestMilliseconds")?;
        }
        lanes.milliseconds_per_second = options.milliseconds_per_second;
        let catalog = handles::with::<handles::Catalog, _>(catalog.id, |catalog| Ok(catalog.clone()))?;
        let policy = match policy.id {
            0 => Arc::new(Policy::standard().map_err(|error| Failure::of(Status::Policy, &error))?),
            id => handles::with::<handles::Policy, _>(id, |policy| Ok(Arc::clone(policy)))?,
        };
        let opened = callsign::Gateway::with_lanes(catalog, policy, options.pins.open()?, lanes);
        let gateway = opened.map_err(|error| match &error {
            GatewayError::Policy(_) => Failure::of(Status::Policy, &error),
            _ => Failure::of(Status::Catalog, &error),
        })?;
        let (signals, events) = (Arc::new(SignalBoard::new()), Arc::new(Events::default()));
        gateway.use_signals(Arc::clone(&signals) as Arc<dyn callsign::SignalSource>);
        let told = Arc::clone(&events);
        gateway.listen(move |event| told.add(event));
        let open = OpenGateway { gateway, signals, events, recorder: Mutex::default() };
        slot.set(GatewayHandle { id: handles::open::<Gateway>(Object::Gateway(Box::new(open)))? });
        Ok(())
    })
}

/// Programs of the same first two bytes, and of no newer second two, get what they were compiled for.
fn check_version(wanted: u32) -> Outcome<()> {
    let (first, second) = (wanted >> 16, wanted & 0xffff);
    if (first, second) <= (CALLSIGN_ABI_VERSION >> 16, CALLSIGN_ABI_VERSION & 0xffff)
        && first == CALLSIGN_ABI_VERSION >> 16
    {
        return Ok(());
    }
    let text = format!(
        "the program was compiled for version {first}.{second} of the ABI, and the library has {}.{}; install the library that \
         belongs to the header, or compile the program again",
        CALLSIGN_ABI_VERSION >> 16,
        CALLSIGN_ABI_VERSION & 0xffff
    );
    Err(Failure::new(Status::AbiVersion, text))
}

/// Closes a gateway. Decisions under way on other threads are made to their end; the last of them frees it. What a decision log was
/// given is written then.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub extern "C" fn callsign_gateway_close(gateway: GatewayHandle, error: ErrorHandle) -> Status {
    // SAFETY: no pointer is given.
    call(error, unsafe { Memory::of_caller() }, |_| handles::close::<Gateway>(gateway.id))
}
