//! Builds the standard policy from source and makes a component of it.
//!
//! `CALLSIGN_COMPONENT` may say `committed` (take the committed copy), `renew` (write it) or `compare` (fail where it is
//! not what the source gives). Unset: build from source.
//!
//! Where the target `wasm32-unknown-unknown` is not installed the committed copy takes its place, with a warning. The
//! copy must be what the source gives, byte for byte: `make component` renews it and CI compares.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use wit_component::ComponentEncoder;

const TARGET: &str = "wasm32-unknown-unknown";
const NAME: &str = "callsign-standard";

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let committed = root.join("guest/component/standard.wasm");
    for path in ["guest/sdk", "guest/standard", "guest/component", "wit", "Cargo.toml", "Cargo.lock"] {
        println!("cargo:rerun-if-changed={}", root.join(path).display());
    }
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CALLSIGN_COMPONENT");
    let out = PathBuf::from(env::var("OUT_DIR")?).join("standard.wasm");
    let use_committed = env::var("CALLSIGN_COMPONENT").is_ok_and(|choice| choice == "committed");
    if use_committed || !target_is_installed()? {
        if !use_committed {
            println!(
                "cargo:warning=the target {TARGET} is not installed: using the committed component. To build it from \
                 source: rustup target add {TARGET}"
            );
        }
        fs::copy(&committed, &out).with_context(|| format!("the committed component {}", committed.display()))?;
        return Ok(());
    }
    let component = build(&root)?;
    fs::write(&out, &component)?;
    match env::var("CALLSIGN_COMPONENT").as_deref() {
        Ok("renew") => fs::write(&committed, &component)?,
        Ok("compare") => ensure!(
            fs::read(&committed)? == component,
            "the committed component is not what the source gives: `make component` renews it"
        ),
        _ => {}
    }
    Ok(())
}

fn target_is_installed() -> Result<bool> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output()?;
    let folder = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    Ok(output.status.success() && fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()))
}

fn build(root: &Path) -> Result<Vec<u8>> {
    // A folder of its own: this build runs inside another that holds the lock on the usual one.
    let target_dir = PathBuf::from(env::var("OUT_DIR")?).join("guest");
    let root = root.canonicalize()?;
    let mut flags = vec![
        // The shadow stack comes first and is small: an overflow traps instead of overwriting data, and a fresh
        // instance touches fewer pages.
        "-Clink-arg=-zstack-size=65536".to_owned(),
        "-Clink-arg=--stack-first".to_owned(),
        // The same bytes wherever the source lies.
        format!("--remap-path-prefix={}=/callsign", root.display()),
    ];
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    if let Some(registry) = home.map(|home| home.join("registry/src")) {
        for source in fs::read_dir(registry).into_iter().flatten().flatten() {
            flags.push(format!("--remap-path-prefix={}=/crates", source.path().display()));
        }
    }
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(&root)
        .args(["build", "--locked", "--package", NAME, "--target", TARGET, "--profile", "guest"])
        .arg("--target-dir")
        .arg(&target_dir)
        // What concerns the build outside must not leak into this one.
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
    let output = cargo.output().context("cargo for the standard policy")?;
    if !output.status.success() {
        bail!("the standard policy does not build:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let module = target_dir.join(TARGET).join("guest/callsign_standard.wasm");
    let module = fs::read(&module).with_context(|| module.display().to_string())?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.encode())
        .context("a component from the standard policy")?;

    let mut metadata = wasm_metadata::AddMetadata::default();
    metadata.name = wasm_metadata::AddMetadataField::Set(NAME.into());
    let mut component = metadata.to_wasm(&component)?;
    // The section of the tool conventions that `wasm-tools metadata` writes and reads.
    let version = version(&root)?;
    let section = wasm_encoder::CustomSection { name: "version".into(), data: version.as_bytes().into() };
    component.push(wasm_encoder::ComponentSection::id(&section));
    wasm_encoder::Encode::encode(&section, &mut component);
    ensure!(!component.is_empty(), "an empty component");
    Ok(component)
}

/// The version of the standard policy, from its manifest.
fn version(root: &Path) -> Result<String> {
    let manifest = fs::read_to_string(root.join("guest/standard/Cargo.toml"))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("version = "));
    Ok(line.context("the standard policy has a version")?.trim_matches('"').to_owned())
}
