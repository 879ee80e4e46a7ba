//! What is asked of every engine, and which there are.

use std::fmt;
use std::hint::black_box;
use std::path::Path;

use anyhow::Context;
use peers_world::{Message, World};

use crate::native;
use crate::promises::{Attack, Promises};

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

/// An engine that can be compared, with its limits.
pub struct Peer {
    /// Its part of the benchmark's name.
    pub id: &'static str,
    /// Its name in the report.
    pub name: &'static str,
    /// Which limits it has here.
    pub limits: &'static str,
    /// The package whose version is reported.
    pub package: &'static str,
    /// What it holds to.
    pub promises: Promises,
    /// Whether it makes the selection; else it is what any call costs.
    pub selects: bool,
    /// Runs a script that does harm, and fails as the engine stops it; none where nothing would.
    pub attack: Option<fn(Attack, &Path) -> anyhow::Result<()>>,
    build: fn(&World, Form, &Path) -> anyhow::Result<Box<dyn Engine>>,
}

impl Peer {
    /// Makes a selection of a world. `plugin` is where the plug-in for Extism is.
    ///
    /// # Errors
    /// The engine does not take its script or the world.
    pub fn build(&self, world: &World, form: Form, plugin: &Path) -> anyhow::Result<Box<dyn Engine>> {
        (self.build)(world, form, plugin).with_context(|| format!("{}, {}, {form}", self.name, self.limits))
    }

    /// The forms that it is measured in.
    pub fn forms(&self) -> &'static [Form] {
        if self.selects { &Form::ALL } else { &[Form::Indexed] }
    }
}

const NO_LIMITS: &str = "no limits";

/// Every engine that this was built with.
pub const ENGINES: &[Peer] = &[
    Peer {
        id: "native",
        name: "native Rust",
        limits: NO_LIMITS,
        package: "peers-world",
        promises: Promises::NONE,
        selects: true,
        attack: None,
        build: |world, form, _| native::build(world, form),
    },
    #[cfg(feature = "extism")]
    Peer {
        id: "floor",
        name: "wasmtime, a core function that does nothing",
        limits: NO_LIMITS,
        package: "wasmtime",
        promises: Promises {
            deadline: "no",
            memory: "in part: it has none",
            isolation: "yes: it has no imports",
            answers: "no",
        },
        selects: false,
        attack: None,
        build: |_, _, _| crate::floor::build(),
    },
    #[cfg(feature = "luajit")]
    Peer {
        id: "luajit",
        name: "LuaJIT (mlua)",
        limits: NO_LIMITS,
        package: "mlua",
        promises: Promises { isolation: "no: `os` and `io` are there", ..Promises::NONE },
        selects: true,
        attack: None,
        build: |world, form, _| crate::luajit::build(world, form),
    },
    #[cfg(feature = "luajit")]
    Peer {
        id: "luajit-limited",
        name: "LuaJIT (mlua)",
        limits: "a deadline by a hook, its compiler off",
        package: "mlua",
        promises: Promises {
            deadline: "yes, between two instructions: a function of its library, such as `string.rep`, runs to its end",
            memory: "yes",
            isolation: "in part: it has tables, texts and numbers alone, but no sandbox below its own code",
            answers: "no",
        },
        selects: true,
        attack: Some(crate::luajit::attack),
        build: |world, form, _| crate::luajit::build_limited(world, form),
    },
    #[cfg(feature = "quickjs")]
    Peer {
        id: "quickjs",
        name: "QuickJS (rquickjs)",
        limits: NO_LIMITS,
        package: "rquickjs",
        promises: Promises { isolation: IN_QUICKJS, ..Promises::NONE },
        selects: true,
        attack: None,
        build: |world, form, _| crate::quickjs::build(world, form),
    },
    #[cfg(feature = "quickjs")]
    Peer {
        id: "quickjs-limited",
        name: "QuickJS (rquickjs)",
        limits: "an interrupt and a memory limit",
        package: "rquickjs",
        promises: Promises {
            deadline: "yes, between two instructions: a function of its library runs to its end",
            memory: "yes",
            isolation: IN_QUICKJS,
            answers: "no",
        },
        selects: true,
        attack: Some(crate::quickjs::attack),
        build: |world, form, _| crate::quickjs::build_limited(world, form),
    },
    #[cfg(feature = "extism")]
    Peer {
        id: "extism",
        name: "Extism",
        limits: "no time limit",
        package: "extism",
        promises: Promises {
            deadline: "no",
            memory: "in part: the 4 GiB of a module",
            isolation: "yes: WebAssembly",
            answers: "no",
        },
        selects: true,
        attack: None,
        build: crate::extism::build,
    },
    #[cfg(feature = "extism")]
    Peer {
        id: "extism-limited",
        name: "Extism",
        limits: "a timeout and a memory limit",
        package: "extism",
        promises: Promises { deadline: "yes", memory: "yes", isolation: "yes: WebAssembly", answers: "no" },
        selects: true,
        attack: Some(crate::extism::attack),
        build: crate::extism::build_limited,
    },
    #[cfg(feature = "regorus")]
    Peer {
        id: "regorus",
        name: "Regorus RVM",
        limits: NO_LIMITS,
        package: "regorus",
        promises: Promises { isolation: "yes: Rego can do nothing else", ..Promises::NONE },
        selects: true,
        attack: None,
        build: |world, form, _| crate::regorus::build(world, form),
    },
    #[cfg(feature = "rhai")]
    Peer {
        id: "rhai",
        name: "Rhai",
        limits: NO_LIMITS,
        package: "rhai",
        promises: Promises { isolation: "no: `import` reads files", ..Promises::NONE },
        selects: true,
        attack: None,
        build: |world, form, _| crate::rhai::build(world, form),
    },
    #[cfg(feature = "rhai")]
    Peer {
        id: "rhai-limited",
        name: "Rhai",
        limits: "an operation limit",
        package: "rhai",
        promises: Promises {
            deadline: "in part: operations are counted, and one may take long",
            memory: "no: a value can grow with each operation",
            isolation: "in part: without `import` and `eval`, but no sandbox below its own code",
            answers: "no",
        },
        selects: true,
        attack: Some(crate::rhai::attack),
        build: |world, form, _| crate::rhai::build_limited(world, form),
    },
];

#[cfg(feature = "quickjs")]
const IN_QUICKJS: &str = "in part: it has no modules of the system, but no sandbox below its own code";
