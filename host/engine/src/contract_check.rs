//! Checks that a component fits the contract, by its type: nothing of it runs. Imports that are not of the contract are refused
//! before it is compiled.

use callsign_catalog::escape;
use semver::Version;
use wasmparser::{Parser, Payload};
use wasmtime::component::types::{self, ComponentFunc, ComponentInstance, ComponentItem, Type};
use wasmtime::component::{Component, ComponentNamedList, Lift, Lower};

use crate::bindings::contract::types::{Answer, Request};
use crate::bindings::explain::Trace;
use crate::bindings::exports::callsign::policy::policy::Wording;
use crate::error::PolicyError;

/// The package of the contract.
const PACKAGE: &str = "callsign:policy";
const EXPORT: &str = "policy";

/// How many names an error lists, and the most characters of each.
const MAX_NAMES: usize = 20;
const MAX_NAME: usize = 200;

/// What a host serves of the contract: a version, and with it all earlier ones of the same major version.
///
/// A minor version only adds imports. So a component of an earlier one runs on every later host; one of a later minor
/// version is refused, and so is one of another major version.
#[derive(Debug)]
pub(crate) struct Contract {
    /// The newest version.
    pub(crate) served: Version,
    /// The interfaces that a policy may import, each with the minor version that added it. What is imported under an
    /// earlier version does not exist there.
    pub(crate) imports: &'static [(&'static str, u64)],
}

/// What this host serves. The imports that a later minor version adds are linked in [`crate::engine`].
pub(crate) static CONTRACT: Contract = Contract {
    served: Version::new(1, 0, 0),
    imports: &[
        ("attributes", 0),
        ("log", 0),
        ("messages", 0),
        ("senders", 0),
        ("settings", 0),
        ("signals", 0),
        ("sticky", 0),
        ("strategies", 0),
        ("times", 0),
        ("types", 0),
    ],
};

/// The fields of a request in the drafts of 1.0.0, none of which was released.
const DRAFT_REQUEST: [&str; 7] = ["message", "scope", "revision", "channel", "country", "area-code", "recipient"];

/// The parts of the contract that a component uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContractFit {
    /// The highest version among its interfaces.
    pub(crate) interface: Version,
    /// Whether it exports `explain`.
    pub(crate) explains: bool,
    /// Whether it imports `messages`, and so needs the texts of messages.
    pub(crate) reads_texts: bool,
    /// Whether it reads attributes of messages.
    pub(crate) reads_attributes: bool,
}

impl Contract {
    /// Checks the imports and exports of a component.
    pub(crate) fn check(&self, engine: &wasmtime::Engine, component: &Component) -> Result<ContractFit, PolicyError> {
        let ty = component.component_type();
        // First, because such a component may differ in anything else too.
        refuse_draft(engine, &ty)?;
        let mut excess = Excess::default();
        let (mut reads_texts, mut reads_attributes) = (false, false);
        let mut highest = Version::new(0, 0, 0);
        for (name, item) in ty.imports(engine) {
            match Interface::parse(name) {
                Some(interface) if !self.serves(&interface) => return Err(self.unserved(name)),
                Some(interface) if self.may_be_imported(&interface) => {
                    reads_texts |= interface.name == "messages";
                    reads_attributes |= interface.name == "attributes" && reads_messages(engine, &item.ty);
                    highest = highest.max(interface.version);
                }
                _ => excess.push(name),
            }
        }
        excess.refuse()?;
        let (mut decides, mut explains) = (false, false);
        for (name, item) in ty.exports(engine) {
            // Exports outside the contract are allowed: the tools of some languages leave an extra one.
            if let (Some(interface), ComponentItem::ComponentInstance(instance)) = (Interface::parse(name), item.ty) {
                if !self.serves(&interface) {
                    return Err(self.unserved(name));
                }
                let exports = Exports { name, instance, component: &ty, engine };
                if interface.name == EXPORT {
                    exports.check::<(Request,), (Answer,)>("resolve")?;
                    exports.check::<(&[Request],), (Vec<Answer>,)>("resolve-batch")?;
                    exports.check::<(&str,), (Result<(), String>,)>("check-settings")?;
                    exports.check::<(u32, u64), (Wording,)>("refusal-text")?;
                    decides = true;
                } else if interface.name == "explain" {
                    exports.check::<(Request,), (Trace,)>("explain")?;
                    explains = true;
                }
                highest = highest.max(interface.version);
            }
        }
        if !decides {
            return Err(PolicyError::Exports { missing: format!("{PACKAGE}/{EXPORT}@1.0.0") });
        }
        Ok(ContractFit { interface: highest, explains, reads_texts, reads_attributes })
    }

