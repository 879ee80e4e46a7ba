//! The same selection of senders in other engines, checked on the worlds that the host's benches write. The bench `peers` measures
//! them. Each engine is a feature of this package, so that the rest is built and tested without them.
#![forbid(unsafe_code)]

pub mod check;
#[cfg(any(feature = "luajit", feature = "quickjs"))]
mod deadline;
pub mod engine;
#[cfg(feature = "extism")]
mod extism;
#[cfg(feature = "extism")]
mod floor;
#[cfg(feature = "luajit")]
mod luajit;
mod native;
#[cfg(any(feature = "luajit", feature = "quickjs"))]
mod plain;
pub mod promises;
#[cfg(feature = "quickjs")]
mod quickjs;
#[cfg(feature = "regorus")]
mod regorus;
#[cfg(feature = "rhai")]
mod rhai;
pub mod version;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use peers_world::{World, sample};

/// The sizes of pools that there are worlds of.
pub const POOLS: [u32; 3] = [10, 100, 1000];

/// The folder of the worlds, and of what the report reads.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/bench")
}

/// The plug-in for Extism.
pub fn plugin() -> PathBuf {
    folder().join("../peers/wasm32-unknown-unknown/plugin/peers_plugin.wasm")
}

fn world_file(folder: &Path, pool: u32) -> PathBuf {
    folder.join(format!("world-{pool}.json"))
}

/// Reads the world with a pool of this size.
///
/// # Errors
/// There is none, it is no world, or it has no requests.
pub fn read_world(folder: &Path, pool: u32) -> anyhow::Result<World> {
    let path = world_file(folder, pool);
    let text = fs::read(&path)
        .with_context(|| format!("cannot read {}: a bench of the host writes it (`make bench`)", path.display()))?;
    let world: World = serde_json::from_slice(&text).with_context(|| format!("{} is no world", path.display()))?;
    if world.requests.is_empty() {
        bail!("{} has no requests", path.display());
    }
    Ok(world)
}

/// Writes worlds from a seed, to try the engines without the host.
///
/// # Errors
/// A file that cannot be written.
pub fn write_samples(folder: &Path, seed: u64) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for pool in POOLS {
        let path = world_file(folder, pool);
        let text = serde_json::to_string(&sample::world(seed, pool, 1_000))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
