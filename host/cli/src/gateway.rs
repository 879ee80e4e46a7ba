//! Makes the gateway that a command decides with, from the files that its arguments name.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use callsign::{
    Catalog, CatalogError, CompiledCache, Compiler, Gateway, GatewayError, Limits, MemoryStore, Policy, PolicyError,
};

use callsign_replay::catalog_name;
use serde::de::IgnoredAny;

use crate::args::GatewayArguments;
use crate::exit::{Stop, say};
use crate::policy_log;
use crate::sticky::IfMissing;

/// Loads the catalog and the policy, and opens the pins. If no store of pins is named they are kept in memory. For a decision
/// log the catalog has the name that finds it again.
pub(crate) fn load(deciding: &GatewayArguments, missing: IfMissing, named: bool) -> Result<Gateway, Stop> {
    policy_log::show(deciding.policy_log);
    let numbering = deciding.numbering.load()?;
    let bytes = Catalog::read_file(&deciding.catalog);
    let catalog = match bytes.and_then(|bytes| Ok((Catalog::from_slice(&bytes)?, named.then(|| catalog_name(&bytes)))))
    {
        Ok((catalog, None)) => catalog.with_numbering(numbering),
        Ok((catalog, Some(name))) => catalog.with_numbering(numbering).named(name),
        Err(error) => return Err(refused_catalog(&deciding.catalog, error)),
    };
    let policy = match &deciding.policy {
        Some(path) => component(path)?.with_log_budget(policy_log::budget()),
        None => CompiledCache::of_user().standard().map_err(Stop::failed)?,
    };
    let limits = deciding.deadline.of(policy.limits().clone());
    let policy = policy.with_limits(limits);
    let policy = match &deciding.settings {
        Some(path) => with_settings(policy, path)?,
        None => policy,
    };
    let sticky = match deciding.sticky.open(missing)? {
        Some(store) => store,
        None => Arc::new(MemoryStore::new()),
    };
    Gateway::with(catalog, policy, sticky).map_err(|error| match error {
        GatewayError::Catalog(_) => Stop::refused(error),
        GatewayError::Policy(PolicyError::Settings { .. }) => {
            Stop::refused(error).hint("Give the policy its settings, a JSON file, after --settings.")
        }
        GatewayError::Policy(PolicyError::Start { .. }) => Stop::refused(error),
        _ => Stop::failed(error),
    })
}

/// Gives a policy the settings in a file.
pub(crate) fn with_settings(policy: Policy, path: &Path) -> Result<Policy, Stop> {
    let text = fs::read_to_string(path).map_err(|error| {
        unreadable("the settings", path, error).hint("Give the path of a JSON file after --settings.")
    })?;
    let refused = |error: anyhow::Error| Stop::refused(error.context(format!("the settings {}", path.display())));
    if let Err(error) = serde_json::from_str::<IgnoredAny>(&text) {
        return Err(refused(anyhow::anyhow!("not JSON: {error}")));
    }
    let label = policy.label().to_owned();
    policy.with_settings(&text).map_err(|error| match error {
        PolicyError::Settings { reason } => refused(anyhow::anyhow!("{label} does not accept them: {reason}")),
        error => refused(anyhow::Error::new(error).context(label)),
    })
}

/// Compiles the component in a file.
pub(crate) fn component(path: &Path) -> Result<Policy, Stop> {
    let bytes = fs::read(path);
    let bytes = bytes.map_err(|source| refused_policy(path, PolicyError::Read { path: path.to_owned(), source }))?;
    let compiled = CompiledCache::off().with_compiler(compiler()?);
    compiled.policy(&bytes, Limits::default()).map_err(|error| refused_policy(path, error))
}

/// Components are compiled by this program in a process of its own, which the system limits.
pub(crate) fn compiler() -> Result<Compiler, Stop> {
    Compiler::this_program(["compile-module"]).map_err(Stop::failed)
}

/// Prints all faults of a catalog, one a line: `FILE:LINE:COLUMN: PATH: MESSAGE`.
pub(crate) fn refused_catalog(path: &Path, error: CatalogError) -> Stop {
    let file = path.display();
    match error {
        CatalogError::Faults(faults) => {
            let mut text = String::new();
            for fault in &faults {
                // Writing to a string does not fail.
                let _ = writeln!(text, "{file}:{fault}");
            }
            let more = match faults.omitted() {
                0 => String::new(),
                more => format!(", {more} of them not listed"),
            };
            let (total, ending) = (faults.total(), if faults.total() == 1 { "" } else { "s" });
            let _ = writeln!(text, "callsign: the catalog {file} has {total} fault{ending}{more}");
            say(&text);
            Stop::refused_and_reported()
        }
        CatalogError::Syntax { line, column, message, .. } => {
            say(&format!("{file}:{line}:{column}: $: not JSON: {message}\n"));
            Stop::refused_and_reported()
        }
        CatalogError::Read { source, .. } => unreadable("the catalog", path, source)
            .hint("Give the path of a catalog file after --catalog; `callsign check --catalog FILE` checks it."),
        error => Stop::refused(anyhow::Error::new(error).context(file.to_string())),
    }
}

pub(crate) fn refused_policy(path: &Path, error: PolicyError) -> Stop {
    match error {
        PolicyError::Read { source, .. } => unreadable("the policy", path, source)
            .hint("Give the path of a component after --policy, or leave --policy out for the standard policy."),
        PolicyError::Engine { .. } | PolicyError::Compiler { .. } => Stop::failed(error),
        error => {
            let hint = match error {
                PolicyError::NotAComponent { .. } => Some(
                    "`callsign policy build` builds the component of a policy's crate, `callsign policy new` writes one.",
                ),
                _ => None,
            };
            let stop = Stop::refused(anyhow::Error::new(error).context(format!("the policy {}", path.display())));
            match hint {
                Some(hint) => stop.hint(hint),
                None => stop,
            }
        }
    }
}

/// The error for a file that cannot be read.
pub(crate) fn unreadable(what: &str, path: &Path, source: io::Error) -> Stop {
    Stop::refused(anyhow::Error::new(source).context(format!("cannot read {what} {}", path.display())))
}
