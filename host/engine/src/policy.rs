//! A policy: a component that was checked and compiled, and its idle instances.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use semver::Version;
use wasmtime::component::{Component, InstancePre};

use super::compile::Source;
use super::contract_check::{self, ContractFit};
use super::engine::{Engine, MOST_MEMORY};
use super::exports::Exports;
use super::failure::{Failure, LONGEST_TEXT, plain};
use super::idle_memory::IdleMemory;
use super::instance::{Instance, Meter, State};
use super::instance_pool::InstancePool;
use super::limits::{Isolation, Limits};
use super::metadata::Metadata;

/// How often a place for an instance is made before all are held to be busy.
const RECLAIMS: usize = 16;

/// A policy, ready to decide.
pub struct Policy {
    pub(super) label: Arc<str>,
    pub(super) engine: &'static Engine,
    pub(super) pre: InstancePre<State>,
    /// Where the exports are, found once.
    pub(super) exports: Arc<Exports>,
    pub(super) fit: ContractFit,
    pub(super) limits: Limits,
    pub(super) isolation: Isolation,
    pub(super) settings: Arc<str>,
    settings_are_sound: AtomicBool,
    pub(super) meter: Arc<Meter>,
    idle: InstancePool<Instance>,
    idle_memory: IdleMemory,
    retired: AtomicBool,
}

impl Policy {
    /// The standard policy that the crate was built with: steps 3 to 8 of the specification.
    ///
    /// # Errors
    /// The engine could not be set up on this machine.
    pub fn standard() -> Result<Self, PolicyError> {
        Self::from_bytes(super::STANDARD)
    }

    /// Reads a component from a file.
    ///
    /// # Errors
    /// The file cannot be read, or what [`Policy::from_bytes`] says.
    pub fn load(path: &Path) -> Result<Self, PolicyError> {
        let bytes = std::fs::read(path).map_err(|source| PolicyError::Read { path: path.to_owned(), source })?;
        Self::from_bytes(&bytes)
    }

