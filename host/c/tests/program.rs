//! Programs in C: compiled, linked with the shared library, and run as processes of their own.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The folder of this package.
pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder of this run alone for a test.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("c-{}", std::process::id())).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The folder with the shared library under the names that programs know it by. Cargo builds it before the tests of its package, and puts
/// it beside them.
pub fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let built = std::env::current_exe().unwrap().with_file_name("libcallsign_c.so");
        assert!(built.exists(), "{} was not built", built.display());
        let folder = folder("lib");
        for name in ["libcallsign.so", "libcallsign.so.1"] {
            std::os::unix::fs::symlink(&built, folder.join(name)).unwrap();
        }
        folder
    })
}

/// The compiler for C, as make has it.
fn compiler() -> Command {
    Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
}

/// Compiles a program of one file, once in a run: several tests run the same one, and a program that is being written cannot be run.
/// `CALLSIGN_C_FLAGS` has further flags, such as `-fsanitize=address`.
pub fn compile(source: &Path) -> PathBuf {
    static COMPILED: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    compiled.entry(source.to_owned()).or_insert_with(|| compile_anew(source)).clone()
}

fn compile_anew(source: &Path) -> PathBuf {
    let name = source.file_stem().unwrap().to_str().unwrap();
    let program = folder(&format!("bin-{name}")).join(name);
    let mut command = compiler();
    command.args(["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-g", "-pthread"]);
    command.arg("-I").arg(here().join("include")).arg(source).arg("-o").arg(&program);
    command.arg("-L").arg(library()).arg("-lcallsign").arg(format!("-Wl,-rpath,{}", library().display()));
    command.args(std::env::var("CALLSIGN_C_FLAGS").unwrap_or_default().split_whitespace());
    let compiled = command.output().unwrap();
    assert!(compiled.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&compiled.stderr));
    program
}

/// A compiled program of `tests/programs`, to be run. `CALLSIGN_C_RUN` has the words of a program that runs it, such as valgrind.
pub fn program(name: &str) -> Command {
    let program = compile(&here().join("tests/programs").join(name).with_extension("c"));
    let run = std::env::var("CALLSIGN_C_RUN").unwrap_or_default();
    let mut words = run.split_whitespace();
    match words.next() {
        None => Command::new(program),
        Some(first) => {
            let mut command = Command::new(first);
            command.args(words).arg(program);
            command
        }
    }
}

/// What a program prints, once it has done what it is for.
#[track_caller]
pub fn run(command: &mut Command, input: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // Whoever does not read all of it stops early, and says why by itself.
    let writing = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(
        status.success(),
        "{command:?}: {status}\n{}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    );
    String::from_utf8(stdout).unwrap()
}
