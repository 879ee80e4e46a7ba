//! Builds policies: cargo compiles the source to a core module, which becomes a component with a name and a version. What
//! other languages have built gets a name and a version too.
//!
//! The build script of `callsign-engine` builds the standard policy with it, `callsign policy build` a tenant's policy.

#![forbid(unsafe_code)]

#[cfg(feature = "javascript")]
pub mod javascript;
#[cfg(feature = "javascript")]
mod javascript_shims;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use wit_component::ComponentEncoder;

/// The target that policies are compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// A cargo command that builds a policy with these flags for rustc. The settings of an outer build do not reach it.
pub fn cargo(flags: &[String]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--target", TARGET])
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_BUILD_RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PROFILE_") || name.starts_with("CARGO_FEATURE_")) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// The flags for rustc: a small stack, and no paths of these folders in the component.
pub fn flags(folders: &[(PathBuf, String)]) -> Vec<String> {
    let mut flags = vec![
        // The stack is first in memory and small: an overflow traps instead of overwriting data, and a fresh instance
        // touches fewer pages.
        "-Clink-arg=-zstack-size=65536".to_owned(),
        "-Clink-arg=--stack-first".to_owned(),
        // What the allocator asks for at first is there: the memory of a small policy never grows.
        "-Clink-arg=--initial-heap=65536".to_owned(),
    ];
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    flags.extend(folders.iter().map(|(from, to)| remap(from, to)));
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    if let Some(registry) = home.map(|home| home.join("registry/src")) {
        for source in fs::read_dir(registry).into_iter().flatten().flatten() {
            flags.push(remap(&source.path(), "/crates"));
        }
    }
    flags
}

/// Whether [`TARGET`] is installed.
pub fn target_is_installed() -> Result<bool> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let output = output.context("cannot run rustc")?;
    let folder = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    Ok(output.status.success() && fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()))
}

/// Makes a core module a component with a name and a version.
pub fn encode(module: &[u8], name: &str, version: &str) -> Result<Vec<u8>> {
    let component = ComponentEncoder::default()
        .validate(true)
        // A component imports no later version of the contract than it uses.
        .merge_imports_based_on_semver(false)
        .module(module)?
        .encode()?;
    stamp(&component, name, version, &[])
}

/// Says in a component's metadata which revision of its source it was made from, in place of what was said before.
pub fn stamp_revision(component: &[u8], revision: &str) -> Vec<u8> {
    // The section that `wasm-tools metadata` writes and reads.
    let section = wasm_encoder::CustomSection { name: "revision".into(), data: revision.as_bytes().into() };
    let mut component = component.to_vec();
    component.push(wasm_encoder::ComponentSection::id(&section));
    wasm_encoder::Encode::encode(&section, &mut component);
    component
}

/// Gives a component a name and a version, and says which tools made it, each with its version.
pub fn stamp(component: &[u8], name: &str, version: &str, made_by: &[(&str, &str)]) -> Result<Vec<u8>> {
    let mut metadata = wasm_metadata::AddMetadata::default();
    metadata.name = wasm_metadata::AddMetadataField::Set(name.into());
    metadata.processed_by = made_by.iter().map(|&(tool, version)| (tool.into(), version.into())).collect();
    let mut component = metadata.to_wasm(component)?;
    // The section that `wasm-tools metadata` writes and reads.
    let section = wasm_encoder::CustomSection { name: "version".into(), data: version.as_bytes().into() };
    component.push(wasm_encoder::ComponentSection::id(&section));
    wasm_encoder::Encode::encode(&section, &mut component);
    ensure!(!component.is_empty(), "an empty component");
    Ok(component)
}
