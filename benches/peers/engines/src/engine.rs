//! What is asked of every engine, and which there are.

use std::fmt;
use std::hint::black_box;
use std::path::Path;

use anyhow::Context;
use peers_world::{Message, World};

use crate::native;

/// A selection that is ready to decide.
pub trait Engine {
    /// Decides.
    ///
    /// # Errors
    /// The engine failed.
    fn decide(&mut self, message: &Message) -> anyhow::Result<Option<u32>>;

    /// Decides so many messages, beginning anew where they end: what is measured. It is here so that the loop is
    /// compiled for each engine and no engine pays for a call through a table.
    ///
    /// # Errors
    /// The engine failed.
    fn decide_all(&mut self, messages: &[Message], count: usize) -> anyhow::Result<()> {
        for message in messages.iter().cycle().take(count) {
            black_box(self.decide(black_box(message))?);
        }
        Ok(())
    }
}

/// How much an engine has prepared before it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Everything that does not depend on the recipient.
    Indexed,
    /// Nothing: every decision goes over all strategies and senders.
    Scanning,
}

impl Form {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Indexed, Self::Scanning];
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
pub struct Peer {
    /// Its part of the benchmark's name.
    pub id: &'static str,
    /// Its name in the report.
    pub name: &'static str,
    /// The package whose version is reported.
    pub package: &'static str,
    build: fn(&World, Form, &Path) -> anyhow::Result<Box<dyn Engine>>,
}

impl Peer {
    /// Makes a selection of a world. `plugin` is where the plug-in for Extism is.
    ///
    /// # Errors
    /// The engine does not take its script or the world.
    pub fn build(&self, world: &World, form: Form, plugin: &Path) -> anyhow::Result<Box<dyn Engine>> {
        (self.build)(world, form, plugin).with_context(|| format!("{}, {form}", self.name))
    }
}

/// Every engine that this was built with.
pub const ENGINES: &[Peer] = &[
    Peer {
        id: "native",
        name: "native Rust",
        package: "peers-world",
        build: |world, form, _| native::build(world, form),
    },
    #[cfg(feature = "luajit")]
    Peer {
        id: "luajit",
        name: "LuaJIT (mlua)",
        package: "mlua",
        build: |world, form, _| crate::luajit::build(world, form),
    },
    #[cfg(feature = "quickjs")]
    Peer {
        id: "quickjs",
        name: "QuickJS (rquickjs)",
        package: "rquickjs",
        build: |world, form, _| crate::quickjs::build(world, form),
    },
    #[cfg(feature = "extism")]
    Peer { id: "extism", name: "Extism", package: "extism", build: crate::extism::build },
    #[cfg(feature = "regorus")]
    Peer {
        id: "regorus",
        name: "Regorus RVM",
        package: "regorus",
        build: |world, form, _| crate::regorus::build(world, form),
    },
    #[cfg(feature = "rhai")]
    Peer { id: "rhai", name: "Rhai", package: "rhai", build: |world, form, _| crate::rhai::build(world, form) },
];
