//! `callsign policy build`: builds the component of a policy's project.

mod javascript;
mod python;
mod revision;
mod rust;
mod tool;

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::Context;
use callsign::Policy;

use super::author_limits;
use super::language::Language;
use crate::exit::{Exit, Stop, print, say};

/// A component that was built, and whose it is.
struct Built {
    component: Vec<u8>,
    name: String,
    version: String,
    /// The folder of what is built.
    target: PathBuf,
    /// What a project that gives no policy lacks.
    hint: &'static str,
}

pub(super) fn run(folder: &Path, features: &[String], out: Option<&Path>) -> Result<Exit, Stop> {
    let path = build(folder, features, out)?;
    print(&format!("{}\n", path.display()))?;
    Ok(Exit::Done)
}

/// Builds the component of a project, in whatever language it is: its path, relative to the current folder if it is inside.
pub(super) fn build(folder: &Path, features: &[String], out: Option<&Path>) -> Result<PathBuf, Stop> {
    let language = Language::of_project(folder)?;
    let mut built = match language {
        Language::Rust => rust::build(folder, features)?,
        Language::JavaScript => javascript::build(folder)?,
        Language::Python => python::build(folder)?,
    };
    if let Some(revision) = revision::of(folder, language) {
        built.component = callsign_componentize::stamp_revision(&built.component, &revision);
    }
    // A component that no host would accept is not written.
    let policy = Policy::from_bytes_within(&built.component, author_limits())
        .map_err(|error| no_policy(&built.name, built.hint, error.into()))?;
    let path = match out {
        Some(path) => path.to_owned(),
        None => built.target.join(format!("{}-{}.wasm", built.name, built.version)),
    };
    let cannot = || format!("cannot write {}", path.display());
    fs::write(&path, &built.component).with_context(cannot).map_err(Stop::failed)?;
    say(&format!(
        "{}: {} KiB, callsign:policy@{}\n",
        policy.label(),
        built.component.len().div_ceil(1024),
        policy.interface()
    ));
    Ok(near(&path))
}

fn no_policy(name: &str, hint: &str, error: anyhow::Error) -> Stop {
    Stop::refused(error.context(format!("{name} is no policy"))).hint(hint)
}

/// The path relative to the current folder, if it is inside of it.
fn near(path: &Path) -> PathBuf {
    let here = env::current_dir().and_then(|here| here.canonicalize());
    here.ok().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path).to_owned()
}
