//! The wasmtime engines: one for the process, and one more where instructions are counted.

use std::sync::OnceLock;

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, StoreContextMut};

use super::bindings::DecidingPolicy;
use super::clock;
use super::instance::{Instance, State};
use super::limits::Limits;
use super::module::PolicyError;
use super::slots::Idle;

const INSTANCES: u32 = Limits::INSTANCES as u32;

/// How many core modules an instance may be made of, and how many tables they may have. One module of a usual tool is
/// three, with the two that link it; CPython is 38, with its libraries.
const MODULES: u32 = 64;
const TABLES: u32 = 4;

/// The most memory that any limit may allow an instance; the pool's slots are of this size.
pub(crate) const MOST_MEMORY: usize = 1 << 30;

/// How much of a slot's memory is kept and cleared between instances, rather than given back to the system: a fresh
/// instance of a small policy then costs no page faults.
const KEPT_RESIDENT: usize = 256 << 10;

/// An engine and what policies are linked to.
pub(crate) struct Engine {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) linker: Linker<State>,
    /// It counts instructions.
    pub(super) counts: bool,
    /// The instances that wait for a call, which make room where one is needed.
    pub(super) idle: Idle<Instance>,
}

type Made = OnceLock<Result<Engine, String>>;

static PLAIN: Made = OnceLock::new();

/// Counting costs every instruction something, so it has an engine of its own. Code for the one is no code for the
/// other.
static METERED: Made = OnceLock::new();

impl Engine {
    /// The process's engine, made when it is first needed.
    pub(crate) fn get() -> Result<&'static Self, PolicyError> {
        Self::made(&PLAIN, false)
    }

    /// The engine for policies with these limits.
    pub(crate) fn of(limits: &Limits) -> Result<&'static Self, PolicyError> {
        if limits.fuel.is_some() { Self::made(&METERED, true) } else { Self::get() }
    }

    /// Both, made where they were not needed so far.
    pub(crate) fn both() -> Result<[&'static Self; 2], PolicyError> {
        Ok([Self::get()?, Self::made(&METERED, true)?])
    }

    /// The engine that a component was compiled by.
    pub(super) fn that_compiled(component: &Component) -> Result<&'static Self, PolicyError> {
        match Self::all().find(|engine| wasmtime::Engine::same(&engine.engine, component.engine())) {
            Some(engine) => Ok(engine),
            None => Self::get(),
        }
    }

    /// Those that were needed so far.
    pub(super) fn all() -> impl Iterator<Item = &'static Self> {
        [&PLAIN, &METERED].into_iter().filter_map(|made| made.get()?.as_ref().ok())
    }

    fn made(made: &'static Made, metered: bool) -> Result<&'static Self, PolicyError> {
        let made = made.get_or_init(|| {
            clock::start()?;
            Self::new(metered).map_err(|error| format!("{error:#}"))
        });
        made.as_ref().map_err(|reason| PolicyError::Engine { reason: reason.clone() })
    }

    fn new(metered: bool) -> wasmtime::Result<Self> {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(INSTANCES)
            .total_core_instances(MODULES * INSTANCES)
            .total_memories(INSTANCES)
            .total_tables(TABLES * INSTANCES)
            .max_memory_size(MOST_MEMORY)
            .table_elements(Limits::default().table_elements)
            .max_core_instances_per_component(MODULES)
            .max_memories_per_component(1)
            .max_tables_per_component(TABLES)
            .max_tables_per_module(TABLES)
            .linear_memory_keep_resident(KEPT_RESIDENT)
            .table_keep_resident(KEPT_RESIDENT)
            .pagemap_scan(wasmtime::Enabled::Auto);
        let mut config = Config::new();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .memory_reservation(MOST_MEMORY as u64)
            .memory_guard_size(32 << 20)
            .concurrency_support(false)
            .epoch_interruption(true)
            .consume_fuel(metered)
            // Decisions are the same on every machine.
            .cranelift_nan_canonicalization(true)
            .relaxed_simd_deterministic(true)
            .wasm_gc(false)
            .wasm_function_references(false)
            .wasm_exceptions(false)
            .wasm_memory64(false)
            .wasm_multi_memory(false)
            .max_wasm_stack(Limits::STACK)
            .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(16));
        let engine = wasmtime::Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        DecidingPolicy::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        // What came after 1.0.0. The linker serves 1.0.0 imports to components of later minor versions by itself.
        linker
            .instance("callsign:policy/times@1.1.0")?
            .func_wrap("sent-at", |mut store: StoreContextMut<'_, State>, (message,): (u32,)| {
                Ok((store.data_mut().sent_at(message)?,))
            })?;
        Ok(Self { engine, linker, counts: metered, idle: Idle::new() })
    }
}
