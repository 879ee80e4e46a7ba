//! Checks that a component fits the contract, by its type: nothing of it runs.

use callsign_catalog::escape;
use semver::Version;
use wasmtime::component::types::{self, ComponentInstance, ComponentItem};
use wasmtime::component::{Component, ComponentNamedList, Lift, Lower};

use crate::bindings::contract::types::{Answer, Request};
use crate::bindings::explain::Trace;
use crate::bindings::exports::callsign::policy::policy::Wording;
use crate::error::PolicyError;

/// The package of the contract, and the newest version that this host serves. It serves all earlier ones of the same
/// major version.
const PACKAGE: &str = "callsign:policy";
const SERVED: Version = Version::new(1, 1, 0);
const EXPORT: &str = "policy";

/// How many names an error lists, and the most characters of each.
const MAX_NAMES: usize = 20;
const MAX_NAME: usize = 200;

/// The interfaces that a policy may import, each with the minor version that added it.
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

/// The parts of the contract that a component uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContractFit {
    /// The highest version among its interfaces.
    pub(crate) interface: Version,
    /// Whether it exports `explain`.
    pub(crate) explains: bool,
    /// Whether it imports `messages`, and so needs the texts of messages.
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
            _ if excess.len() < MAX_NAMES => excess.push(escape::line(name, MAX_NAME)),
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
        // Exports outside the contract are allowed: the tools of some languages leave an extra one.
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

    /// Whether this host serves the version. A minor version only adds imports, so all up to the host's own are served.
    fn is_served(&self) -> bool {
        self.version.major == SERVED.major && self.version.minor <= SERVED.minor && self.version.pre.is_empty()
    }

    fn may_be_imported(&self) -> bool {
        IMPORTS.iter().any(|&(name, since)| name == self.name && since <= self.version.minor)
    }

    fn unserved(&self, name: &str) -> PolicyError {
        PolicyError::Version { interface: escape::line(name, MAX_NAME), served: format!("{PACKAGE}@{SERVED}") }
    }
}
