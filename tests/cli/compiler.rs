//! Components that are compiled in a child process: `callsign compile-module`, as an embedder starts it.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use callsign::{CompiledCache, Compiler, Limits, Policy, PolicyError};
use callsign_tests::component::Component;
use callsign_tests::work::PATIENCE;

use super::run::{Folder, feed};

fn compiler() -> Compiler {
    Compiler::child(env!("CARGO_BIN_EXE_callsign"), ["compile-module"])
}

fn compile(component: &[u8], limits: Limits) -> Result<Policy, PolicyError> {
    CompiledCache::off().with_compiler(compiler()).policy(component, limits)
}

fn slow() -> Vec<u8> {
    Component::new("slow", "1.0.0").slow_to_compile(2).build()
}

#[test]
fn a_component_is_compiled_by_a_child_and_runs() {
    let policy = compile(callsign::standard_component(), Limits::default()).unwrap();
    policy.check_settings().unwrap();
    // For the engine that counts instructions too.
    let mut counted = Limits::default();
    counted.fuel = Some(100_000_000);
    let policy = compile(callsign::standard_component(), counted).unwrap();
    policy.check_settings().unwrap();
    assert!(policy.last_instructions() > 0);
}

#[test]
fn what_does_not_compile_is_refused_with_the_reason() {
    let text = "(component (core module (func (result i32))))";
    let refused = compile(&wat::parse_str(text).unwrap(), Limits::default()).unwrap_err();
    assert!(matches!(refused, PolicyError::Compile { .. }), "{refused}");
    assert!(refused.to_string().contains("type mismatch"), "{refused}");
    // What the parent checks where it loads the code.
    let large = Component::new("large", "1.0.0").memory(r#"(memory (export "memory") 20000)"#).build();
    let refused = compile(&large, Limits::default()).unwrap_err();
    assert!(matches!(refused, PolicyError::Instance { .. }), "{refused}");
}

#[test]
fn a_child_that_takes_too_much_processor_time_is_ended() {
    // On a busy machine it may take a minute to have a second of the processor.
    let mut limits = Limits::default();
    limits.compile = 5 * PATIENCE;
    limits.compile_processor = Duration::from_secs(1);
    let refused = compile(&slow(), limits).unwrap_err();
    assert!(matches!(refused, PolicyError::CompileProcessor { limit } if limit == Duration::from_secs(1)), "{refused}");
}

#[test]
fn a_child_that_takes_too_much_memory_is_ended() {
    let mut limits = Limits::default();
    limits.compile_memory = 16 << 20;
    let refused = compile(&slow(), limits).unwrap_err();
    assert!(matches!(refused, PolicyError::CompileMemory { limit } if limit == 16 << 20), "{refused}");
}

#[test]
fn a_child_that_takes_too_long_is_ended_and_waited_for() {
    let mut limits = Limits::default();
    limits.compile = Duration::from_millis(300);
    let begun = Instant::now();
    let refused = compile(&slow(), limits).unwrap_err();
    assert!(matches!(refused, PolicyError::CompileTime { .. }), "{refused}");
    assert!(begun.elapsed() < PATIENCE, "after {:?}", begun.elapsed());
    // Children of other tests may run beside it, but none is a zombie: that would have been waited for by nobody.
    let zombies = children_of(std::process::id()).into_iter().filter(|child| state(*child) == Some('Z'));
    assert_eq!(zombies.filter(|child| is_compiler(*child)).count(), 0);
}

#[test]
fn a_program_that_does_not_compile_is_no_fault_of_the_component() {
    for program in ["/nowhere/callsign", "/bin/true", "/bin/cat"] {
        let compiler = Compiler::child(program, [] as [&str; 0]);
        let refused =
            CompiledCache::off().with_compiler(compiler).policy(callsign::standard_component(), Limits::default());
        let refused = refused.unwrap_err();
        assert!(matches!(refused, PolicyError::Compiler { .. }), "{program}: {refused}");
    }
}

#[test]
fn code_without_the_seal_of_the_order_is_not_loaded() {
    // It answers as a compiler does, with code that nobody sealed.
    let folder = Folder::new();
    let script =
        folder.write("forger", "cat > /dev/null; printf '\\001\\100\\0\\0\\0\\0\\0\\0\\0'; head -c 64 /dev/zero");
    let compiler = Compiler::child("/bin/sh", [script.as_os_str()]);
    let refused =
        CompiledCache::off().with_compiler(compiler).policy(callsign::standard_component(), Limits::default());
    let refused = refused.unwrap_err();
    assert!(refused.to_string().contains("has not the seal"), "{refused}");
}

#[test]
fn a_child_without_an_order_says_so() {
    let ran = feed(Command::new(env!("CARGO_BIN_EXE_callsign")).arg("compile-module"), &[7; 200]);
    assert_eq!((ran.code, &*ran.out), (1, ""));
    assert!(ran.err.contains("no order of this version"), "{}", ran.err);
    let ran = feed(Command::new(env!("CARGO_BIN_EXE_callsign")).arg("compile-module"), b"");
    assert_eq!(ran.code, 1, "{}", ran.err);
}

#[test]
fn a_child_ends_with_the_process_that_started_it() {
    let folder = Folder::new();
    folder.write("slow.wasm", slow());
    let mut parent = folder
        .callsign(&["module", "--store", "modules", "add", "slow.wasm"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let child = until("it compiles", || children_of(parent.id()).into_iter().find(|child| is_compiler(*child)));
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("the child has ended", || (!is_compiler(child) || state(child) == Some('Z')).then_some(()));
}

/// Waits for something.
fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "not so: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The processes that a process started, by any of its threads.
fn children_of(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

fn is_compiler(process: u32) -> bool {
    fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|line| line.ends_with(b"compile-module\0"))
}

/// `R` for running, `Z` for a zombie.
fn state(process: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}
