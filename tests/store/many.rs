//! Several at once: threads here, and processes through the command.

use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;

use callsign::{Module, StoreError};

use super::module::{Folder, module, names, other};

const THREADS: usize = 4;

/// What each thread gets that adds its bytes at the same time as the others.
fn add_at_once(folder: &Folder, components: [Vec<u8>; THREADS]) -> Vec<Result<Module, StoreError>> {
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        let threads = components.map(|component| {
            let barrier = &barrier;
            scope.spawn(move || {
                let store = folder.store();
                barrier.wait();
                store.add(&component)
            })
        });
        threads.map(|thread| thread.join().unwrap()).into_iter().collect()
    })
}

#[test]
fn threads_that_add_the_same_module_add_one() {
    let folder = Folder::new();
    let bytes = module("acme", "1.0.0");
    let added = add_at_once(&folder, [(); THREADS].map(|()| bytes.clone()));
    let added: Vec<Module> = added.into_iter().map(Result::unwrap).collect();
    assert!(added.iter().all(|module| *module == added[0]), "{added:?}");
    assert_eq!(folder.store().list().unwrap(), added[..1]);
    assert_eq!(folder.files().len(), 3);
}

#[test]
fn of_threads_that_add_different_modules_of_one_name_and_version_one_succeeds() {
    for round in 0..3 {
        let folder = Folder::new();
        let components: [Vec<u8>; THREADS] =
            std::array::from_fn(|thread| other("acme", "1.0.0", &format!("{round} {}", thread % 2)));
        let results = add_at_once(&folder, components);
        let [winner] = &folder.store().list().unwrap()[..] else { panic!("{results:?}") };
        for (thread, result) in results.iter().enumerate() {
            match result {
                Ok(module) => assert_eq!(module, winner),
                Err(StoreError::Taken { digest, .. }) => assert_eq!(digest, winner.digest()),
                Err(error) => panic!("thread {thread}: {error}"),
            }
        }
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 2, "two threads had the bytes that won");
        assert_eq!(folder.files().len(), 3);
    }
}

#[test]
fn of_processes_that_add_different_modules_of_one_name_and_version_one_succeeds() {
    let folder = Folder::new();
    let store = folder.path().join("store");
    let processes: Vec<_> = (0..4)
        .map(|number| {
            let file = folder.path().join(format!("{number}.wasm"));
            std::fs::write(&file, other("acme", "1.0.0", &(number % 2).to_string())).unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
            command.args(["module", "add", "--store"]).arg(&store).arg(&file);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let ended: Vec<_> = processes.into_iter().map(|process| process.wait_with_output().unwrap()).collect();
    let store = callsign::ModuleStore::open(&store).unwrap();
    let [winner] = &store.list().unwrap()[..] else { panic!("{ended:?}") };
    let mut codes = Vec::new();
    for output in &ended {
        codes.push(output.status.code().unwrap());
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        assert!(String::from_utf8(said).unwrap().contains(&winner.digest().to_string()), "{output:?}");
    }
    codes.sort_unstable();
    assert_eq!(codes, [0, 0, 2, 2]);
    store.load(winner).unwrap();
}

#[test]
fn a_process_that_is_killed_while_it_adds_leaves_a_module_or_none() {
    let folder = Folder::new();
    let store = folder.path().join("store");
    let file = folder.path().join("acme.wasm");
    std::fs::write(&file, module("acme", "1.0.0")).unwrap();
    // Compiled once, so that what is interrupted is the writing.
    let compiled = callsign::ModuleStore::open(&store).unwrap();
    compiled.remove(compiled.add(&module("acme", "1.0.0")).unwrap().digest()).unwrap();
    let add = |turns: u32| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
        command.args(["module", "add", "--store"]).arg(&store).arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut turn = 0;
        while turn < turns && process.try_wait().unwrap().is_none() {
            thread::yield_now();
            turn += 1;
        }
        let _ = process.kill();
        process.wait().unwrap();
        turn
    };
    // How long it takes when nobody interrupts it, counted in looks at it.
    let whole = add(u32::MAX);
    compiled.remove(compiled.list().unwrap()[0].digest()).unwrap();
    let (mut interrupted, mut lasted, mut left) = (0, 0, 0);
    for attempt in 0..60 {
        // A little later with each attempt.
        add(whole / 40 * attempt);
        let store = callsign::ModuleStore::open(&store).unwrap();
        left += names(&store.folder().join("modules")).iter().filter(|name| !name.ends_with(".json")).count();
        match &store.list().unwrap()[..] {
            [] => interrupted += 1,
            [module] => {
                store.load(module).unwrap();
                store.remove(module.digest()).unwrap();
                lasted += 1;
            }
            more => panic!("{more:?}"),
        }
    }
    println!("{interrupted} ended before the record was there, {lasted} after; {left} components were written");
    let store = callsign::ModuleStore::open(&store).unwrap();
    store.add(&module("acme", "1.0.0")).unwrap();
    assert_eq!(store.list().unwrap().len(), 1);
}