    /// Whether this host serves the version of an interface.
    fn serves(&self, interface: &Interface<'_>) -> bool {
        let version = &interface.version;
        version.major == self.served.major && version.minor <= self.served.minor && version.pre.is_empty()
    }

    fn may_be_imported(&self, interface: &Interface<'_>) -> bool {
        self.imports.iter().any(|&(name, since)| name == interface.name && since <= interface.version.minor)
    }

    fn unserved(&self, name: &str) -> PolicyError {
        let served = format!("{PACKAGE}@{}", self.served);
        PolicyError::Version { interface: escape::line(name, MAX_NAME), served }
    }
}

/// Refuses a component that imports anything but interfaces of the contract, by the names of its imports. Its types need no
/// compiler, which can take seconds for a large component.
///
/// # Errors
/// The imports that are not of the contract. What else is wrong with the bytes is for others to say.
pub(crate) fn refuse_foreign_imports(bytes: &[u8]) -> Result<(), PolicyError> {
    let mut excess = Excess::default();
    let mut depth = 0u32;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload {
            Ok(Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) => depth += 1,
            Ok(Payload::End(_)) => depth = depth.saturating_sub(1),
            Ok(Payload::ComponentImportSection(section)) if depth == 0 => {
                let names = section.into_iter().flatten().map(|import| import.name.name);
                names.filter(|name| Interface::parse(name).is_none()).for_each(|name| excess.push(name));
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    excess.refuse()
}

/// The imports that are not of the contract.
#[derive(Default)]
struct Excess {
    names: Vec<String>,
    /// How many there are besides.
    more: usize,
}

impl Excess {
    fn push(&mut self, name: &str) {
        if self.names.len() < MAX_NAMES {
            self.names.push(escape::line(name, MAX_NAME));
        } else {
            self.more += 1;
        }
    }

    fn refuse(self) -> Result<(), PolicyError> {
        let Self { names: mut excess, more } = self;
        if excess.is_empty() {
            return Ok(());
        }
        if more > 0 {
            excess.push(format!("and {more} more"));
        }
        Err(PolicyError::Imports { excess })
    }
}

/// Whether an import of `attributes` has functions about messages. Components list those that they call.
fn reads_messages(engine: &wasmtime::Engine, import: &ComponentItem) -> bool {
    let ComponentItem::ComponentInstance(instance) = import else { return false };
    ["message-text", "message-number", "message-key"].iter().any(|name| instance.get_export(engine, name).is_some())
}

/// Refuses a component that was made for a draft of 1.0.0: its request has other fields.
fn refuse_draft(engine: &wasmtime::Engine, component: &types::Component) -> Result<(), PolicyError> {
    for (name, item) in component.exports(engine) {
        let (Some(interface), ComponentItem::ComponentInstance(instance)) = (Interface::parse(name), item.ty) else {
            continue;
        };
        if interface.name == EXPORT
            && let Some(ComponentItem::ComponentFunc(resolve)) =
                instance.get_export(engine, "resolve").map(|export| export.ty)
            && takes_draft_request(&resolve)
        {
            return Err(PolicyError::Draft);
        }
    }
    Ok(())
}

fn takes_draft_request(resolve: &ComponentFunc) -> bool {
    let Some((_, Type::Record(request))) = resolve.params().next() else { return false };
    request.fields().map(|field| field.name).eq(DRAFT_REQUEST)
}

/// An interface that the component exports.
struct Exports<'a> {
    name: &'a str,
    instance: ComponentInstance,
    component: &'a types::Component,
    engine: &'a wasmtime::Engine,
}

impl Exports<'_> {
    /// Checks that the interface has a function with these types.
    fn check<Params: ComponentNamedList + Lower, Results: ComponentNamedList + Lift>(
        &self,
        function: &str,
    ) -> Result<(), PolicyError> {
        let mismatch = |reason| Err(PolicyError::Mismatch { reason: format!("{} {reason}", self.name) });
        match self.instance.get_export(self.engine, function).map(|item| item.ty) {
            Some(ComponentItem::ComponentFunc(ty)) => {
                match ty.typecheck::<Params, Results>(&self.component.instance_type()) {
                    Ok(()) => Ok(()),
                    Err(error) => mismatch(format!(
                        "exports `{function}` with other types than the contract: {}",
                        error.root_cause()
                    )),
                }
            }
            _ => mismatch(format!("does not export the function `{function}`")),
        }
    }
}

/// The name of an interface of the contract, and its version.
struct Interface<'a> {
    name: &'a str,
    version: Version,
}

impl<'a> Interface<'a> {
    /// Parses `callsign:policy/name@1.2.3`; `None` for an interface of another package.
    fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix(PACKAGE)?.strip_prefix('/')?;
        let (name, version) = rest.split_once('@')?;
        Some(Self { name, version: Version::parse(version).ok()? })
    }
}

#[cfg(test)]
mod tests;
