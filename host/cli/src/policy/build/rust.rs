//! Builds the component of a policy's crate, with cargo.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::{env, fs};

use anyhow::{Context, anyhow};
use callsign_componentize::{self as componentize, TARGET};
use serde::Deserialize;

use super::{Built, no_policy};
use crate::exit::Stop;

/// The build profile of a component, whatever profile the workspace of the crate has.
const PROFILE: [&str; 5] = ["opt-level=3", "lto=\"fat\"", "codegen-units=1", "panic=\"abort\"", "strip=true"];

/// What a crate that is no policy lacks.
const NO_POLICY: &str = "A policy implements `callsign_policy::Policy` and ends with `callsign_policy::policy!(...);`.";

/// The part of `cargo metadata` that is needed.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
    /// None for a path dependency.
    source: Option<String>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

/// Compiles the crate, and makes a component of it.
pub(super) fn build(folder: &Path, features: &[String]) -> Result<Built, Stop> {
    let manifest = folder.join("Cargo.toml");
    let manifest = manifest.canonicalize().with_context(|| manifest.display().to_string()).map_err(Stop::failed)?;
    if !componentize::target_is_installed().map_err(Stop::failed)? {
        let stop = Stop::failed(anyhow!("policies are compiled for {TARGET}, which is not installed"));
        return Err(stop.hint(format!("Install it: rustup target add {TARGET}")));
    }
    let metadata = metadata(&manifest)?;
    let Some(package) = metadata.packages.iter().find(|package| package.manifest_path == manifest) else {
        return Err(Stop::refused(anyhow!("{} is a workspace, not a package", folder.display()))
            .hint("Give the folder of one of its packages."));
    };
    let is_cdylib = |target: &&Target| target.crate_types.iter().any(|kind| kind == "cdylib");
    let Some(target) = package.targets.iter().find(is_cdylib) else {
        return Err(Stop::refused(anyhow!("{} gives no WebAssembly module", package.name))
            .hint("Put `crate-type = [\"cdylib\", \"rlib\"]` under [lib] in its Cargo.toml."));
    };

    compile(&metadata, &manifest, features)?;
    let module = format!("{}.wasm", target.name.replace('-', "_"));
    let module = metadata.target_directory.join(TARGET).join("release").join(module);
    let module = fs::read(&module).with_context(|| module.display().to_string()).map_err(Stop::failed)?;
    let component = componentize::encode(&module, &package.name, &package.version)
        .map_err(|error| no_policy(&package.name, NO_POLICY, error))?;
    Ok(Built {
        component,
        name: package.name.clone(),
        version: package.version.clone(),
        target: metadata.target_directory,
        hint: NO_POLICY,
    })
}

/// Runs `cargo metadata`. Its messages go to standard error.
fn metadata(manifest: &Path) -> Result<Metadata, Stop> {
    let mut cargo = std::process::Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = cargo
        .args(["metadata", "--format-version", "1", "--filter-platform", TARGET, "--manifest-path"])
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo");
    let output = output.map_err(Stop::failed)?;
    if !output.status.success() {
        return Err(Stop::refused(anyhow!("cargo cannot read {}", manifest.display())));
    }
    serde_json::from_slice(&output.stdout).context("cannot read the output of cargo metadata").map_err(Stop::failed)
}

fn compile(metadata: &Metadata, manifest: &Path, features: &[String]) -> Result<(), Stop> {
    // Panic messages name the crate's own files from its workspace, and files of other folders by the name of their
    // crate.
    let mut folders = vec![
        (metadata.workspace_root.clone(), ".".to_owned()),
        (metadata.target_directory.clone(), "/target".to_owned()),
    ];
    for package in metadata.packages.iter().filter(|package| package.source.is_none()) {
        match package.manifest_path.parent() {
            Some(folder) if !folder.starts_with(&metadata.workspace_root) => {
                folders.push((folder.to_owned(), format!("/{}", package.name)));
            }
            _ => {}
        }
    }
    let mut cargo = componentize::cargo(&componentize::flags(&folders));
    cargo.args(["--lib", "--release", "--manifest-path"]).arg(manifest);
    for setting in PROFILE {
        cargo.arg("--config").arg(format!("profile.release.{setting}"));
    }
    if !features.is_empty() {
        cargo.arg("--features").arg(features.join(","));
    }
    // Standard output is only for the path of the component.
    let status = cargo.stdout(Stdio::null()).status().context("cannot run cargo").map_err(Stop::failed)?;
    if status.success() { Ok(()) } else { Err(Stop::refused(anyhow!("{} does not build", manifest.display()))) }
}
