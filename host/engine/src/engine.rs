//! The wasmtime engines of the process: one, and a second one that counts instructions, if a policy needs that.

use std::sync::OnceLock;

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::bindings::DecidingPolicy;
use crate::clock;
use crate::contract_check::{CONTRACT, Contract};
use crate::core_lane;
use crate::error::PolicyError;
use crate::instance::{Instance, State};
use crate::instance_pool::IdleInstances;
use crate::limits::Limits;

/// The numbers of instances to reserve address space for. The first that the system allows is used: `ulimit -v`, a
/// processor with 39 bits of address space, or a debugger may not leave enough for more.
const POOL_SIZES: [usize; 3] = [Limits::INSTANCES, 64, 8];

/// The most core modules of an instance, and the most tables they have together. Usual tools make three modules: the
/// program, and two that link it. CPython has 38, with its libraries.
const MAX_MODULES: u32 = 64;
const MAX_TABLES: u32 = 4;

/// The highest value of [`Limits::memory`], in bytes.
pub(crate) const MAX_MEMORY: usize = 1 << 30;

/// The address space of an instance's memory: 4 GiB, all that a 32-bit address can reach, and a guard for the constant
/// offset of an access. With it compiled code needs no bounds checks, which would be a third of its instructions and
/// time.
const MEMORY_RESERVATION: u64 = 4 << 30;
const MEMORY_GUARD: u64 = 32 << 20;

/// How much memory of a slot is cleared and kept for the next instance, in bytes, instead of being returned to the
/// system. A fresh instance of a small policy then costs no page faults.
const KEPT_RESIDENT: usize = 256 << 10;

/// A wasmtime engine, and the linker with the imports of policies.
pub(crate) struct Engine {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) linker: Linker<State>,
    /// The linker of programs that are called through the core lane. The engine that counts instructions has none: a
    /// program would need other budgets there.
    pub(crate) core_linker: Option<wasmtime::Linker<State>>,
    /// What it serves of the contract: its linker has the imports of it.
    pub(crate) contract: &'static Contract,
    /// Whether it counts instructions.
    pub(crate) metered: bool,
    /// The most instances at once.
    pub(super) instances: usize,
    /// The idle instances, which are dropped when their room is needed.
    pub(super) idle: IdleInstances<Instance>,
}

type EngineCell = OnceLock<Result<Engine, String>>;

static PLAIN: EngineCell = OnceLock::new();

/// Counting instructions makes all code slower, so it has an engine of its own. Code compiled for one engine does not
/// run in the other.
static METERED: EngineCell = OnceLock::new();

impl Engine {
    /// The engine that does not count instructions, created on first use.
    pub(crate) fn get() -> Result<&'static Self, PolicyError> {
        Self::get_or_create(&PLAIN, false)
    }

    /// The engine for policies with these limits.
    pub(crate) fn for_limits(limits: &Limits) -> Result<&'static Self, PolicyError> {
        if limits.fuel.is_some() { Self::get_or_create(&METERED, true) } else { Self::get() }
    }

    /// Both engines, created if needed.
    pub(crate) fn both() -> Result<[&'static Self; 2], PolicyError> {
        Ok([Self::get()?, Self::get_or_create(&METERED, true)?])
    }

    /// An engine that compiles for the others and runs nothing: it reserves no address space for instances, which a limited
    /// process does not have.
    pub(crate) fn for_compiling(metered: bool) -> wasmtime::Result<wasmtime::Engine> {
        wasmtime::Engine::new(&config(metered))
    }

    /// The engine that a component was compiled for.
    pub(super) fn of_component(component: &Component) -> Result<&'static Self, PolicyError> {
        match Self::all().find(|engine| wasmtime::Engine::same(&engine.engine, component.engine())) {
            Some(engine) => Ok(engine),
            None => Self::get(),
        }
    }

    /// The engines created so far.
    pub(super) fn all() -> impl Iterator<Item = &'static Self> {
        [&PLAIN, &METERED].into_iter().filter_map(|cell| cell.get()?.as_ref().ok())
    }

    fn get_or_create(cell: &'static EngineCell, metered: bool) -> Result<&'static Self, PolicyError> {
        let engine = cell.get_or_init(|| {
            clock::start()?;
            let mut engine = Self::new(metered, POOL_SIZES[0]);
            for &instances in &POOL_SIZES[1..] {
                if engine.is_err() {
                    engine = Self::new(metered, instances);
                }
            }
            engine.map_err(|error| format!("{error:#}"))
        });
        engine.as_ref().map_err(|reason| PolicyError::Engine { reason: reason.clone() })
    }

    pub(crate) fn new(metered: bool, instances: usize) -> wasmtime::Result<Self> {
        let count = u32::try_from(instances)?;
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(count)
            .total_core_instances(MAX_MODULES * count)
            .total_memories(count)
            .total_tables(MAX_TABLES * count)
            .max_memory_size(MAX_MEMORY)
            .table_elements(Limits::default().table_elements)
            .max_core_instances_per_component(MAX_MODULES)
            .max_memories_per_component(1)
            .max_tables_per_component(MAX_TABLES)
            .max_tables_per_module(MAX_TABLES)
            .linear_memory_keep_resident(KEPT_RESIDENT)
            .table_keep_resident(KEPT_RESIDENT)
            .pagemap_scan(wasmtime::Enabled::Auto);
        let mut config = config(metered);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = wasmtime::Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        DecidingPolicy::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        // The linker accepts later minor versions of these by itself. An import that a later one adds is linked here, under
        // that version.
        let core_linker = if metered { None } else { Some(core_lane::linker(&engine)?) };
        Ok(Self { engine, linker, core_linker, contract: &CONTRACT, metered, instances, idle: IdleInstances::new() })
    }
}

/// The settings that decide what code is compiled, and so which code an engine accepts.
fn config(metered: bool) -> Config {
    let mut config = Config::new();
    config
        .memory_reservation(MEMORY_RESERVATION)
        .memory_guard_size(MEMORY_GUARD)
        .concurrency_support(false)
        .epoch_interruption(true)
        .consume_fuel(metered)
        // So that decisions are the same on every machine.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .max_wasm_stack(Limits::STACK)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(16));
    config
}
