//! Builds the standard policy from source, as a component, and writes the contract as core functions (`build/core_abi.rs`).
//!
//! The variable `CALLSIGN_COMPONENT` changes this: with `committed` the committed copy is used instead, with `renew` it
//! is overwritten, and with `compare` the build fails if it is not the same as the built one.
//!
//! In a package of the registry there is no source of it, and the committed copy is all that there is.
//!
//! If the target `wasm32-unknown-unknown` is not installed, the committed copy is used, with a warning. It must be the
//! same as the built one, byte for byte: `make component` renews it, and CI compares them.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

use callsign_componentize::{TARGET, target_is_installed};

#[path = "build/core_abi.rs"]
mod core_abi;

const NAME: &str = "callsign-standard";

fn main() -> Result<()> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contract = package.join("wit/policy.wit");
    println!("cargo:rerun-if-changed={}", contract.display());
    println!("cargo:rerun-if-changed=build/core_abi.rs");
    let abi = core_abi::generate(&contract).context("the contract cannot be written as core functions")?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("core_abi.rs"), abi)?;
    let root = package.join("../..");
    // A link to `guest/component` in the repository, a file in a package.
    let committed = package.join("component/standard.wasm");
    println!("cargo:rerun-if-changed={}", committed.display());
    let out = PathBuf::from(env::var("OUT_DIR")?).join("standard.wasm");
    if !root.join("guest/standard/Cargo.toml").is_file() {
        return copy(&committed, &out);
    }
    for path in ["guest/sdk", "guest/standard", "guest/component", "wit", "data", "Cargo.toml", "Cargo.lock"] {
        println!("cargo:rerun-if-changed={}", root.join(path).display());
    }
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CALLSIGN_COMPONENT");
    let use_committed = env::var("CALLSIGN_COMPONENT").is_ok_and(|choice| choice == "committed");
    if use_committed || !target_is_installed()? {
        if !use_committed {
            println!(
                "cargo:warning=the target {TARGET} is not installed: using the committed component. To build it from \
                 source: rustup target add {TARGET}"
            );
        }
        return copy(&committed, &out);
    }
    let component = build(&root)?;
    fs::write(&out, &component)?;
    match env::var("CALLSIGN_COMPONENT").as_deref() {
        Ok("renew") => fs::write(&committed, &component)?,
        Ok("compare") => ensure!(
            fs::read(&committed)? == component,
            "the committed component is not the same as the built one; renew it with `make component`"
        ),
        _ => {}
    }
    Ok(())
}

fn copy(committed: &Path, out: &Path) -> Result<()> {
    fs::copy(committed, out).with_context(|| format!("cannot copy the committed component {}", committed.display()))?;
    Ok(())
}

fn build(root: &Path) -> Result<Vec<u8>> {
    // Its own folder: this runs inside a build that holds the lock on the usual one.
    let target_dir = PathBuf::from(env::var("OUT_DIR")?).join("guest");
    let root = root.canonicalize()?;
    let flags = callsign_componentize::flags(&[(root.clone(), "/callsign".into())]);
    let output = callsign_componentize::cargo(&flags)
        .current_dir(&root)
        .args(["--locked", "--package", NAME, "--features", "component", "--profile", "guest"])
        .arg("--target-dir")
        .arg(&target_dir)
        .output()
        .context("cannot run cargo to build the standard policy")?;
    if !output.status.success() {
        bail!("the standard policy does not build:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let module = target_dir.join(TARGET).join("guest/callsign_standard.wasm");
    let module = fs::read(&module).with_context(|| module.display().to_string())?;
    callsign_componentize::encode(&module, NAME, &version(&root)?)
        .context("cannot make a component of the standard policy")
}

/// The version of the standard policy, from its manifest.
fn version(root: &Path) -> Result<String> {
    let manifest = fs::read_to_string(root.join("guest/standard/Cargo.toml"))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("version = "));
    Ok(line.context("guest/standard/Cargo.toml has no line `version = `")?.trim_matches('"').to_owned())
}
