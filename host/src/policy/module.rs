//! A policy: a component that was checked and compiled, and its idle instances.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmtime::component::Component;

use super::bindings::DecidingPolicyPre;
use super::engine::{Engine, MOST_MEMORY};
use super::fit::{self, Fit};
use super::instance::{Instance, State};
use super::limits::{Isolation, Limits};
use super::metadata::Metadata;
use super::slots::Slots;

/// A policy, ready to decide.
pub struct Policy {
    pub(super) label: Arc<str>,
    pub(super) pre: DecidingPolicyPre<State>,
    pub(super) fit: Fit,
    pub(super) limits: Limits,
    pub(super) isolation: Isolation,
    pub(super) settings: Arc<str>,
    idle: Slots<Instance>,
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
    /// The bytes are no component, import more than the contract has, lack what it asks for, or do not compile.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PolicyError> {
        let limits = Limits::default();
        if bytes.len() > limits.component {
            return Err(PolicyError::TooLarge { bytes: bytes.len(), limit: limits.component });
        }
        let engine = Engine::get()?;
        let metadata = Metadata::read(bytes)?;
        let component = Component::from_binary(&engine.engine, bytes)
            .map_err(|error| PolicyError::Compile { reason: format!("{error:#}") })?;
        let fit = fit::check(&engine.engine, &component)?;
        let pre = engine.linker.instantiate_pre(&component).and_then(DecidingPolicyPre::new);
        let pre = pre.map_err(|error| PolicyError::Shape { reason: format!("{error:#}") })?;
        let name = metadata.name.as_deref().unwrap_or("unnamed");
        let version = metadata.version.as_deref().unwrap_or("0.0.0");
        Ok(Self {
            label: format!("{name}@{version}").into(),
            pre,
            fit,
            limits,
            isolation: Isolation::default(),
            settings: "{}".into(),
            idle: Slots::new(),
        })
    }

    /// With other limits.
    ///
    /// Memory is capped at 1 GiB, and tables at the default, which the engine was set up with.
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

    /// With settings, a JSON text that the policy itself checks.
    ///
    /// # Errors
    /// The policy does not accept them, or failed while it checked them.
    pub fn with_settings(mut self, json: &str) -> Result<Self, PolicyError> {
        let mut instance = self.instance().map_err(|failure| PolicyError::Start { reason: failure.to_string() })?;
        match instance.check_settings(json) {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => return Err(PolicyError::Settings { reason }),
            Err(failure) => return Err(PolicyError::Start { reason: failure.to_string() }),
        }
        self.settings = json.into();
        Ok(self)
    }

    /// The policy as `name@version`, from the component's own metadata.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Whether the policy explains its decisions.
    pub fn explains(&self) -> bool {
        self.fit.explains
    }

    /// An instance to call, perhaps one that was called before.
    #[inline]
    pub(crate) fn instance(&self) -> Result<Box<Instance>, Failure> {
        match self.idle.take() {
            Some(instance) => Ok(instance),
            None => Instance::new(self).map(Box::new),
        }
    }

    /// Drops the idle instances, and with them what they keep alive.
    pub(crate) fn forget_idle(&self) {
        self.idle.clear();
    }

    /// Gives an instance back after a call that succeeded. One whose call failed is dropped instead.
    #[inline]
    pub(crate) fn put_back(&self, instance: Box<Instance>) {
        if let Isolation::Warm(calls) = self.isolation
            && instance.calls() < calls.get()
        {
            self.idle.put(instance);
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
    /// Components cannot run on this machine.
    #[error("the WebAssembly engine does not start: {reason}")]
    Engine {
        /// What happened.
        reason: String,
    },
}

/// Why a call of a policy has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    #[error("the policy ran for longer than {0:?}")]
    Deadline(std::time::Duration),
    #[error("the policy wanted more than {0} bytes of memory")]
    Memory(usize),
    #[error("the policy made more than {0} imports in one call")]
    Imports(u64),
    #[error("the policy failed: {0}")]
    Trap(String),
    #[error("no instance of the policy: {0}")]
    NoInstance(String),
    #[error("the policy gave {answers} answers to {requests} requests")]
    Answers { answers: usize, requests: usize },
    #[error("the policy does not explain its decisions")]
    NoExplanation,
}
