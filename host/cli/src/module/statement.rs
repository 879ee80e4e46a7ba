//! `callsign module statement`: what signatures of a component are over.

use std::path::Path;

use anyhow::anyhow;
use callsign::{Inspection, ModuleDigest};
use callsign_signature::Statement;

use crate::exit::{Exit, Stop, print};
use crate::gateway::refused_policy;

pub(super) const STATEMENT: &str = "\
The statement has the component's name, version and SHA-256. `callsign module sign`
signs it, and so does the ordinary tool:

  callsign module statement acme.wasm > acme.statement
  minisign -S -s release.key -m acme.statement -x acme.wasm.minisig

Exit codes:
  0  printed
  2  bad input: a file that is no component, or has no name or version";

pub(super) fn run(file: &Path) -> Result<Exit, Stop> {
    let statement = of(file, &super::read(file)?)?;
    print(&statement.to_string()).map(|()| Exit::Done)
}

/// What signatures of a component are over.
pub(crate) fn of(file: &Path, component: &[u8]) -> Result<Statement, Stop> {
    let Inspection { name, version, .. } = Inspection::of(component).map_err(|error| refused_policy(file, error))?;
    let (Some(name), Some(version)) = (name, version) else {
        let error = anyhow!("{} has no name or no version in its metadata", file.display());
        return Err(Stop::refused(error).hint("`callsign policy build` gives a component both."));
    };
    let digest = ModuleDigest::of(component).to_string();
    Statement::new(&name, &version, &digest)
        .map_err(|error| Stop::refused(anyhow::Error::new(error).context(file.display().to_string())))
}
