//! Which version of an engine was built.

use anyhow::Context;
use serde::Deserialize;

const LOCK: &str = include_str!("../../Cargo.lock");

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// The version of a package in the lock file that this was built with.
///
/// # Errors
/// The lock file does not have it.
pub fn of(package: &str) -> anyhow::Result<String> {
    let lock: Lock = toml::from_str(LOCK).context("Cargo.lock")?;
    let found = lock.package.into_iter().find(|locked| locked.name == package);
    Ok(found.with_context(|| format!("{package} is not in Cargo.lock"))?.version)
}

#[cfg(test)]
mod tests {
    use crate::engine::ENGINES;

    #[test]
    fn every_engine_has_one() {
        for engine in ENGINES {
            assert!(super::of(engine.package).is_ok(), "{}", engine.package);
        }
    }
}
