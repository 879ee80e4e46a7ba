//! A policy: a compiled component that fits the contract, its limits and settings, and its idle instances.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use callsign_catalog::escape;
use semver::Version;
use sha2::{Digest as _, Sha256};
use wasmtime::component::{Component, InstancePre};

use crate::compile::{Compiler, Source};
use crate::contract_check::ContractFit;
use crate::core_lane::{self, CoreShape, Lane};
use crate::engine::{Engine, MAX_MEMORY};
use crate::error::PolicyError;
use crate::exports::Exports;
use crate::failure::{Failure, MAX_TEXT};
use crate::idle_memory::IdleMemory;
use crate::instance::{Instance, Meter, State};
use crate::instance_pool::InstancePool;
use crate::limits::{Isolation, Limits};
use crate::log_budget::LogBudget;
use crate::memory_budget::MemoryBudget;
use crate::metadata::Metadata;
use crate::module_store::ModuleDigest;
use crate::time::CallTime;

/// How often an idle instance is dropped to make room before a call fails as busy. Other threads may take that room
/// first.
const MAX_RECLAIMS: usize = 16;

/// The settings of a policy that was given none.
const NO_SETTINGS: &str = "{}";

fn digest_of(settings: &str) -> [u8; 32] {
    Sha256::digest(settings).into()
}

/// A compiled component that fits the contract, with its imports linked: what all policies of it have in common.
#[derive(Clone)]
pub(super) struct Linked {
    pub(super) label: Arc<str>,
    digest: ModuleDigest,
    pub(super) engine: &'static Engine,
    pub(super) pre: InstancePre<State>,
    pub(super) exports: Arc<Exports>,
    /// How it is called through the core lane; none if it is called as a component.
    pub(super) shape: Option<CoreShape>,
    /// What the first start has found for the core lane.
    pub(super) lane: OnceLock<Option<Arc<Lane>>>,
    pub(super) fit: ContractFit,
}

/// A policy: a compiled component, ready to decide.
pub struct Policy {
    pub(super) linked: Linked,
    pub(super) limits: Limits,
    pub(super) isolation: Isolation,
    pub(super) settings: Arc<str>,
    settings_digest: [u8; 32],
    pub(super) log_budget: Option<Arc<LogBudget>>,
    pub(super) copy_up_to: Option<u32>,
    settings_accepted: AtomicBool,
    pub(super) meter: Arc<Meter>,
    idle: InstancePool<Instance>,
    idle_memory: IdleMemory,
    pub(super) budget: Arc<MemoryBudget>,
    retired: AtomicBool,
}

impl Policy {
    /// The standard policy, which is part of this crate: steps 3 to 8 of the specification.
    ///
    /// # Errors
    /// The engine does not start on this machine.
    pub fn standard() -> Result<Self, PolicyError> {
        Self::from_bytes(crate::STANDARD)
    }

