//! The child process that compiles: it limits itself, reads an order, and answers with compiled code.

use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use super::order::{Answer, Order};
use super::threads;
use crate::engine::Engine;
use crate::module_store::{CodeKey, ModuleDigest};

/// The main function of a child process that compiles, see [`Compiler::child`](crate::Compiler::child). It takes its order
/// from standard input, gives its answer on standard output, and what goes wrong on standard error.
///
/// Call it first, before the process opens anything: it is there to do nothing but this.
pub fn compile_child_main() -> ExitCode {
    match run(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If that is closed nobody reads it.
            let _ = writeln!(io::stderr(), "the component is not compiled: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    end_with_the_parent()?;
    let order = Order::read(input)?;
    limit(&order)?;
    let size = usize::try_from(order.component).map_err(io::Error::other)?;
    let mut component = Vec::with_capacity(size);
    input.take(order.component).read_to_end(&mut component)?;
    if component.len() != size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    compile(&order, &component)?.write(output)
}

fn compile(order: &Order, component: &[u8]) -> io::Result<Answer> {
    let engine = Engine::for_compiling(order.metered).map_err(io::Error::other)?;
    // What threads need is memory.
    let Ok(pool) = threads() else { return Ok(Answer::NoMemory) };
    let compiled = panic::catch_unwind(AssertUnwindSafe(|| pool.install(|| engine.precompile_component(component))));
    match compiled {
        Ok(Ok(code)) => {
            let key = CodeKey::of(&ModuleDigest::of(component), &engine);
            let seal = order.secret.sign(&key, &code).ok_or_else(|| io::Error::other("the code cannot be sealed"))?;
            Ok(Answer::Code([&seal[..], &code].concat()))
        }
        Ok(Err(error)) if is_out_of_memory(&error) => Ok(Answer::NoMemory),
        Ok(Err(error)) => Ok(Answer::Refused(format!("{error:#}"))),
        Err(_) => Ok(Answer::Refused("the compiler panicked".into())),
    }
}

fn is_out_of_memory(error: &wasmtime::Error) -> bool {
    let causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.map(io::Error::kind).any(|kind| kind == io::ErrorKind::OutOfMemory)
}

/// A parent that is killed cannot end its child, so the system does. If the parent has ended already, standard input is
/// closed and the order does not arrive.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn end_with_the_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?)
}

/// There the child ends with its processor time, or when it cannot write its answer.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn end_with_the_parent() -> io::Result<()> {
    Ok(())
}

/// Limits this process for good, and puts it behind processes that decide.
#[cfg(unix)]
fn limit(order: &Order) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, nice, setrlimit};
    let at_most = |current: u64, maximum: u64| Rlimit { current: Some(current), maximum: Some(maximum) };
    // At the first limit the system sends a signal that tells the host why the child ended.
    setrlimit(Resource::Cpu, at_most(order.processor_seconds, order.processor_seconds.saturating_add(1)))?;
    setrlimit(Resource::Data, at_most(order.memory, order.memory))?;
    setrlimit(Resource::Core, at_most(0, 0))?;
    setrlimit(Resource::Fsize, at_most(0, 0))?;
    nice(10)?;
    // The priority is what it is now; on a system that has slices they become short.
    let _ = callsign_priority::lower(0);
    Ok(())
}

#[cfg(not(unix))]
fn limit(_: &Order) -> io::Result<()> {
    Err(io::Error::other("this system has no limits for a process"))
}
