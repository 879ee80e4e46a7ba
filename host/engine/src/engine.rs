//! The wasmtime engines: one for the process, and one more where instructions are counted.

use std::sync::OnceLock;

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, StoreContextMut};

use super::bindings::DecidingPolicy;
use super::clock;
use super::instance::{Instance, State};
use super::instance_pool::IdleInstances;
use super::limits::Limits;
use super::policy::PolicyError;

/// How many instances are made room for: as many as there may be or, where the system does not give so much address space
/// (`ulimit -v`, 39 bits of it, a debugger that keeps some to itself), the next that it does give.
const ROOMS: [usize; 3] = [Limits::INSTANCES, 64, 8];

/// How many core modules an instance may be made of, and how many tables they may have. One module of a usual tool is
/// three, with the two that link it; CPython is 38, with its libraries.
const MODULES: u32 = 64;
const TABLES: u32 = 4;

/// The most memory that any limit may allow an instance.
pub(crate) const MOST_MEMORY: usize = 1 << 30;

/// The address space behind an instance's memory: all that 32 bits can name, and a guard for what is added to them. So
/// compiled code needs no check of its own at an access, which is a third of its instructions and of its time.
const RESERVED: u64 = 4 << 30;
const GUARD: u64 = 32 << 20;

/// How much of a slot's memory is kept and cleared between instances, rather than given back to the system: a fresh
/// instance of a small policy then costs no page faults.
const KEPT_RESIDENT: usize = 256 << 10;

/// An engine and what policies are linked to.
pub(crate) struct Engine {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) linker: Linker<State>,
    /// It counts instructions.
    pub(super) counts: bool,
    /// How many instances live at once.
    pub(super) instances: usize,
    /// The instances that wait for a call, which make room where one is needed.
    pub(super) idle: IdleInstances<Instance>,
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
            let mut made = Self::new(metered, ROOMS[0]);
            for &instances in &ROOMS[1..] {
                if made.is_err() {
                    made = Self::new(metered, instances);
                }
            }
            made.map_err(|error| format!("{error:#}"))
        });
        made.as_ref().map_err(|reason| PolicyError::Engine { reason: reason.clone() })
    }

    fn new(metered: bool, instances: usize) -> wasmtime::Result<Self> {
        let count = u32::try_from(instances)?;
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(count)
            .total_core_instances(MODULES * count)
            .total_memories(count)
            .total_tables(TABLES * count)
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
            .memory_reservation(RESERVED)
            .memory_guard_size(GUARD)
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
        Ok(Self { engine, linker, counts: metered, instances, idle: IdleInstances::new() })
    }
}