    /// Compiles a component and checks that it fits the contract.
    ///
    /// # Errors
    /// The bytes are no component, import more than the contract has, lack what it asks for, do not compile, or would
    /// take too much to compile.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PolicyError> {
        Self::from_bytes_within(bytes, Limits::default())
    }

    /// The same, with limits that hold from the start: of its size and of the time to compile it too.
    ///
    /// # Errors
    /// As [`Policy::from_bytes`].
    pub fn from_bytes_within(bytes: &[u8], limits: Limits) -> Result<Self, PolicyError> {
        let source = Source::check(bytes, &limits)?;
        let component = source.compile(&limits)?;
        Self::link(source.metadata(), &component, limits)
    }

    /// The last step: checks that a compiled component fits the contract, and links it.
    pub(crate) fn link(metadata: &Metadata, component: &Component, limits: Limits) -> Result<Self, PolicyError> {
        let engine = Engine::that_compiled(component)?;
        let fit = contract_check::check(&engine.engine, component)?;
        let pre = engine.linker.instantiate_pre(component);
        let shape = |error: wasmtime::Error| PolicyError::Shape { reason: format!("{error:#}") };
        let pre = pre.map_err(shape)?;
        let exports = Arc::new(Exports::find(component).map_err(shape)?);
        let name = metadata.name.as_deref().unwrap_or("unnamed");
        let version = metadata.version.as_deref().unwrap_or("0.0.0");
        let policy = Self {
            label: format!("{name}@{version}").into(),
            engine,
            pre,
            exports,
            fit,
            limits: Limits::default(),
            isolation: Isolation::default(),
            settings: "{}".into(),
            settings_are_sound: AtomicBool::new(false),
            meter: Arc::default(),
            idle: InstancePool::new(&engine.idle),
            idle_memory: IdleMemory::default(),
            retired: AtomicBool::new(false),
        };
        Ok(policy.with_limits(limits))
    }

    /// With other limits.
    ///
    /// Memory is capped at 1 GiB, and tables at the default, which the engine was set up with. A budget of instructions
    /// needs a policy that was compiled with one: see [`Limits::fuel`].
    #[must_use]
    pub fn with_limits(mut self, mut limits: Limits) -> Self {
        limits.memory = limits.memory.min(MOST_MEMORY);
        limits.table_elements = limits.table_elements.min(Limits::default().table_elements);
        self.limits = limits;
        self
    }

    /// With another use of instances.
    #[must_use]
    pub fn with_isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// With settings, a JSON text that the policy itself checks. Default `{}`, which it checks when it is put to use.
    ///
    /// # Errors
    /// The policy does not accept them, or failed while it checked them.
    pub fn with_settings(mut self, json: &str) -> Result<Self, PolicyError> {
        self.settings = json.into();
        // Idle instances, if there are any, have the settings from before.
        self.forget_idle();
        self.settings_are_sound = AtomicBool::new(false);
        self.check_settings()?;
        Ok(self)
    }

    /// Lets the policy check its settings, unless it has accepted them before.
    pub fn check_settings(&self) -> Result<(), PolicyError> {
        if self.settings_are_sound.load(Ordering::Relaxed) {
            return Ok(());
        }
        let failed = |failure: Failure| match failure {
            Failure::Busy(limit) => PolicyError::Busy { limit },
            failure => PolicyError::Start { reason: failure.to_string() },
        };
        let mut instance = self.instance().map_err(failed)?;
        if let Err(reason) = instance.check_settings(&self.settings).map_err(failed)? {
            return Err(PolicyError::Settings { reason: plain(&reason, LONGEST_TEXT) });
        }
        self.settings_are_sound.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The policy as `name@version`, from the component's own metadata.
    #[inline]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Its name, and its version where that is a semantic one.
    pub fn identity(&self) -> (&str, Option<Version>) {
        // Neither of them has an `@`.
        let (name, version) = self.label.split_once('@').unwrap_or((&self.label, ""));
        (name, version.parse().ok())
    }

    /// What instances of it are used for.
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Its settings, JSON.
    pub fn settings(&self) -> &str {
        &self.settings
    }

    /// The version of the contract that the policy was made for.
    pub fn interface(&self) -> &semver::Version {
        &self.fit.interface
    }

    /// Whether the policy explains its decisions.
    pub fn explains(&self) -> bool {
        self.fit.explains
    }

    /// The most linear memory that any instance of it has had, in bytes.
    pub fn peak_memory(&self) -> usize {
        self.meter.memory.load(Ordering::Relaxed)
    }

    /// The instructions of the call that ended last, of whichever thread; 0 where they are not counted, see
    /// [`Limits::fuel`].
    pub fn last_instructions(&self) -> u64 {
        self.meter.instructions.load(Ordering::Relaxed)
    }

    /// The limits that it runs within.
    #[inline]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// An instance to call, perhaps one that was called before.
    #[inline]
    pub fn instance(&self) -> Result<Box<Instance>, Failure> {
        match self.idle.take() {
            Some(mut instance) => {
                instance.reserved = None;
                Ok(instance)
            }
            None => self.start(),
        }
    }

    /// A fresh instance. Where all places for instances are taken, one that waits for a call makes room.
    pub(super) fn start(&self) -> Result<Box<Instance>, Failure> {
        for _ in 0..RECLAIMS {
            match Instance::new(self) {
                // Another thread may take the place before this one does.
                Err(Failure::Busy(_)) if self.engine.idle.reclaim() => {}
                Err(Failure::Busy(_)) => break,
                started => return started.map(Box::new),
            }
        }
        Err(Failure::Busy(self.engine.instances))
    }

    /// Says whether the policy serves. One that does not keeps no instance: those that are still called go after their
    /// call.
    pub fn serve(&self, serves: bool) {
        self.retired.store(!serves, Ordering::SeqCst);
        if !serves {
            self.forget_idle();
        }
    }

    /// Starts instances for as many threads as there are cores.
    pub fn warm(&self) -> Result<(), Failure> {
        if matches!(self.isolation, Isolation::Fresh) {
            return self.start().map(drop);
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for place in 0..cores {
            self.idle.fill(place, || {
                let mut instance = self.start()?;
                Ok(self.may_wait(&mut instance).then_some(instance))
            })?;
        }
        Ok(())
    }

    /// Whether there is room for an instance among the idle ones, see [`Limits::idle_memory`].
    #[inline]
    fn may_wait(&self, instance: &mut Instance) -> bool {
        let (bytes, limit) = (instance.memory(), self.limits.idle_memory);
        if IdleMemory::is_small(bytes, limit) {
            return true;
        }
        instance.reserved = self.idle_memory.reserve(bytes, limit);
        instance.reserved.is_some()
    }

    /// Drops the idle instances, and with them what they keep alive.
    pub fn forget_idle(&self) {
        self.idle.clear();
    }

    /// Drops the idle instances whose last call was on an older revision than this.
    pub fn forget_idle_before(&self, revision: u64) {
        self.idle.retain(|instance| instance.revision().is_some_and(|known| known >= revision));
    }

    /// Gives an instance back after a call that succeeded. One whose call failed is dropped instead.
    #[inline]
    pub fn put_back(&self, mut instance: Box<Instance>) {
        if let Isolation::Warm(calls) = self.isolation
            && instance.calls() < calls.get()
            && !self.retired.load(Ordering::Relaxed)
            && self.may_wait(&mut instance)
        {
            self.idle.put(instance);
            // It may have been retired between the two.
            if self.retired.load(Ordering::SeqCst) {
                self.forget_idle();
            }
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("label", &self.label).field("isolation", &self.isolation).finish_non_exhaustive()
    }
}

/// Why a component cannot be a policy here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than a component may be.
    #[error("a component of {bytes} bytes: the limit is {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// It is not a component.
    #[error("not a WebAssembly component: {reason}")]
    NotAComponent {
        /// What it is.
        reason: String,
    },
    /// Its name or its version is not one.
    #[error("the component's {what} {text:?} is not 1 to 128 bytes of text without control characters and `@`")]
    Metadata {
        /// `name` or `version`.
        what: &'static str,
        /// What it says.
        text: String,
    },
    /// It does not compile.
    #[error("the component does not compile: {reason}")]
    Compile {
        /// What the compiler says.
        reason: String,
    },
    /// An instance of it would take more than there is.
    #[error("an instance of the component would be too large: {reason}")]
    Instance {
        /// What it would take too much of, and the limit.
        reason: String,
    },
    /// It would take too much to compile.
    #[error("the component is too much to compile: {found} {what}, the limit is {limit}")]
    Budget {
        /// What there is too much of.
        what: &'static str,
        /// How much there is, counted to where the limit is passed.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// It was not compiled in time.
    #[error("the component was not compiled within {limit:?}; make it smaller, or allow more time (`Limits::compile`)")]
    CompileTime {
        /// The limit.
        limit: Duration,
    },
    /// It wants more than the contract has.
    #[error(
        "the component imports what no policy is given: {}; a policy may import the interfaces of callsign:policy and \
         nothing else (no WASI)",
        excess.join(", ")
    )]
    Imports {
        /// The imports that are too much.
        excess: Vec<String>,
    },
    /// It lacks what a policy must have.
    #[error("the component does not export {missing}, which every policy must")]
    Exports {
        /// The export that it lacks.
        missing: String,
    },
    /// It was made for another version of the contract.
    #[error("the component uses {interface}, but this host serves {served} and compatible versions")]
    Version {
        /// What it uses.
        interface: String,
        /// What is served.
        served: String,
    },
    /// An interface has the right name, but other functions or types.
    #[error("an interface of the component is not as the contract has it: {reason}")]
    Shape {
        /// The difference.
        reason: String,
    },
    /// It does not accept its settings.
    #[error("the policy does not accept its settings: {reason}")]
    Settings {
        /// What the policy says.
        reason: String,
    },
    /// It failed before its first decision.
    #[error("the policy does not start: {reason}")]
    Start {
        /// What happened.
        reason: String,
    },
    /// There is no place for an instance of it at the moment.
    #[error("the policy does not start: all {limit} instances of this process are in a call; try again")]
    Busy {
        /// How many there may be.
        limit: usize,
    },
    /// Components cannot run on this machine.
    #[error("the WebAssembly engine does not start: {reason}")]
    Engine {
        /// What happened.
        reason: String,
    },
}

impl PolicyError {
    /// What the compiler says, apart from what it says of the instances that are set up by then.
    pub(super) fn of_compiler(error: &wasmtime::Error) -> Self {
        let of_instances = error.chain().any(|cause| cause.to_string().contains("pooling allocator"));
        let reason = error.root_cause().to_string().replace(" in the pooling allocator", "");
        if of_instances {
            return Self::Instance { reason: plain(&reason, LONGEST_TEXT) };
        }
        Self::Compile { reason: plain(&format!("{error:#}"), LONGEST_TEXT) }
    }
}
