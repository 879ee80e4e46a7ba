//! The wasmtime engine: one for the process.

use std::sync::{Arc, OnceLock, Weak};
use std::thread;

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::bindings::DecidingPolicy;
use super::instance::State;
use super::limits::Limits;
use super::module::PolicyError;

/// How many instances may live at once, over all policies of the process. Each reserves address space, and memory only
/// for what it touches.
const INSTANCES: u32 = 512;

/// The most memory that any limit may allow an instance; the pool's slots are of this size.
pub(crate) const MOST_MEMORY: usize = 1 << 30;

/// How much of a slot's memory is kept and cleared between instances, rather than given back to the system: a fresh
/// instance of a small policy then costs no page faults.
const KEPT_RESIDENT: usize = 256 << 10;

/// The engine and what policies are linked to.
pub(crate) struct Engine {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) linker: Linker<State>,
}

static ENGINE: OnceLock<Result<Arc<Engine>, String>> = OnceLock::new();

impl Engine {
    /// The process's engine, made when it is first needed.
    pub(crate) fn get() -> Result<&'static Engine, PolicyError> {
        match ENGINE.get_or_init(|| Engine::new().map(Arc::new).map_err(|error| format!("{error:#}"))) {
            Ok(engine) => {
                Engine::tick(engine);
                Ok(engine)
            }
            Err(reason) => Err(PolicyError::Engine { reason: reason.clone() }),
        }
    }

    fn new() -> wasmtime::Result<Self> {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(INSTANCES)
            .total_core_instances(4 * INSTANCES)
            .total_memories(INSTANCES)
            .total_tables(2 * INSTANCES)
            .max_memory_size(MOST_MEMORY)
            .table_elements(Limits::default().table_elements)
            .max_core_instances_per_component(8)
            .max_memories_per_component(1)
            .max_tables_per_component(4)
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
            // Decisions are the same on every machine.
            .cranelift_nan_canonicalization(true)
            .relaxed_simd_deterministic(true)
            .wasm_gc(false)
            .wasm_function_references(false)
            .wasm_exceptions(false)
            .wasm_memory64(false)
            .wasm_multi_memory(false)
            .max_wasm_stack(512 << 10)
            .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(16));
        let engine = wasmtime::Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        DecidingPolicy::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        Ok(Self { engine, linker })
    }

    /// Starts the clock that deadlines are counted by. It runs on its own whatever the threads of the gateway do.
    fn tick(engine: &Arc<Engine>) {
        static CLOCK: OnceLock<()> = OnceLock::new();
        CLOCK.get_or_init(|| {
            let engine: Weak<Engine> = Arc::downgrade(engine);
            let clock = thread::Builder::new().name("callsign-clock".into()).spawn(move || {
                while let Some(engine) = engine.upgrade() {
                    engine.engine.increment_epoch();
                    drop(engine);
                    thread::sleep(Limits::TICK);
                }
            });
            // Without the clock no deadline would hold: better no gateway than one that a policy can hang.
            clock.expect("a thread for the clock");
        });
    }
}
