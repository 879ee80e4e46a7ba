//! Whether a component fits the contract: told from its type, before anything of it runs.

use semver::Version;
use wasmtime::component::types::{self, ComponentInstance, ComponentItem};
use wasmtime::component::{Component, ComponentNamedList, Lift, Lower};

use super::bindings::contract::types::{Answer, Request};
use super::bindings::explain::Trace;
use super::bindings::exports::callsign::policy::policy::Wording;
use super::failure::plain;
use super::policy::PolicyError;

/// The package, and the version that this host serves: it and all before it of the same major.
const PACKAGE: &str = "callsign:policy";
const SERVED: Version = Version::new(1, 1, 0);
const EXPORT: &str = "policy";

/// How many names an error says, and how much of each.
const MOST_NAMES: usize = 20;
const LONGEST_NAME: usize = 200;

/// What may be imported, each with the minor version that it came with.
const IMPORTS: [(&str, u64); 8] = [
    ("log", 0),
    ("messages", 0),
    ("senders", 0),
    ("settings", 0),
    ("sticky", 0),
    ("strategies", 0),
    ("times", 1),
    ("types", 0),
];

/// What of the optional parts of the contract a component has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContractFit {
    /// The highest version of the contract that any of its interfaces has.
    pub(crate) interface: Version,
    /// It exports `explain`.
    pub(crate) explains: bool,
    /// It imports `messages`: the host keeps the texts of messages at hand for it.
    pub(crate) reads_texts: bool,
}

/// Checks the imports and exports of a component.
pub(crate) fn check(engine: &wasmtime::Engine, component: &Component) -> Result<ContractFit, PolicyError> {
    let ty = component.component_type();
    let (mut excess, mut more) = (Vec::new(), 0);
    let mut reads_texts = false;
    let mut highest = Version::new(0, 0, 0);
    for (name, _) in ty.imports(engine) {
        match Interface::parse(name) {
            Some(interface) if !interface.is_served() => return Err(interface.unserved(name)),
            Some(interface) if interface.may_be_imported() => {
                reads_texts |= interface.name == "messages";
                highest = highest.max(interface.version);
            }
            _ if excess.len() < MOST_NAMES => excess.push(plain(name, LONGEST_NAME)),
            _ => more += 1,
        }
    }
    if more > 0 {
        excess.push(format!("and {more} more"));
    }
    if !excess.is_empty() {
        return Err(PolicyError::Imports { excess });
    }
    let (mut decides, mut explains) = (false, false);
    for (name, item) in ty.exports(engine) {
        // Tool chains of some languages leave an extra export: what the host does not call does not matter.
        if let (Some(interface), ComponentItem::ComponentInstance(instance)) = (Interface::parse(name), item.ty) {
            if !interface.is_served() {
                return Err(interface.unserved(name));
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
    Ok(ContractFit { interface: highest, explains, reads_texts })
}

/// The functions of an interface that the component exports.
struct Exports<'a> {
    name: &'a str,
    instance: ComponentInstance,
    component: &'a types::Component,
    engine: &'a wasmtime::Engine,
}

impl Exports<'_> {
    /// Checks that a function is there, with these types.
    fn check<Params: ComponentNamedList + Lower, Results: ComponentNamedList + Lift>(
        &self,
        function: &str,
    ) -> Result<(), PolicyError> {
        let shape = |reason| Err(PolicyError::Shape { reason: format!("{} {reason}", self.name) });
        match self.instance.get_export(self.engine, function).map(|item| item.ty) {
            Some(ComponentItem::ComponentFunc(ty)) => {
                match ty.typecheck::<Params, Results>(&self.component.instance_type()) {
                    Ok(()) => Ok(()),
                    Err(error) => shape(format!("has a function `{function}` of other types: {}", error.root_cause())),
                }
            }
            _ => shape(format!("has no function `{function}`")),
        }
    }
}

struct Interface<'a> {
    name: &'a str,
    version: Version,
}

impl<'a> Interface<'a> {
    /// Reads `callsign:policy/name@1.2.3`; none for an interface of another package.
    fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix(PACKAGE)?.strip_prefix('/')?;
        let (name, version) = rest.split_once('@')?;
        Some(Self { name, version: Version::parse(version).ok()? })
    }

    /// A minor version only adds imports, so every one up to the host's own is served.
    fn is_served(&self) -> bool {
        self.version.major == SERVED.major && self.version.minor <= SERVED.minor && self.version.pre.is_empty()
    }

    fn may_be_imported(&self) -> bool {
        IMPORTS.iter().any(|&(name, since)| name == self.name && since <= self.version.minor)
    }

    fn unserved(&self, name: &str) -> PolicyError {
        PolicyError::Version { interface: plain(name, LONGEST_NAME), served: format!("{PACKAGE}@{SERVED}") }
    }
}
