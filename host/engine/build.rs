//! Builds the standard policy from source and makes a component of it.
//!
//! `CALLSIGN_COMPONENT` may say `committed` (take the committed copy), `renew` (write it) or `compare` (fail where it is
//! not what the source gives). Unset: build from source.
//!
//! Where the target `wasm32-unknown-unknown` is not installed the committed copy takes its place, with a warning. The
//! copy must be what the source gives, byte for byte: `make component` renews it and CI compares.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

use callsign_componentize::{TARGET, target_is_installed};

const NAME: &str = "callsign-standard";

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let committed = root.join("guest/component/standard.wasm");
    for path in ["guest/sdk", "guest/standard", "guest/component", "wit", "data", "Cargo.toml", "Cargo.lock"] {
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

fn build(root: &Path) -> Result<Vec<u8>> {
    // A folder of its own: this build runs inside another that holds the lock on the usual one.
    let target_dir = PathBuf::from(env::var("OUT_DIR")?).join("guest");
    let root = root.canonicalize()?;
    let flags = callsign_componentize::flags(&[(root.clone(), "/callsign".into())]);
    let output = callsign_componentize::cargo(&flags)
        .current_dir(&root)
        .args(["--locked", "--package", NAME, "--features", "component", "--profile", "guest"])
        .arg("--target-dir")
        .arg(&target_dir)
        .output()
        .context("cargo for the standard policy")?;
    if !output.status.success() {
        bail!("the standard policy does not build:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let module = target_dir.join(TARGET).join("guest/callsign_standard.wasm");
    let module = fs::read(&module).with_context(|| module.display().to_string())?;
    callsign_componentize::encode(&module, NAME, &version(&root)?).context("a component from the standard policy")
}

/// The version of the standard policy, from its manifest.
fn version(root: &Path) -> Result<String> {
    let manifest = fs::read_to_string(root.join("guest/standard/Cargo.toml"))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("version = "));
    Ok(line.context("the standard policy has a version")?.trim_matches('"').to_owned())
}