    /// Reads a component from a file and compiles it.
    ///
    /// # Errors
    /// The file cannot be read, or the errors of [`Policy::from_bytes`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, PolicyError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| PolicyError::Read { path: path.to_owned(), source })?;
        Self::from_bytes(&bytes)
    }

    /// Compiles a component and checks that it fits the contract.
    ///
    /// # Errors
    /// The bytes are not a component, the component imports or lacks something that the contract does not allow, or it
    /// does not compile within the default [`Limits`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PolicyError> {
        Self::from_bytes_within(bytes, Limits::default())
    }

    /// As [`Policy::from_bytes`], within these limits, which also bound the component's size and the time to compile
    /// it.
    ///
    /// # Errors
    /// As [`Policy::from_bytes`].
    pub fn from_bytes_within(bytes: &[u8], limits: Limits) -> Result<Self, PolicyError> {
        let source = Source::check(bytes, &limits)?;
        let component = source.compile(&limits, &Compiler::in_process())?;
        Self::link(&source, ModuleDigest::of(bytes), &component, limits)
    }

    /// Checks that a compiled component fits the contract, and links its imports.
    pub(crate) fn link(
        source: &Source<'_>,
        digest: ModuleDigest,
        component: &Component,
        limits: Limits,
    ) -> Result<Self, PolicyError> {
        let engine = Engine::of_component(component)?;
        Self::link_on(engine, source.metadata(), source.shape().cloned(), digest, component, limits)
    }

    /// As [`Policy::link`], on the engine that the component was compiled for.
    pub(crate) fn link_on(
        engine: &'static Engine,
        metadata: &Metadata,
        shape: Option<CoreShape>,
        digest: ModuleDigest,
        component: &Component,
        limits: Limits,
    ) -> Result<Self, PolicyError> {
        let fit = engine.contract.check(&engine.engine, component)?;
        let pre = engine.linker.instantiate_pre(component);
        let mismatch = |error: wasmtime::Error| PolicyError::Mismatch { reason: format!("{error:#}") };
        let pre = pre.map_err(mismatch)?;
        let exports = Arc::new(Exports::find(component).map_err(mismatch)?);
        let name = metadata.name.as_deref().unwrap_or("unnamed");
        let version = metadata.version.as_deref().unwrap_or("0.0.0");
        let linked = Linked {
            label: format!("{name}@{version}").into(),
            digest,
            engine,
            pre,
            exports,
            shape: shape.filter(|_| core_lane::is_on() && engine.core_linker.is_some()),
            lane: OnceLock::new(),
            fit,
        };
        Ok(Self::of(linked, limits))
    }

    /// A policy of a component, with default settings and with instances of its own.
    fn of(linked: Linked, limits: Limits) -> Self {
        let policy = Self {
            limits: Limits::default(),
            isolation: Isolation::default(),
            settings: NO_SETTINGS.into(),
            settings_digest: digest_of(NO_SETTINGS),
            log_budget: None,
            copy_up_to: None,
            settings_accepted: AtomicBool::new(false),
            meter: Arc::default(),
            idle: InstancePool::new(&linked.engine.idle),
            idle_memory: IdleMemory::default(),
            budget: Arc::clone(MemoryBudget::process()),
            retired: AtomicBool::new(false),
            linked,
        };
        policy.budget.register(&policy.idle);
        policy.with_limits(limits)
    }

    /// Another policy of the same component, which is neither read nor compiled nor checked again: with default settings, within
    /// the limits of this one, and with instances of its own.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::of(self.linked.clone(), self.limits.clone())
    }

    /// Sets the limits.
    ///
    /// The engine caps [`Limits::memory`] at 1 GiB, and [`Limits::table_elements`] at its default. [`Limits::fuel`]
    /// works only if the policy was compiled with it.
    #[must_use]
    pub fn with_limits(mut self, mut limits: Limits) -> Self {
        limits.memory = limits.memory.min(MAX_MEMORY);
        limits.table_elements = limits.table_elements.min(Limits::default().table_elements);
        self.limits = limits;
        self
    }

    /// Sets how many calls an instance is used for.
    #[must_use]
    pub fn with_isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// Sets the budget that the lines of its log count against, beside the 16 lines a call. Default: none.
    #[must_use]
    pub fn with_log_budget(mut self, budget: Arc<LogBudget>) -> Self {
        self.log_budget = Some(budget);
        // Idle instances have the old one.
        self.forget_idle();
        self
    }

    /// Sets the largest pool, in senders, that the policy should copy before its first decision; of a larger one it should
    /// ask questions. Default 64, and 0 for a call about fewer than 16 messages in a fresh instance, which would not use its copy again.
    /// Answers must not depend on it: 0 and [`u32::MAX`] show whether they do.
    #[must_use]
    pub fn with_copy_up_to(mut self, senders: u32) -> Self {
        self.copy_up_to = Some(senders);
        // Idle instances have the old number.
        self.forget_idle();
        self
    }

    /// Sets the budget that its instances share with those of other policies. Default [`MemoryBudget::process`]. Set it before
    /// [`Policy::with_settings`], which starts an instance.
    #[must_use]
    pub fn with_memory_budget(mut self, budget: Arc<MemoryBudget>) -> Self {
        // Idle instances have their share of the old one.
        self.forget_idle();
        budget.register(&self.idle);
        self.budget = budget;
        self
    }

    /// Lets all calls go through the component, also where its program could be called itself. That is slower, and decides
    /// the same: it is for comparing the two.
    #[must_use]
    pub fn without_core_lane(mut self) -> Self {
        self.forget_idle();
        self.linked.shape = None;
        self.linked.lane = OnceLock::new();
        self
    }

    /// Whether the program of its component is called itself, which only a plain component allows; known once an instance
    /// has started.
    pub fn takes_core_lane(&self) -> bool {
        self.linked.shape.is_some() && matches!(self.linked.lane.get(), Some(Some(_)))
    }

    /// Sets the settings, a JSON text that the policy itself checks. Default `{}`, which the policy checks when it is
    /// bound.
    ///
    /// # Errors
    /// The policy does not accept them, or it fails while it checks them.
    pub fn with_settings(mut self, json: &str) -> Result<Self, PolicyError> {
        self.settings = json.into();
        self.settings_digest = digest_of(json);
        // Idle instances have the old settings.
        self.forget_idle();
        self.settings_accepted = AtomicBool::new(false);
        self.check_settings()?;
        Ok(self)
    }

    /// Lets the policy check its settings, unless it has already accepted them.
    ///
    /// # Errors
    /// As [`Policy::with_settings`].
    pub fn check_settings(&self) -> Result<(), PolicyError> {
        if self.settings_accepted.load(Ordering::Relaxed) {
            return Ok(());
        }
        let failed = |failure: Failure| match failure {
            Failure::Busy(limit) => PolicyError::Busy { limit },
            failure => PolicyError::Start { reason: failure.to_string() },
        };
        let mut instance = self.instance().map_err(failed)?;
        if let Err(reason) = instance.check_settings(&self.settings).map_err(failed)? {
            return Err(PolicyError::Settings { reason: escape::line(&reason, MAX_TEXT) });
        }
        self.settings_accepted.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The policy as `name@version`, from the component's metadata.
    #[inline]
    pub fn label(&self) -> &str {
        &self.linked.label
    }

    /// The digest of its component.
    pub fn digest(&self) -> ModuleDigest {
        self.linked.digest
    }

    /// The policy's name, and its version if that is a semantic version.
    pub fn identity(&self) -> (&str, Option<Version>) {
        // Neither of them contains an `@`.
        let (name, version) = self.linked.label.split_once('@').unwrap_or((&self.linked.label, ""));
        (name, version.parse().ok())
    }

    /// How many calls an instance is used for.
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// The settings, as JSON.
    pub fn settings(&self) -> &str {
        &self.settings
    }

    /// SHA-256 of the settings.
    pub fn settings_digest(&self) -> &[u8; 32] {
        &self.settings_digest
    }

    /// The version of the contract that the policy was made for.
    pub fn interface(&self) -> &Version {
        &self.linked.fit.interface
    }

    /// Whether the policy reads attributes of messages.
    pub fn reads_attributes(&self) -> bool {
        self.linked.fit.reads_attributes
    }

    /// Whether the policy explains its decisions.
    pub fn explains(&self) -> bool {
        self.linked.fit.explains
    }

    /// The most linear memory that any instance has had, in bytes.
    pub fn peak_memory(&self) -> usize {
        self.meter.memory.load(Ordering::Relaxed)
    }

    /// The instructions of the call that ended last, on any thread; 0 if they are not counted, see [`Limits::fuel`].
    pub fn last_instructions(&self) -> u64 {
        self.meter.instructions.load(Ordering::Relaxed)
    }

    /// The limits of the policy.
    #[inline]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// An instance to call: an idle one, or a fresh one.
    ///
    /// # Errors
    /// No instance starts, or all of them are in a call.
    #[inline]
    pub fn instance(&self) -> Result<Box<Instance>, Failure> {
        self.instance_within(CallTime::FULL)
    }

    /// The same for a call that may take this long. A fresh instance may take as long to start.
    ///
    /// # Errors
    /// As [`Policy::instance`], and if the start takes longer.
    #[inline]
    pub fn instance_within(&self, time: CallTime) -> Result<Box<Instance>, Failure> {
        let mut instance = match self.idle.take() {
            Some(mut instance) => {
                instance.reservation = None;
                instance
            }
            None => self.start(time)?,
        };
        instance.allow(time);
        Ok(instance)
    }

    /// Starts a fresh instance. If the process has no room for one, an idle instance is dropped.
    pub(super) fn start(&self, time: CallTime) -> Result<Box<Instance>, Failure> {
        for _ in 0..MAX_RECLAIMS {
            match Instance::new(self, time) {
                // Another thread may take the room first, so this is tried again.
                Err(Failure::Busy(_)) if self.linked.engine.idle.reclaim() => {}
                Err(Failure::Busy(_)) => break,
                started => return started.map(Box::new),
            }
        }
        Err(Failure::Busy(self.linked.engine.instances))
    }

    /// Sets whether the policy is in service. If not, it keeps no idle instances, and an instance in a call is dropped
    /// after it.
    pub fn serve(&self, serves: bool) {
        self.retired.store(!serves, Ordering::SeqCst);
        if !serves {
            self.forget_idle();
        }
    }

    /// Starts an idle instance for each core, so that the first calls need not start one.
    ///
    /// # Errors
    /// No instance starts.
    pub fn warm(&self) -> Result<(), Failure> {
        if matches!(self.isolation, Isolation::Fresh) {
            return self.start(CallTime::FULL).map(drop);
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for slot in 0..cores {
            self.idle.fill(slot, || {
                let mut instance = self.start(CallTime::FULL)?;
                Ok(self.may_stay_idle(&mut instance).then_some(instance))
            })?;
        }
        Ok(())
    }

    /// Whether an instance may stay as an idle one, see [`Limits::idle_memory`].
    #[inline]
    fn may_stay_idle(&self, instance: &mut Instance) -> bool {
        let (bytes, limit) = (instance.memory(), self.limits.idle_memory);
        if IdleMemory::is_small(bytes, limit) {
            return true;
        }
        instance.reservation = self.idle_memory.reserve(bytes, limit);
        instance.reservation.is_some()
    }

    /// Drops the idle instances, and so the revisions that they keep alive.
    pub fn forget_idle(&self) {
        self.idle.clear();
    }

    /// Drops the idle instances whose last call was on a revision older than this one, or that were not called yet.
    pub fn forget_idle_before(&self, revision: u64) {
        self.idle.retain(|instance| instance.revision().is_some_and(|last| last >= revision));
    }

    /// Gives an instance back after a successful call. An instance whose call failed must be dropped instead.
    #[inline]
    pub fn put_back(&self, mut instance: Box<Instance>) {
        instance.forget_signals();
        if let Isolation::Warm(calls) = self.isolation
            && instance.calls() < calls.get()
            && !self.retired.load(Ordering::Relaxed)
            && self.may_stay_idle(&mut instance)
        {
            self.idle.put(instance);
            // The policy may have been retired between the check and the put.
            if self.retired.load(Ordering::SeqCst) {
                self.forget_idle();
            }
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("label", &self.linked.label)
            .field("isolation", &self.isolation)
            .finish_non_exhaustive()
    }
}
