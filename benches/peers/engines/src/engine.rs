//! What is asked of every engine, and which there are.

use std::fmt;
use std::hint::black_box;
use std::path::Path;

use anyhow::Context;
use peers_world::{Message, World};
use serde::Serialize;

use crate::{extism, luajit, native, quickjs, regorus, rhai};

/// A selection that is ready to decide.
pub(crate) trait Engine {
    /// Decides.
    fn decide(&mut self, message: &Message) -> anyhow::Result<Option<u32>>;

    /// Decides so many messages, beginning anew where they end: what is measured. It is here so that the loop is
    /// compiled for each engine and no engine pays for a call through a table.
    fn decide_all(&mut self, messages: &[Message], count: usize) -> anyhow::Result<()> {
        for message in messages.iter().cycle().take(count) {
            black_box(self.decide(black_box(message))?);
        }
        Ok(())
    }
}

/// How much an engine has prepared before it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// Everything that does not depend on the recipient.
    Indexed,
    /// Nothing: every decision goes over all strategies and senders.
    Scanning,
}

impl Form {
    pub(crate) const ALL: [Self; 2] = [Self::Indexed, Self::Scanning];
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Indexed => "indexed",
            Self::Scanning => "scanning",
        })
    }
}

/// An engine that can be compared.
pub(crate) struct Peer {
    /// Its name in the report.
    pub(crate) name: &'static str,
    /// The package whose version is reported.
    pub(crate) package: &'static str,
    build: fn(&World, Form, &Path) -> anyhow::Result<Box<dyn Engine>>,
}

impl Peer {
    /// Makes a selection of a world. `plugin` is where the plug-in for Extism is.
    pub(crate) fn build(&self, world: &World, form: Form, plugin: &Path) -> anyhow::Result<Box<dyn Engine>> {
        (self.build)(world, form, plugin).with_context(|| format!("{}, {form}", self.name))
    }
}

/// Every engine.
pub(crate) const ENGINES: [Peer; 6] = [
    Peer { name: "native Rust", package: "peers-world", build: |world, form, _| native::build(world, form) },
    Peer { name: "LuaJIT (mlua)", package: "mlua", build: |world, form, _| luajit::build(world, form) },
    Peer { name: "QuickJS (rquickjs)", package: "rquickjs", build: |world, form, _| quickjs::build(world, form) },
    Peer { name: "Extism", package: "extism", build: extism::build },
    Peer { name: "Regorus RVM", package: "regorus", build: |world, form, _| regorus::build(world, form) },
    Peer { name: "Rhai", package: "rhai", build: |world, form, _| rhai::build(world, form) },
];
