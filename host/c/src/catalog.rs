//! Catalogs, and edits of the one that a gateway decides on.

use std::os::raw::c_char;

use callsign::{Catalog, CatalogError, ChangeError, Edit, List};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::abi::{CatalogHandle, ErrorHandle, GatewayHandle, OutputHandle, Status, Text};
use crate::boundary::call;
use crate::failure::{Failure, Outcome, Place};
use crate::handles::{self, Gateway, Object};
use crate::limits::CALLSIGN_MAX_PATH;
use crate::memory::Memory;
use crate::{options, output};

/// Reads and checks a catalog from a text in memory, `length` bytes of JSON.
///
/// `name` may be left out. A decision log names the catalog of each decision by it, and `callsign replay` finds a file whose name is
/// `sha256:` and the SHA-256 of its bytes in small hexadecimal digits.
///
/// Any thread may call it. If the catalog has faults, the error has each of them with its place.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_catalog_open_text(
    text: *const c_char,
    length: usize,
    name: Text,
    catalog: *mut CatalogHandle,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let catalog = memory.new_handle(catalog, CatalogHandle { id: 0 }, "catalog")?;
        let most = usize::try_from(callsign::MAX_CATALOG_BYTES).unwrap_or(usize::MAX).min(isize::MAX as usize);
        let bytes = memory.bytes(Text { data: text, length }, most, "text")?;
        let bytes = bytes.ok_or_else(|| Failure::at(Status::Pointer, "text", "is null"))?;
        let name = memory.text(name, CALLSIGN_MAX_PATH, "name")?;
        let opened = open(Catalog::from_slice(bytes), name)?;
        catalog.set(opened);
        Ok(())
    })
}

/// Reads and checks a catalog from a file. `name` is that of `callsign_catalog_open_text`.
///
/// Any thread may call it. If the catalog has faults, the error has each of them with its place.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_catalog_open_file(
    path: Text,
    name: Text,
    catalog: *mut CatalogHandle,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let catalog = memory.new_handle(catalog, CatalogHandle { id: 0 }, "catalog")?;
        let path = memory.needed(path, CALLSIGN_MAX_PATH, "path")?;
        let name = memory.text(name, CALLSIGN_MAX_PATH, "name")?;
        let opened = open(Catalog::load(path), name)?;
        catalog.set(opened);
        Ok(())
    })
}

fn open(catalog: Result<Catalog, CatalogError>, name: Option<&str>) -> Outcome<CatalogHandle> {
    let mut catalog = catalog.map_err(|error| refused(&error))?;
    if let Some(name) = name {
        catalog = catalog.named(name);
    }
    Ok(CatalogHandle { id: handles::open::<handles::Catalog>(Object::Catalog(catalog))? })
}

fn refused(error: &CatalogError) -> Box<Failure> {
    let mut failure = Failure::of(Status::Catalog, error);
    match error {
        CatalogError::Faults(faults) => {
            // Each of them is told by itself.
            failure.message = match faults.total() {
                1 => "the catalog has 1 fault".into(),
                total => format!("the catalog has {total} faults"),
            };
            let place = |fault: &callsign::Fault| Place {
                line: fault.line as u64,
                column: fault.column as u64,
                path: fault.path.clone(),
                message: fault.message.clone(),
            };
            failure.faults = faults.iter().map(place).collect();
        }
        CatalogError::Syntax { line, column, message, .. } => {
            let (line, column) = (*line as u64, *column as u64);
            failure.faults = vec![Place { line, column, path: "$".into(), message: message.clone() }];
        }
        _ => {}
    }
    failure
}

/// Closes a catalog. Gateways that were opened with it go on.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub extern "C" fn callsign_catalog_close(catalog: CatalogHandle, error: ErrorHandle) -> Status {
    // SAFETY: no pointer is given.
    call(error, unsafe { Memory::of_caller() }, |_| handles::close::<handles::Catalog>(catalog.id))
}

