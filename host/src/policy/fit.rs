//! Whether a component fits the contract: told from its type, before anything of it runs.

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use super::module::PolicyError;

/// The package and the version that this host serves.
const PACKAGE: &str = "callsign:policy";
const MAJOR: u64 = 1;
const SERVED: &str = "1.0.0";
const EXPORT: &str = "policy";
const IMPORTS: [&str; 7] = ["log", "messages", "senders", "settings", "sticky", "strategies", "types"];

/// What of the optional parts of the contract a component has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fit {
    /// It exports `explain`.
    pub(crate) explains: bool,
    /// It imports `messages`: the host keeps the texts of messages at hand for it.
    pub(crate) reads_texts: bool,
}

/// Checks the imports and exports of a component.
pub(crate) fn check(engine: &wasmtime::Engine, component: &Component) -> Result<Fit, PolicyError> {
    let ty = component.component_type();
    let mut excess = Vec::new();
    let mut reads_texts = false;
    for (name, _) in ty.imports(engine) {
        match Interface::parse(name) {
            Some(interface) if interface.major != MAJOR => return Err(interface.unserved(name)),
            Some(interface) if IMPORTS.contains(&interface.name) => reads_texts |= interface.name == "messages",
            _ => excess.push(name.to_owned()),
        }
    }
    if !excess.is_empty() {
        return Err(PolicyError::Imports { excess });
    }
    let (mut decides, mut explains) = (false, false);
    for (name, item) in ty.exports(engine) {
        // Tool chains of some languages leave an extra export: what the host does not call does not matter.
        if let (Some(interface), ComponentItem::ComponentInstance(_)) = (Interface::parse(name), item.ty) {
            if interface.major != MAJOR {
                return Err(interface.unserved(name));
            }
            decides |= interface.name == EXPORT;
            explains |= interface.name == "explain";
        }
    }
    if !decides {
        return Err(PolicyError::Exports { missing: format!("{PACKAGE}/{EXPORT}@{SERVED}") });
    }
    Ok(Fit { explains, reads_texts })
}

struct Interface<'a> {
    name: &'a str,
    major: u64,
}

impl<'a> Interface<'a> {
    /// Reads `callsign:policy/name@1.2.3`; none for an interface of another package.
    fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix(PACKAGE)?.strip_prefix('/')?;
        let (name, version) = rest.split_once('@')?;
        Some(Self { name, major: version.split('.').next()?.parse().ok()? })
    }

    fn unserved(&self, name: &str) -> PolicyError {
        PolicyError::Version { interface: name.to_owned(), served: format!("{PACKAGE}@{SERVED}") }
    }
}
