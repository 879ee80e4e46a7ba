//! Extism: a plug-in with pool and pins in its memory, JSON in and out.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use extism::convert::Json;
use extism::{Manifest, Plugin, Wasm};
use peers_world::{Message, World};
use serde::{Deserialize, Serialize};

use crate::engine::{Engine, Form};
use crate::promises::{Attack, MEMORY};

struct Extism(Plugin);

/// What the plug-in is set up with: `{"indexed": the world}`.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Setup {
    Indexed(World),
    Scanning(World),
}

#[derive(Deserialize)]
struct Answer {
    sender: Option<u32>,
}

pub(crate) fn build(world: &World, form: Form, plugin: &Path) -> anyhow::Result<Box<dyn Engine>> {
    of_manifest(&manifest(plugin)?, world, form)
}

/// The same with a timeout and a memory limit.
pub(crate) fn build_limited(world: &World, form: Form, plugin: &Path) -> anyhow::Result<Box<dyn Engine>> {
    // The first call gets the world.
    of_manifest(&limited(plugin, Duration::from_secs(10))?, world, form)
}

fn manifest(plugin: &Path) -> anyhow::Result<Manifest> {
    let module = fs::read(plugin)
        .with_context(|| format!("cannot read the plug-in {}: `make peers` builds it", plugin.display()))?;
    Ok(Manifest::new([Wasm::data(module)]))
}

fn limited(plugin: &Path, timeout: Duration) -> anyhow::Result<Manifest> {
    // In pages of 64 KiB.
    Ok(manifest(plugin)?.with_timeout(timeout).with_memory_max((MEMORY >> 16) as u32))
}

pub(crate) fn attack(attack: Attack, plugin: &Path) -> anyhow::Result<()> {
    // Memory ends before the timeout, however slow the machine is.
    let (timeout, function) = match attack {
        // Nothing can be caught in WebAssembly as Rust compiles it.
        Attack::Endless | Attack::EndlessAndCatches => (Duration::from_millis(50), "never_end"),
        Attack::Memory => (Duration::from_secs(3_600), "take_memory"),
    };
    Plugin::new(limited(plugin, timeout)?, [], false)?.call::<_, ()>(function, ())
}

fn of_manifest(manifest: &Manifest, world: &World, form: Form) -> anyhow::Result<Box<dyn Engine>> {
    let mut plugin = Plugin::new(manifest, [], false)?;
    let world = World { requests: Vec::new(), ..world.clone() };
    let setup = match form {
        Form::Indexed => Setup::Indexed(world),
        Form::Scanning => Setup::Scanning(world),
    };
    plugin.call::<_, ()>("prepare", Json(setup))?;
    Ok(Box::new(Extism(plugin)))
}

impl Engine for Extism {
    fn decide(&mut self, message: &Message) -> anyhow::Result<Option<u32>> {
        let Json(answer) = self.0.call::<_, Json<Answer>>("decide", Json(message))?;
        Ok(answer.sender)
    }
}