/// Lets a gateway decide on another catalog from now on. Decisions under way finish on the one that they began with.
///
/// Any thread may call it, also while others decide.
#[unsafe(no_mangle)]
pub extern "C" fn callsign_gateway_replace_catalog(
    gateway: GatewayHandle,
    catalog: CatalogHandle,
    error: ErrorHandle,
) -> Status {
    // SAFETY: no pointer is given.
    call(error, unsafe { Memory::of_caller() }, |_| {
        let catalog = handles::with::<handles::Catalog, _>(catalog.id, |catalog| Ok(catalog.clone()))?;
        handles::with::<Gateway, _>(gateway.id, |open| {
            open.gateway.replace_catalog(catalog).map_err(|error| Failure::of(Status::Catalog, &error))
        })
    })
}

/// Writes the catalog of a gateway to an output, as the JSON of a file, and sets `revision`, which may be null, to its number.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_catalog(
    gateway: GatewayHandle,
    output: OutputHandle,
    revision: *mut u64,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let served = handles::with::<Gateway, _>(gateway.id, |open| Ok(open.gateway.revision()))?;
        output::put_json(output, &served.catalog().to_json())?;
        set_revision(memory, revision, served.number())
    })
}

fn set_revision(memory: &Memory, revision: *mut u64, number: u64) -> Outcome<()> {
    if !revision.is_null() {
        memory.slot(revision, "revision")?.set(number);
    }
    Ok(())
}

/// Sets `revision` to the number of the catalog that a gateway decides on now, for `callsign_gateway_edit`.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_revision(
    gateway: GatewayHandle,
    revision: *mut u64,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let revision = memory.slot(revision, "revision")?;
        handles::with::<Gateway, _>(gateway.id, |open| {
            revision.set(open.gateway.revision().number());
            Ok(())
        })
    })
}

/// One edit.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EditJson {
    put: Option<String>,
    remove: Option<String>,
    element: Box<RawValue>,
}

/// Changes elements of a gateway's catalog: all of them, in order, or none, and only if the catalog that is served is still the one with
/// the number `revision` (else `CALLSIGN_STATUS_OVERTAKEN`: read the new number and make the edits again). `served`, which may be
/// null, is set to the number of the new one.
///
/// `edits` is a JSON array of `{"put": LIST, "element": {...}}` and `{"remove": LIST, "element": {"senderId": ...}}`, where `LIST` is a
/// list of the catalog file, such as `senders`, and an element is written as there.
///
/// Any thread may call it, also while others decide.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_edit(
    gateway: GatewayHandle,
    revision: u64,
    edits: Text,
    served: *mut u64,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let read: Vec<EditJson> = options::needed(memory, edits, "edits")?;
        let edits = read.iter().enumerate().map(|(index, edit)| edit_of(index, edit)).collect::<Outcome<Vec<_>>>()?;
        let edited = handles::with::<Gateway, _>(gateway.id, |open| {
            open.gateway.edit(revision, &edits).map_err(|error| not_edited(&error))
        })?;
        set_revision(memory, served, edited.number())
    })
}

fn edit_of(index: usize, edit: &EditJson) -> Outcome<Edit<'_>> {
    let wrong = |text: String| Failure::at(Status::Edit, format!("edits[{index}]"), text);
    let list = |name: &str| {
        let known = || List::ALL.map(List::as_str).join(", ");
        let list = List::ALL.into_iter().find(|list| list.as_str() == name);
        list.ok_or_else(|| wrong(format!("{name:?} is none of the lists {}", known())))
    };
    match (&edit.put, &edit.remove) {
        (Some(name), None) => Ok(Edit::put(list(name)?, &edit.element)),
        (None, Some(name)) => Ok(Edit::remove(list(name)?, &edit.element)),
        _ => Err(wrong("has to have one of `put` and `remove`, with the name of a list".into())),
    }
}

fn not_edited(error: &ChangeError) -> Box<Failure> {
    let status = match error {
        ChangeError::Overtaken { .. } => Status::Overtaken,
        ChangeError::Edit(_) => Status::Edit,
        _ => Status::Catalog,
    };
    let mut failure = Failure::of(status, error);
    if let ChangeError::Edit(error) = error {
        let place = |fault: &callsign::EditFault| Place {
            path: match &*fault.path {
                "" => format!("edits[{}].element", error.edit),
                path => format!("edits[{}].element.{path}", error.edit),
            },
            message: fault.message.clone(),
            ..Place::default()
        };
        failure.faults = error.faults.iter().map(place).collect();
    }
    failure
}
